"""What the plug-in costs a run of Nextflow, beside Nextflow's own `-with-trace -with-report`. LaminDB has no part in it.

A pipeline of many tiny tasks runs three ways, turn by turn, in another order each turn: as it is, with the plug-in
(attached by the environment, without an ingester beside it: `LIGNIN_CLI=off`), and with Nextflow's own trace and report.
Wall and CPU time are those of Nextflow and all that it started, ratios the medians of each turn's own; memory is the
largest resident set of the JVM. Then the spool is ingested, and once more, by `lignin nextflow ingest`.

    python adapters/nextflow/build_plugin.py
    python bench/nextflow_overhead.py --nextflow $(python adapters/nextflow/get_nextflow.py FOLDER 25.04.4)
    python bench/nextflow_overhead.py --nextflow … --kind exec --tasks 2000 --runs 2

A run that is not over at its deadline (`--deadline`) has stalled: it is killed with all that it started, counted, and left out
of the figures. `--ways plain plug-in` leaves ways out; `--keep FOLDER` keeps Nextflow's log and the spool of each stalled run.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIPELINES = {
    # Each with a file of its own, which the ingester hashes.
    "bash": "process TINY { input: val n; output: path 'out.txt'; script: \"echo ${n} > out.txt\" }",
    # Within the JVM: nothing but Nextflow's own work per task.
    "exec": "process TINY { input: val n; output: val m; exec: m = n * 2 }",
}
WAYS: Mapping[str, Sequence[str]] = {"plain": (), "plug-in": (), "trace and report": ("-with-trace", "-with-report")}


@dataclass(frozen=True, kw_only=True)
class Used:
    """What one process and those that it waited for took."""

    wall: float
    cpu: float
    memory: int


class Stalled(Exception):
    """A command that was not over at its deadline, and was killed."""


class Bench:
    """A home for Nextflow, with the plug-in in it, and launch folders."""

    def __init__(self, nextflow: str, *, kind: str, tasks: int, deadline: float) -> None:
        self.nextflow, self.kind, self.tasks, self.deadline = nextflow, kind, tasks, deadline
        self.home = Path(tempfile.mkdtemp(prefix="bench-nextflow-"))
        built = sorted((ROOT / "adapters" / "nextflow" / "nextflow_lignin" / "plugin").glob("nf-lignin-*"))
        if not built:
            sys.exit("The plug-in is not built: python adapters/nextflow/build_plugin.py")
        shutil.copytree(built[-1], self.home / "nxf" / "plugins" / built[-1].name)
        name, _, version = built[-1].name.rpartition("-")
        self.plugin = f"{name}@{version}"

    def environment(self, way: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NXF_", "LIGNIN_"))}
        return kept | {
            "HOME": str(self.home),
            "LIGNIN_HOME": str(self.home / "lignin"),
            "NXF_HOME": str(self.home / "nxf"),
            "NXF_PLUGINS_DEFAULT": self.plugin if way == "plug-in" else "false",
            "LIGNIN_CLI": "off",
        }

    def launch(self) -> Path:
        """A folder with the pipeline and a fresh instance."""
        folder = Path(tempfile.mkdtemp(dir=self.home))
        (folder / "main.nf").write_text(f"{PIPELINES[self.kind]}\nworkflow {{ TINY(Channel.of(1..{self.tasks})) }}\n")
        self.call(folder, [sys.executable, "-m", "lignin", "init", "--storage", "./data"], way="plain")
        return folder

    def run(self, way: str, folder: Path) -> Used:
        """A run from its start to its end."""
        return self.call(folder, [self.nextflow, "run", "main.nf", *WAYS[way]], way=way)

    def ingest(self, spool: Path, folder: Path) -> Used:
        used = self.call(folder, [sys.executable, "-m", "lignin", "nextflow", "ingest", str(spool)], way="plain")
        told = (folder / "printed.txt").read_text()
        if f"{self.tasks + 1} runs" not in told:
            sys.exit(f"not every task was recorded: {told}")
        return used

    def call(self, folder: Path, command: Sequence[str], *, way: str) -> Used:
        """Run a command and measure it; stop everything, showing what it printed, if it fails.

        Raises:
            Stalled: it was not over at its deadline.
        """
        late = threading.Event()
        with (folder / "printed.txt").open("wb") as printed:
            start = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=folder, env=self.environment(way), stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
            )
            timer = threading.Timer(self.deadline, lambda: (late.set(), _kill_session(process.pid)))
            timer.start()
            # Its own usage, which counts the children that it waited for: the tasks.
            _, status, use = os.wait4(process.pid, 0)
            timer.cancel()
            wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if late.is_set():
            raise Stalled
        if process.returncode:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{(folder / 'printed.txt').read_text()[-4000:]}")
        return Used(wall=wall, cpu=use.ru_utime + use.ru_stime, memory=use.ru_maxrss * 1024)


def _kill_session(leader: int) -> None:
    """Kill a process and all that it started, also those that made a group of their own."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            # After the name, which may hold anything: state, parent, group, session.
            if int((entry / "stat").read_text().rpartition(")")[2].split()[3]) == leader:
                os.kill(int(entry.name), signal.SIGKILL)


