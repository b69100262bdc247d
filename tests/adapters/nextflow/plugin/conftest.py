"""Real runs of real Nextflow releases, each made once and looked at by many tests."""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]
ADAPTER = ROOT / "adapters" / "nextflow"
PIPELINE = Path(__file__).parent / "pipeline"
MAIN, OLDEST, EDGE, TOO_OLD = "25.04.4", "25.04.0", "25.05.0-edge", "24.10.4"
# Read here, before the tests' own environment hides what the user set.
CACHE = Path(os.environ.get("LIGNIN_TEST_NEXTFLOW", Path(sys.prefix) / "nextflow"))
REQUIRED = "LIGNIN_TEST_REQUIRE_NEXTFLOW" in os.environ
# A slow machine under load is slower than anyone thinks; a run that takes this long hangs.
DEADLINE = 600
# Starts a program with Ctrl+C at work, also where the tests themselves run in the background.
_WITH_CTRL_C = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])"


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _java() -> int:
    """The release of the Java on the PATH, 0 where there is none."""
    if shutil.which("java") is None:
        return 0
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    return int(found[1]) if found else 0


@pytest.fixture(scope="session", autouse=True)
def java() -> None:
    """Java and Maven, without which none of these tests says anything."""
    reason = "Nextflow needs Java 17 or newer" if _java() < 17 else "the plug-in is built by Maven" if shutil.which("mvn") is None else None
    if reason and REQUIRED:
        pytest.fail(reason)
    if reason:
        pytest.skip(f"{reason}, which is not here")


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One run: how it ended, what it said, and what the plug-in wrote of it."""

    code: int
    output: str
    spool: Path | None
    launch: Path
    events: list[dict[str, Any]] = field(repr=False)

    def of(self, kind: str, **wanted: Any) -> list[dict[str, Any]]:
        """The events of a type, and of these values in their members."""
        return [e for e in self.events if e["type"] == kind and all(e.get(name) == value for name, value in wanted.items())]

    def one(self, kind: str, **wanted: Any) -> dict[str, Any]:
        (event,) = self.of(kind, **wanted)
        return event


def read_spool(path: Path) -> list[dict[str, Any]]:
    """The events of a spool, whole lines only."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


