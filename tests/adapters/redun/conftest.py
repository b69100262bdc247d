"""Runs the real redun on small workflows, and reads back what was spooled or what its database says."""

import importlib.metadata
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from lignin.recording import BadLine, Event, FileRef, RunKey, Started, Story, fold, read_spool

_ROOT = Path(__file__).parents[3]
_SCENARIOS = Path(__file__).parent / "scenarios"
_REDUN = "import sys; from redun.cli import main; sys.argv[0] = 'redun'; sys.exit(main())"
_READ = (
    "import sys; from pathlib import Path; from lignin.recording import Spool; from redun_lignin.backfill import read\n"
    "s = Spool(Path(sys.argv[1]), engine='redun'); read(sys.argv[2] or None, recorder=s, since=None, closing=True); s.close()"
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a process left: exit code, output, and its events."""

    code: int
    output: str
    events: Sequence[Event]
    story: Story

    def starts(self, name: str) -> list[Started]:
        """The starts of a task's jobs (not of the execution), oldest first."""
        found = [s for s in self.story.started.values() if s.name == name and s.code and s.code.kind == "task"]
        return sorted(found, key=lambda s: (s.at, s.run.id))

    def start(self, name: str) -> Started:
        (found,) = self.starts(name)
        return found

    @property
    def executions(self) -> list[Started]:
        return sorted((s for s in self.story.started.values() if s.code and s.code.kind == "workflow"), key=lambda s: s.at)

    def statuses(self, name: str) -> list[str]:
        return [self.status(s.run) for s in self.starts(name)]

    def status(self, run: RunKey) -> str:
        ended = self.story.ended.get(run)
        return ended.status.value if ended else "open"

    def files(self, run: RunKey, *, written: bool) -> dict[str, tuple[str, FileRef]]:
        """Role and reference of a run's files, by file name."""
        return {Path(c.ref.uri).name: (c.role, c.ref) for c in self.story.claims if c.run == run and c.written is written}

    def roles(self, name: str, *, written: bool) -> dict[str, str]:
        return {file: role for file, (role, _) in self.files(self.start(name).run, written=written).items()}


class Runner:
    """A folder with a workflow, and how to run it."""

    def __init__(self, folder: Path, *, entry_points: str) -> None:
        self.folder = folder
        self.spool = folder.parent / "spool"
        folder.mkdir(parents=True)
        self.configure()
        paths = [str(_ROOT / "core"), str(_ROOT / "adapters" / "redun"), *filter(None, [entry_points])]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("LIGNIN_", "REDUN_", "COV_"))},
            "HOME": str(folder.parent / "home"),
            "LIGNIN_HOME": str(folder.parent / "home" / "lignin"),
            "LIGNIN_SPOOL": str(self.spool),
            "PYTHONPATH": os.pathsep.join(paths),
            # An execution of its own is begun by the program, as a user has it on the PATH.
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        }

    def configure(self, *, db_uri: str = "sqlite:///redun.db", more: str = "", observed: bool = True) -> None:
        setup = "[scheduler]\nsetup_scheduler = redun_lignin::setup\n" if observed else ""
        (self.folder / ".redun").mkdir(exist_ok=True)
        (self.folder / ".redun" / "redun.ini").write_text(f"[backend]\ndb_uri = {db_uri}\n{setup}{more}")

    def take(self, scenario: str) -> Path:
        path = self.folder / f"{scenario}.py"
        path.write_text((_SCENARIOS / f"{scenario}.py").read_text())
        return path

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[str], *, known: Sequence[Path], spool: Path) -> Outcome:
        output, _ = process.communicate(timeout=120)
        events = [event for path in sorted(spool.glob("*.jsonl")) if path not in known for event in read_spool(path)]
        whole = [e for e in events if not isinstance(e, BadLine)]
        assert [e for e in events if isinstance(e, BadLine) and not e.torn] == []
        return Outcome(code=process.returncode, output=output, events=whole, story=fold(whole))

    def python(self, *words: str, **environment: str) -> Outcome:
        """Run Python, and read what this call spooled."""
        known = list(self.spool.glob("*.jsonl"))
        return self.finish(self.start(*words, **environment), known=known, spool=self.spool)

    def run(self, *words: str, **environment: str) -> Outcome:
        """`redun run`, and what it spooled."""
        return self.python("-c", _REDUN, "run", *words, **environment)

    def redun(self, *words: str) -> Outcome:
        """Another command of redun's."""
        return self.python("-c", _REDUN, *words)

    def stop(self, *words: str, by: signal.Signals, when: str, **environment: str) -> Outcome:
        """`redun run`; once the file `when` is there, a signal."""
        known = list(self.spool.glob("*.jsonl"))
        process = self.start("-c", _REDUN, "run", *words, **environment)
        end = time.monotonic() + 100
        while not (self.folder / when).exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        # The scheduler alone, so that a thread that waits is what keeps it.
        os.kill(process.pid, by)
        if by is signal.SIGINT:
            # redun lets its threads come to their ends.
            (self.folder / "never").touch()
        return self.finish(process, known=known, spool=self.spool)

    def read(self, target: str = "", *, knows_live: bool = False) -> Outcome:
        """What redun's database says; `knows_live` leaves the notes of the live door in sight."""
        spool = self.folder.parent / f"read-{time.monotonic_ns()}"
        environment = {} if knows_live else {"LIGNIN_SPOOL": str(spool)}
        return self.finish(self.start("-c", _READ, str(spool), target, **environment), known=(), spool=spool)


@pytest.fixture(scope="session")
def entry_points(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What makes the CLI find the adapter where the installed package does not declare it yet."""
    if importlib.metadata.entry_points(group="lignin.backfills", name="redun"):
        return ""
    folder = tmp_path_factory.mktemp("points")
    info = folder / "lignin_redun-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lignin-redun\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[lignin.backfills]\nredun = redun_lignin.backfill:read\n[lignin.engines]\nredun = redun_lignin:instrument\n")
    return str(folder)


@pytest.fixture
def redun(tmp_path: Path, entry_points: str) -> Runner:
    return Runner(tmp_path / "workflow", entry_points=entry_points)


@pytest.fixture(scope="session")
def make_runner(tmp_path_factory: pytest.TempPathFactory, entry_points: str) -> Callable[[str], Runner]:
    """For tests that look at the same runs from several sides."""
    return lambda name: Runner(tmp_path_factory.mktemp(name) / "workflow", entry_points=entry_points)
