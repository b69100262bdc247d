"""Runs the real Snakemake on small workflows, and reads back what was spooled."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from lignin.recording import (
    BadLine,
    Ended,
    FileRef,
    MemoryRecorder,
    RunKey,
    Started,
    Story,
    fold,
    read_spool,
)
from snakemake_lignin.backfill import read

_ADAPTER = Path(__file__).parents[3] / "adapters" / "snakemake"
_CORE = Path(__file__).parents[3] / "core"
_PLUGINS = Path(__file__).parent / "plugins"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a snakemake call left: exit code, output, and its record."""

    code: int
    output: str
    story: Story
    spools: tuple[Path, ...]

    @property
    def workflow(self) -> Started:
        return next(s for s in self.story.started.values() if s.run.id == "workflow")

    @property
    def ending(self) -> Ended:
        return self.story.ended[self.workflow.run]

    def run(self, rule: str, *, attempt: int = 1, **wildcards: str) -> Started:
        found = [
            s
            for s in self.story.started.values()
            if s.name == rule and s.run.attempt == attempt and (not wildcards or s.info.get("wildcards") == wildcards)
        ]
        assert len(found) == 1, f"{len(found)} runs of {rule}, attempt {attempt}; {self.output}"
        return found[0]

    def status(self, rule: str, *, attempt: int = 1, **wildcards: str) -> str:
        return self.story.ended[self.run(rule, attempt=attempt, **wildcards).run].status.value

    def files(self, run: RunKey, *, written: bool) -> dict[str, FileRef]:
        """The last word on each file of a run, by file name."""
        return {Path(c.ref.uri).name: c.ref for c in self.story.claims if c.run == run and c.written is written}

    def made(self, rule: str, *, attempt: int = 1, **wildcards: str) -> dict[str, FileRef]:
        return self.files(self.run(rule, attempt=attempt, **wildcards).run, written=True)

    def read(self, rule: str, *, attempt: int = 1, **wildcards: str) -> dict[str, FileRef]:
        return self.files(self.run(rule, attempt=attempt, **wildcards).run, written=False)

    def roles(self, rule: str) -> dict[str, set[str]]:
        run = self.run(rule).run
        roles: dict[str, set[str]] = {}
        for claim in self.story.claims:
            if claim.run == run:
                roles.setdefault(claim.role, set()).add(Path(claim.ref.uri).name)
        return roles


class Runner:
    """A folder with a workflow, and how to run it."""

    def __init__(self, folder: Path, spool: Path) -> None:
        self.folder = folder
        self.spool = spool
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("LIGNIN_", "SNAKEMAKE_", "COV_"))},
            "HOME": str(folder.parent / "home"),
            "XDG_CACHE_HOME": str(folder.parent / "home" / "cache"),
            "LIGNIN_HOME": str(folder.parent / "home" / "lignin"),
            "LIGNIN_SPOOL": str(spool),
            "PYTHONPATH": os.pathsep.join([str(_ADAPTER), str(_CORE)]),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        }

    @property
    def with_shelf(self) -> str:
        """The path on which Snakemake finds the storage plug-in `shelf`, too."""
        return os.pathsep.join([str(_PLUGINS), self.environment["PYTHONPATH"]])

    def write(self, text: str, *, name: str = "Snakefile") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def start(self, *options: str, logger: str | None = "lignin", **environment: str) -> subprocess.Popen[str]:
        """Start snakemake in its own process group."""
        chosen = ["--logger", logger] if logger else []
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *chosen, "--cores", "2", "--latency-wait", "0", *options],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[str], *, known: tuple[Path, ...] = ()) -> Outcome:
        """Wait for it, and read the spools that are not `known`."""
        output, _ = process.communicate(timeout=300)
        spools = tuple(p for p in self.spools() if p.name not in {k.name for k in known})
        events = [event for path in spools for event in read_spool(path)]
        assert not [e for e in events if isinstance(e, BadLine)]
        return Outcome(code=process.returncode, output=output, story=fold(events), spools=spools)

    def run(self, *options: str, logger: str | None = "lignin", **environment: str) -> Outcome:
        """Run snakemake, and read what this call spooled."""
        known = self.spools()
        return self.finish(self.start(*options, logger=logger, **environment), known=known)

    def spools(self) -> tuple[Path, ...]:
        """Those that wait and those that are in a catalogue."""
        return tuple(sorted([*self.spool.glob("*.jsonl"), *self.spool.glob("ingested/*.jsonl")]))

    def told_and_read(self, *options: str) -> tuple[Outcome, Story]:
        """A workflow as the live hook told it, and as it is read back without the hook's note."""
        live = self.run(*options)
        assert live.code == 0, live.output
        (self.folder / ".snakemake" / "lignin").rename(self.folder / "kept")
        recorder = MemoryRecorder()
        read(str(self.folder), recorder=recorder, since=None, closing=False)
        return live, recorder.story()

    def lignin(self, *arguments: str) -> str:
        """Call the command line, in the workflow's folder."""
        done = subprocess.run(
            [sys.executable, "-m", "lignin", *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def interrupt(self, *options: str, when: str) -> Outcome:
        """Start, wait until the file `when` is there, then press Ctrl-C."""
        process = self.start(*options)
        end = time.monotonic() + 60
        while not (self.folder / when).exists() and time.monotonic() < end:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        return self.finish(process)


@pytest.fixture
def snakemake(tmp_path: Path) -> Runner:
    folder = tmp_path / "project"
    folder.mkdir()
    return Runner(folder, tmp_path / "spool")


@pytest.fixture(scope="module")
def shared_snakemake(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """For tests that look at one run from several sides."""
    folder = tmp_path_factory.mktemp("shared") / "project"
    folder.mkdir()
    return Runner(folder, folder.parent / "spool")
