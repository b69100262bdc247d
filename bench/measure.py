"""Run the same task under two systems, turn by turn, and print medians and their ratio.

Each system works in a folder of its own, with a fresh instance and an empty home. A task is a
script for a fresh interpreter: what it times between `with timed("name"):` and the whole process
are measured as wall time and as CPU time (of the process and its children).
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Side", "Time", "Times", "Workspace", "compare", "options", "sides"]

TIMER = """
import atexit, contextlib, json, os, resource, time
_times = {}
def _cpu():
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)
@contextlib.contextmanager
def timed(name, per=1):
    wall, cpu = time.perf_counter(), _cpu()
    yield
    _times[name] = ((time.perf_counter() - wall) / per, (_cpu() - cpu) / per)
atexit.register(lambda: open(os.environ["BENCH_TIMES"], "w").write(json.dumps(_times)))
"""


@dataclass(frozen=True)
class Time:
    """Seconds on the clock and of the processors."""

    wall: float
    cpu: float


Times = Mapping[str, Time]


@dataclass(frozen=True)
class Side:
    """One of the two systems: its name, its interpreter, its command line, and how a script imports it."""

    name: str
    python: Path
    command: str
    prelude: str

    @property
    def program(self) -> str:
        """The command line's path, beside the interpreter."""
        return str(self.python.parent / self.command)


# A fresh local instance of LaminDB asks its hub over the network, once in each process, whether
# the instance is known there. Answering "no" beforehand takes that wait away: its best case.
_LAMINDB = "import lamindb as ln, lamindb_setup\nlamindb_setup.settings.instance._is_on_hub = False\n"


def options(topic: str, *, runs: int = 5) -> argparse.ArgumentParser:
    """The arguments that every script has."""
    parser = argparse.ArgumentParser(description=topic)
    parser.add_argument("--lignin-python", type=Path, default=os.environ.get("LIGNIN_PYTHON", sys.executable))
    parser.add_argument("--lamindb-python", type=Path, default=os.environ.get("LAMINDB_PYTHON"))
    parser.add_argument("--runs", type=int, default=runs, help="how often each system does it, turn by turn")
    parser.add_argument("--only", choices=["lignin", "lamindb"], help="measure one system alone")
    return parser


def sides(arguments: argparse.Namespace) -> list[Side]:
    """The systems to compare."""
    both = []
    if arguments.only != "lamindb":
        both.append(Side("lignin", Path(arguments.lignin_python), "lignin", "import lignin as ln\n"))
    if arguments.only != "lignin":
        if arguments.lamindb_python is None:
            sys.exit("Say where LaminDB is: --lamindb-python or LAMINDB_PYTHON (or --only lignin). See bench/README.md.")
        both.append(Side("lamindb", Path(arguments.lamindb_python), "lamin", _LAMINDB))
    return both


class Workspace:
    """A folder with a fresh instance of one system, and a home of its own; on SQLite, or in the empty database that `db` names."""

    def __init__(self, side: Side, *, db: str | None = None) -> None:
        self.side = side
        self.home = Path(tempfile.mkdtemp(prefix=f"bench-{side.name}-"))
        self.folder = self.home / "project"
        self.folder.mkdir()
        self._environment = {
            "HOME": str(self.home),
            "PATH": f"{side.python.parent}{os.pathsep}{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "BENCH_TIMES": str(self.home / "times.json"),
        }
        self.call([side.program, "init", "--storage", "./data", *(["--db", db] if db else [])])

    def call(self, command: Sequence[str]) -> Time:
        """Run a command in the folder and time it; stop everything, showing what it printed, if it fails."""
        before, start = _children_cpu(), time.perf_counter()
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        wall, cpu = time.perf_counter() - start, _children_cpu() - before
        if done.returncode:
            sys.exit(f"{self.side.name}: {' '.join(command)[:200]} ended with {done.returncode}:\n{done.stdout.decode()[-4000:]}")
        return Time(wall, cpu)

    def start(self, *arguments: str, errors: Path) -> subprocess.Popen[bytes]:
        """A process of this system's Python, in the folder, that goes on by itself."""
        with errors.open("ab") as stream:
            return subprocess.Popen(
                [str(self.side.python), *arguments], cwd=self.folder, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stream
            )

    def script(self, body: str, *, name: str = "task.py", imported: bool = True) -> dict[str, Time]:
        """Run a script; return the time of the whole process as `process` and all that it timed itself."""
        text = TIMER + (self.side.prelude if imported else "") + body
        (self.folder / name).write_text(text)
        whole = self.call([str(self.side.python), name])
        inner = json.loads(Path(self._environment["BENCH_TIMES"]).read_text())
        return {"process": whole} | {label: Time(*pair) for label, pair in inner.items()}

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.home, ignore_errors=True)


def compare(
    arguments: argparse.Namespace, task: Callable[[Workspace], Times], *, title: str, fresh: bool = True, warm: bool = True
) -> None:
    """Let each system do the task `runs` times, turn by turn, and print the medians.

    With `fresh`, each turn has a new instance; else all turns of a system share one. With `warm`,
    a first turn, that compiles and fills the disk cache, isn't counted.
    """
    measured: dict[str, dict[str, list[Time]]] = {side.name: defaultdict(list) for side in sides(arguments)}
    shared = {} if fresh else {side.name: Workspace(side) for side in sides(arguments)}
    for turn in range(arguments.runs + warm):
        for side in sides(arguments):
            space = shared.get(side.name) or Workspace(side)
            for label, seconds in task(space).items():
                if turn or not warm:
                    measured[side.name][label].append(seconds)
            if fresh:
                space.remove()
    for space in shared.values():
        space.remove()
    _print(title, measured, runs=arguments.runs)


def _print(title: str, measured: Mapping[str, Mapping[str, list[Time]]], *, runs: int) -> None:
    print(f"\n{title} (medians of {runs}, load {os.getloadavg()[0]:.1f})\n")
    names = list(measured)
    heads = [f"{name} {kind}" for kind in ("wall", "CPU") for name in names]
    ratios = ["ratio wall", "ratio CPU"] if len(names) == 2 else []
    print("| " + " | ".join(["", *heads, *ratios]) + " |")
    print("|" + "---|" * (1 + len(heads) + len(ratios)))
    for label in dict.fromkeys(label for times in measured.values() for label in times):
        medians = {
            (kind, name): statistics.median(getattr(t, kind) for t in times[label]) if label in times else None
            for kind in ("wall", "cpu")
            for name, times in measured.items()
        }
        cells = [_text(medians[kind, name]) for kind in ("wall", "cpu") for name in names]
        if ratios:
            cells += [_ratio(medians[kind, names[1]], medians[kind, names[0]]) for kind in ("wall", "cpu")]
        print("| " + " | ".join([label, *cells]) + " |")


def _text(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.0f} µs"


def _ratio(theirs: float | None, ours: float | None) -> str:
    return "–" if not theirs or not ours else f"{theirs / ours:.1f}×"


def _children_cpu() -> float:
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime
