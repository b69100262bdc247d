"""A catalogue that only keeps runs in memory, and a way to run real scripts in a real instance."""

import json
import os
import subprocess
import sys
import textwrap
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jupyter_client import BlockingKernelClient

from lignin.base import ports
from lignin.base.clock import now
from lignin.base.ids import new_uid
from lignin.base.settings import InstanceConfig
from lignin.model import Run


@dataclass
class Transform:
    uid: str
    key: str
    created_at: datetime = field(default_factory=now)


@dataclass
class KeptRun:
    """A run as the fake catalogue holds it: all that it was told."""

    uid: str
    told: dict[str, Any]
    transform: Transform
    started_at: datetime = field(default_factory=now)
    status: str = "running"
    ended: dict[str, Any] | None = None

    @property
    def info(self) -> dict[str, Any]:
        return {**self.told["info"], **((self.ended or {}).get("info") or {})}


class Keeper:
    """Starts and ends runs in memory; `broken` makes the next start or end fail."""

    def __init__(self, folder: Path) -> None:
        self.config = InstanceConfig(folder=folder, uid="a" * 12, name="fake", db="sqlite:///none", storage="none")
        self.runs: list[KeptRun] = []
        self.broken: Exception | None = None

    def start_run(self, **told):
        if self.broken:
            raise self.broken
        transform = Transform(uid=(told["transform_uid"] or new_uid(12)) + "0000", key=told["code"].key)
        self.runs.append(KeptRun(uid=new_uid(16), told=told, transform=transform))
        return self.runs[-1]

    def end_run(self, run, **told):
        if self.broken:
            raise self.broken
        run.status, run.ended = told["status"].value, told


@pytest.fixture
def keeper(tmp_path, monkeypatch):
    """The fake catalogue, current in this process."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    keeper = Keeper(folder)
    ports.use("lignin.instance", keeper)
    yield keeper
    ports.use("lignin.instance", None)


@dataclass
class Done:
    """A script that has ended, and the run that it leaves."""

    code: int
    stdout: str
    stderr: str
    run: Run | None


class Scripts:
    """Runs scripts as processes of their own in the folder of a real instance."""

    def __init__(self, instance: Any) -> None:
        self.instance = instance
        self.folder = instance.config.folder

    def write(self, text: str, name: str = "script.py") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import sys\nimport lignin.tracking as ln\n" + textwrap.dedent(text))
        return path

    def start(self, text: str, *arguments: str, name: str = "script.py", **environment: str) -> subprocess.Popen[str]:
        """Start a script and leave it running."""
        command = [sys.executable, str(self.write(text, name)), *arguments]
        return self.popen(command, **environment)

    def popen(self, command: list[str], **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait(self, process: subprocess.Popen[str]) -> Done:
        """Wait for its end; the newest run is what it leaves."""
        stdout, stderr = process.communicate(timeout=60)
        runs = Run.filter().order_by("-id").to_list()
        return Done(code=process.returncode, stdout=stdout, stderr=stderr, run=runs[0] if runs else None)

    def run(self, text: str, *arguments: str, name: str = "script.py", **environment: str) -> Done:
        """Run a script to its end."""
        return self.wait(self.start(text, *arguments, name=name, **environment))


@pytest.fixture
def scripts(sqlite_instance):
    """Runs scripts in a fresh instance on SQLite."""
    return Scripts(sqlite_instance)


@pytest.fixture
def scripts_on_both(instance):
    """The same on both stores."""
    return Scripts(instance)


class JupyterServer:
    """A real Jupyter server on loopback, spoken to as JupyterLab does: sessions over HTTP, cells through the kernel."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home, self.url = folder, home, ""
        options = {"ip": "127.0.0.1", "port": "0", "root_dir": folder, "open_browser": "False", "allow_root": "True"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--IdentityProvider.token=t", *(f"--ServerApp.{name}={value}" for name, value in options.items())],
            env={**os.environ, "JUPYTER_RUNTIME_DIR": str(home), "JUPYTER_CONFIG_DIR": str(home / "none"), "PYTHONWARNINGS": ""},
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )

    def __enter__(self) -> "JupyterServer":
        # It says where it listens in a file, once it does.
        deadline = time.monotonic() + 120
        while not (found := list(self.home.glob("jpserver-*.json"))) and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        assert found, self.process.communicate()[1] if self.process.poll() is not None else "the server did not start"
        self.url = self.read_file(found[0])["url"]
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}api/{path}", data=data, method=method, headers={"Authorization": "token t"})
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.loads(answer.read() or b"null")
            except urllib.error.URLError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def execute(self, notebook: str, cells: list[str]) -> None:
        """Open a notebook of the folder, and execute these cells in its kernel."""
        session = self.ask("POST", "sessions", {"path": notebook, "name": notebook, "type": "notebook", "kernel": {"name": "python3"}})
        client = BlockingKernelClient()
        client.load_connection_info(self.read_file(self.home / f"kernel-{session['kernel']['id']}.json"))
        # Without its heartbeat, which a busy machine misses.
        client.start_channels(hb=False)
        try:
            client.wait_for_ready(timeout=120)
            for cell in cells:
                reply = client.execute_interactive(cell, timeout=120, output_hook=lambda _: None)
                assert reply["content"]["status"] == "ok", reply["content"]
        finally:
            client.stop_channels()
            self.ask("DELETE", f"sessions/{session['id']}")

    def read_file(self, path: Path) -> Any:
        deadline = time.monotonic() + 120
        while True:
            try:
                return json.loads(path.read_text())
            except (OSError, ValueError):
                # It is being written.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


@pytest.fixture
def jupyter_server(sqlite_instance, tmp_path):
    """A Jupyter server whose root is the folder of a fresh instance."""
    home = tmp_path / "jupyter"
    home.mkdir()
    with JupyterServer(sqlite_instance.config.folder, home) as server:
        yield server