class Figures:
    """What the runs took, by turn, and those that stalled."""

    def __init__(self, bench: Bench, *, ways: Sequence[str], keep: Path | None) -> None:
        self.bench, self.ways, self.keep = bench, list(ways), keep
        self.runs: dict[str, dict[int, Used]] = defaultdict(dict)
        self.ingests: dict[str, list[Used]] = defaultdict(list)
        self.stalls: dict[str, int] = defaultdict(int)
        self.sizes: list[int] = []
        self.loads: list[float] = []

    def take(self, turn: int, way: str) -> None:
        """Make one run, and ingest its spool."""
        self.loads.append(os.getloadavg()[0])
        folder = self.bench.launch()
        try:
            used = self.bench.run(way, folder)
        except Stalled:
            self.stalls[way] += 1
            print(f"  turn {turn + 1}, {way}: stalled, killed after {self.bench.deadline:.0f} s, load {self.loads[-1]:.1f}", file=sys.stderr, flush=True)
            self._keep(folder, f"{way}-{turn + 1}")
        else:
            self.runs[way][turn] = used
            told = f"{used.wall:.1f} s, CPU {used.cpu:.1f} s, {used.memory / 1e6:.0f} MB, load {self.loads[-1]:.1f}"
            print(f"  turn {turn + 1}, {way}: {told}", file=sys.stderr, flush=True)
            self._ingest(folder, way)
        shutil.rmtree(folder)

    def _ingest(self, folder: Path, way: str) -> None:
        spools = list((folder / ".lignin" / "nextflow").glob("*.jsonl"))
        if len(spools) != (way == "plug-in"):
            sys.exit(f"{way}: {len(spools)} spools in {folder}")
        for spool in spools:
            self.sizes.append(spool.stat().st_size)
            for label in ("ingested", "ingested again"):
                self.ingests[label].append(self.bench.ingest(spool, folder))

    def _keep(self, folder: Path, name: str) -> None:
        if self.keep is not None:
            (self.keep / name).mkdir(parents=True, exist_ok=True)
            for path in (*folder.glob(".nextflow.log"), *folder.glob(".lignin/nextflow/*.jsonl")):
                shutil.copy(path, self.keep / name)

    def tell(self, turns: int) -> None:
        """Print all of it."""
        print(f"\n{self.bench.tasks} tasks ({self.bench.kind}), medians of {turns}, load {min(self.loads):.1f} to {max(self.loads):.1f}\n")
        print("| | wall | ratio | CPU | ratio | memory | stalled |\n|---|---|---|---|---|---|---|")
        for way in self.ways:
            print(f"| {way} | {self._row(way)} | {self.stalls[way]} of {turns} |")
        if self.sizes:
            print(f"\nspool: {statistics.median(self.sizes) / self.bench.tasks:.0f} bytes per task")
        for label, used in self.ingests.items():
            wall, cpu = (statistics.median(getattr(u, kind) for u in used) / self.bench.tasks * 1000 for kind in ("wall", "cpu"))
            print(f"{label}: {wall:.2f} ms per task, CPU {cpu:.2f} ms, {statistics.median(u.memory for u in used) / 1e6:.0f} MB")

    def _row(self, way: str) -> str:
        used = self.runs[way]
        if not used:
            return " | ".join("-" * 5)
        both = [(used[turn], self.runs["plain"][turn]) for turn in used if turn in self.runs["plain"]]
        parts = []
        for kind in ("wall", "cpu"):
            ratio = f"{statistics.median(getattr(u, kind) / getattr(p, kind) for u, p in both):.2f}" if both else "-"
            parts.append(f"{statistics.median(getattr(u, kind) for u in used.values()):.1f} s | {ratio}")
        return " | ".join((*parts, f"{statistics.median(u.memory for u in used.values()) / 1e6:.0f} MB"))


def measure(bench: Bench, *, turns: int, ways: Sequence[str], keep: Path | None) -> None:
    """Run these ways `turns` times, in another order each time, and print what they took."""
    figures = Figures(bench, ways=ways, keep=keep)
    for turn in range(turns):
        for way in [*ways[turn % len(ways) :], *ways[: turn % len(ways)]]:
            figures.take(turn, way)
    figures.tell(turns)


def main() -> None:
    """Measure one kind of task, and delete everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nextflow", default=shutil.which("nextflow"), help="the program; by default that on PATH")
    parser.add_argument("--kind", choices=list(PIPELINES), default="bash", help="tasks of bash, or within the JVM")
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3, help="how often each way, turn by turn")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS), help="by default all")
    parser.add_argument("--deadline", type=float, default=600, help="seconds after which a run has stalled")
    parser.add_argument("--keep", type=Path, help="where the log and the spool of stalled runs are kept")
    arguments = parser.parse_args()
    if arguments.nextflow is None:
        sys.exit("Say where Nextflow is: --nextflow, see adapters/nextflow/get_nextflow.py")
    bench = Bench(str(Path(arguments.nextflow).absolute()), kind=arguments.kind, tasks=arguments.tasks, deadline=arguments.deadline)
    try:
        measure(bench, turns=arguments.runs, ways=arguments.ways, keep=arguments.keep)
    finally:
        shutil.rmtree(bench.home, ignore_errors=True)


if __name__ == "__main__":
    main()