@dataclass(frozen=True, kw_only=True)
class Nextflow:
    """Starts Nextflow, with the plug-in in a plug-in folder of its own or without."""

    cache: Path
    home: Path
    plugin: str

    def environment(self, extra: Mapping[str, str], *, observed: bool = True) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("NXF_", "LIGNIN_"))}
        env |= {"NXF_HOME": str(self.home), "NXF_PLUGINS_DEFAULT": self.plugin if observed else "false", "LIGNIN_CLI": "off", "LC_ALL": "C.UTF-8"}
        return env | extra

    def start(self, launch: Path, *args: str, version: str = MAIN, observed: bool = True, env: Mapping[str, str] = {}, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        command = [*before, sys.executable, "-c", _WITH_CTRL_C, str(self.cache / version / "nextflow"), "run", *args]
        return subprocess.Popen(
            command, cwd=launch, env=self.environment(env, observed=observed), text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )

    def run(self, launch: Path, *args: str, name: str, **options: Any) -> Recorded:
        """A run from its start to its end."""
        return self.finish(self.start(launch, *args, "-name", name, **options), launch, name)

    def finish(self, process: subprocess.Popen[str], launch: Path, name: str) -> Recorded:
        try:
            output, _ = process.communicate(timeout=DEADLINE)
        finally:
            # Whatever the run left behind, as a task does whose engine was killed.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        folder = launch / ".lignin" / "nextflow"
        spool = next(iter(folder.glob(f"*-{name}-*.jsonl")), None) if folder.is_dir() else None
        return Recorded(code=process.returncode, output=output, spool=spool, launch=launch, events=read_spool(spool) if spool else [])


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Returns when the condition holds; fails when the process ends before."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture(scope="session")
def build_plugin() -> ModuleType:
    """The program that builds the plug-in."""
    return _module(ADAPTER / "build_plugin.py")


@pytest.fixture(scope="session")
def plugin_folder(java: None, build_plugin: ModuleType) -> Path:
    """The plug-in as it is built, its unit tests passed; not built again while its sources stay."""
    return build_plugin.current() or build_plugin.build()


@pytest.fixture(scope="session")
def nextflow(java: None, plugin_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Nextflow:
    """The released Nextflows, fetched once into the test environment."""
    _module(ADAPTER / "get_nextflow.py").get(CACHE, (MAIN, OLDEST, EDGE, TOO_OLD))
    home = tmp_path_factory.mktemp("nextflow-home")
    shutil.copytree(plugin_folder, home / "plugins" / plugin_folder.name)
    name, _, version = plugin_folder.name.rpartition("-")
    return Nextflow(cache=CACHE, home=home, plugin=f"{name}@{version}")


@pytest.fixture(scope="session")
def new_launch(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes a launch folder that holds the pipeline."""

    def make(name: str) -> Path:
        launch = tmp_path_factory.mktemp(name)
        shutil.copytree(PIPELINE, launch, dirs_exist_ok=True)
        return launch

    return make


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program in the place of `lignin` that follows a spool to its end and notes how it was called."""
    program = tmp_path_factory.mktemp("reader") / "lignin"
    program.write_text(
        '#!/bin/sh\necho "$@" > "$0.args"\n'
        'until grep -q "run.exit" "$4"; do kill -0 "$6" || break; sleep 0.2; done\n'
        'grep -c . "$4" > "$0.lines"\n'
    )
    program.chmod(0o755)
    return program


@pytest.fixture(scope="session")
def read_events() -> Callable[[Path], list[dict[str, Any]]]:
    """Reads the events of a spool."""
    return read_spool


@pytest.fixture(scope="session")
def launch(new_launch: Callable[[str], Path]) -> Path:
    """Where the first run and those that resume it happen."""
    return new_launch("launch")


@pytest.fixture(scope="session")
def first(nextflow: Nextflow, launch: Path, reader: Path) -> Recorded:
    return nextflow.run(launch, "main.nf", "-output-dir", "pubout", name="first", env={"LIGNIN_CLI": str(reader), "LIGNIN_NEXTFLOW_WAIT": str(DEADLINE)})


@pytest.fixture(scope="session")
def session_id(first: Recorded) -> str:
    return first.events[0]["run"]["sessionId"]


@pytest.fixture(scope="session")
def resumed(nextflow: Nextflow, launch: Path, session_id: str) -> Recorded:
    return nextflow.run(launch, "main.nf", "-resume", session_id, "-output-dir", "pubout", name="resumed")


@pytest.fixture(scope="session")
def failing(nextflow: Nextflow, launch: Path, session_id: str, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A run whose last task fails, followed by a program that crashes."""
    program = tmp_path_factory.mktemp("crashing") / "lignin"
    program.write_text("#!/bin/sh\necho broken\nexit 7\n")
    program.chmod(0o755)
    env = {"LIGNIN_CLI": str(program), "LIGNIN_NEXTFLOW_WAIT": str(DEADLINE)}
    return nextflow.run(launch, "main.nf", "-resume", session_id, "-output-dir", "pubout", "--break_at", "merged", name="failing", env=env)


def _stopped(nextflow: Nextflow, launch: Path, session_id: str, name: str, how: signal.Signals) -> Recorded:
    """A run that is sent a signal while its last task runs."""
    process = nextflow.start(launch, "main.nf", "-resume", session_id, "-output-dir", "pubout", "--pause", "3600", "-name", name)

    def runs() -> bool:
        spool = next(iter((launch / ".lignin" / "nextflow").glob(f"*-{name}-*.jsonl")), None)
        return spool is not None and any(e.get("process") == "MERGED" and e.get("state") == "start" for e in read_spool(spool))

    wait_for(runs, process)
    process.send_signal(how)
    return nextflow.finish(process, launch, name)


@pytest.fixture(scope="session")
def interrupted(nextflow: Nextflow, launch: Path, session_id: str) -> Recorded:
    return _stopped(nextflow, launch, session_id, "sigint", signal.SIGINT)


@pytest.fixture(scope="session")
def killed(nextflow: Nextflow, launch: Path, session_id: str) -> Recorded:
    return _stopped(nextflow, launch, session_id, "sigkill", signal.SIGKILL)
