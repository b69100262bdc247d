"""A real Prefect server for the session, and scripts that run against it in processes of their own."""

import importlib.metadata
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from lignin.recording import (
    BadLine,
    Claim,
    Event,
    MemoryRecorder,
    RunKey,
    Started,
    Story,
    fold,
    read_spool,
)
from prefect_lignin.backfill import read

ADAPTER = Path(__file__).parents[3] / "adapters" / "prefect"
CORE = Path(__file__).parents[3] / "core"
SCENARIOS = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a script printed and what was recorded of it."""

    exit_code: int
    printed: dict[str, Any]
    output: str
    events: tuple[Event, ...]
    story: Story
    spool: Path

    def starts(self, function: str) -> list[Started]:
        """The starts of a function's runs, oldest first."""
        found = [s for s in self.story.started.values() if s.code and s.code.key.endswith(f"::{function}")]
        return sorted(found, key=lambda s: (s.at, s.run.attempt))

    def flow(self, name: str) -> Started:
        """The first start of a flow by its name, whatever its code is called."""
        found = [s for s in self.story.started.values() if s.info.get("flow") == name]
        return min(found, key=lambda s: s.run.attempt)

    def start(self, function: str) -> Started:
        (found,) = self.starts(function)
        return found

    def statuses(self, function: str) -> list[str]:
        ended = self.story.ended
        return [ended[s.run].status.value if s.run in ended else "open" for s in self.starts(function)]

    def claims(self, run: RunKey, *, written: bool) -> dict[str, str]:
        """File name by role and file name, for one run."""
        mine = (c for c in self.story.claims if c.run == run and c.written is written)
        return {Path(c.ref.uri).name: c.role for c in mine}

    def claim(self, run: RunKey, name: str) -> Claim:
        (found,) = (c for c in self.story.claims if c.run == run and Path(c.ref.uri).name == name)
        return found


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "LIGNIN_", "COV_"))}
    return kept | {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "LIGNIN_HOME": str(folder / "home"),
        "LIGNIN_PREFECT_WAIT": "20",
    }


@pytest.fixture(scope="session")
def prefect_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment of a Prefect with a home of its own and no server."""
    return _environment(tmp_path_factory.mktemp("prefect-home"))


@pytest.fixture(scope="session")
def prefect_server(prefect_environment: dict[str, str]) -> Iterator[str]:
    """The API's URL of a server on the loopback interface."""
    with _serving(prefect_environment) as (url, _):
        yield url


@pytest.fixture(scope="session")
def start_server() -> Callable[[Path], AbstractContextManager[tuple[str, subprocess.Popen[bytes]]]]:
    """Starts another server, on a database in a folder of its own: its API's URL, and its process, which a test may kill."""
    return lambda folder: _serving(_environment(folder))


@contextmanager
def _serving(environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/api/health", process)
            yield f"http://127.0.0.1:{port}/api", process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 600
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.3)
    pytest.fail("the Prefect server did not start")


@pytest.fixture(scope="session")
def plugin_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What makes Prefect find our plug-in where the installed package does not declare it yet."""
    if importlib.metadata.entry_points(group="prefect.plugins", name="lignin"):
        return ""
    folder = tmp_path_factory.mktemp("plugin")
    info = folder / "lignin_prefect_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lignin-prefect-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[prefect.plugins]\nlignin = prefect_lignin.plugin\n")
    return str(folder)


@pytest.fixture(scope="session")
def run_scenario(prefect_environment: dict[str, str], plugin_path: str) -> Callable[..., Recorded]:
    """Runs `scenarios/NAME.py` in a folder and reads what it printed last and spooled."""

    def run(name: str, folder: Path, **environment: str) -> Recorded:
        spool = folder / "spool"
        paths = [str(ADAPTER), str(CORE), *([plugin_path] if plugin_path else [])]
        given = {"PYTHONPATH": os.pathsep.join(paths), "LIGNIN_SPOOL": str(spool), **environment}
        done = subprocess.run(
            [sys.executable, str(SCENARIOS / f"{name}.py")],
            env=prefect_environment | given,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        items = [item for path in sorted(spool.glob("*.jsonl")) for item in read_spool(path)] if spool.is_dir() else []
        bad = [item for item in items if isinstance(item, BadLine)]
        assert not bad, bad
        events = tuple(item for item in items if not isinstance(item, BadLine))
        return Recorded(
            exit_code=done.returncode,
            printed=json.loads(lines[-1]) if lines else {},
            output=done.stdout + done.stderr,
            events=events,
            story=fold(events),
            spool=spool,
        )

    return run


@pytest.fixture(scope="session")
def everyday(run_scenario: Callable[..., Recorded], prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Flows and tasks of every kind, recorded live."""
    return run_scenario("everyday", tmp_path_factory.mktemp("everyday"), PREFECT_API_URL=prefect_server)


@pytest.fixture(scope="session")
def trouble(run_scenario: Callable[..., Recorded], prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Retries, failures, crashes, caches and rollbacks, recorded live."""
    return run_scenario("trouble", tmp_path_factory.mktemp("trouble"), PREFECT_API_URL=prefect_server)


@pytest.fixture
def tell(monkeypatch, tmp_path, prefect_server):
    """Reads the server's store, with the notes in a spool folder or without any."""

    def imported(*, spool=None, since=None, closing=False, target=prefect_server):
        monkeypatch.setenv("LIGNIN_SPOOL", str(spool or tmp_path / "no spool"))
        monkeypatch.setenv("LIGNIN_HOME", str(tmp_path / "no home"))
        recorder = MemoryRecorder()
        read(target, recorder=recorder, since=since, closing=closing)
        return recorder

    return imported


@pytest.fixture
def tell_all(tell):
    """Reads again until the store has ends for all these runs: a task's word may reach the server after its script's end."""

    def imported(runs, **options):
        end = time.monotonic() + 600
        while True:
            story = tell(**options).story()
            if set(runs) <= set(story.ended) or time.monotonic() > end:
                return story
            time.sleep(0.5)

    return imported
