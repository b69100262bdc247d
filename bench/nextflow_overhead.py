"""What the plug-in costs a run of Nextflow, beside Nextflow's own `-with-trace -with-report`. LaminDB has no part in it.

A pipeline of many tiny tasks runs three ways, turn by turn, in another order each turn: as it is, with the plug-in
(attached by the environment, without an ingester beside it: `LIGNIN_CLI=off`), and with Nextflow's own trace and report.
Wall and CPU time are those of Nextflow and all that it started, ratios the medians of each turn's own; memory is the
largest resident set of the JVM. Then the spool is ingested, and once more, by `lignin nextflow ingest`.

    python adapters/nextflow/build_plugin.py
    python bench/nextflow_overhead.py --nextflow $(python adapters/nextflow/get_nextflow.py FOLDER 25.04.4)
    python bench/nextflow_overhead.py --nextflow … --kind exec --tasks 2000 --runs 2
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
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


class Bench:
    """A home for Nextflow, with the plug-in in it, and launch folders."""

    def __init__(self, nextflow: str, *, kind: str, tasks: int) -> None:
        self.nextflow, self.kind, self.tasks = nextflow, kind, tasks
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

    def run(self, way: str) -> tuple[Used, Path]:
        """A run from its start to its end, and where it was launched."""
        folder = self.launch()
        return self.call(folder, [self.nextflow, "run", "main.nf", *WAYS[way]], way=way), folder

    def ingest(self, spool: Path, folder: Path) -> Used:
        used = self.call(folder, [sys.executable, "-m", "lignin", "nextflow", "ingest", str(spool)], way="plain")
        told = (folder / "printed.txt").read_text()
        if f"{self.tasks + 1} runs" not in told:
            sys.exit(f"not every task was recorded: {told}")
        return used

    def call(self, folder: Path, command: Sequence[str], *, way: str) -> Used:
        """Run a command and measure it; stop everything, showing what it printed, if it fails."""
        with (folder / "printed.txt").open("wb") as printed:
            start = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=folder, env=self.environment(way), stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
            )
            # Its own usage, which counts the children that it waited for: the tasks.
            _, status, use = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{(folder / 'printed.txt').read_text()[-4000:]}")
        return Used(wall=wall, cpu=use.ru_utime + use.ru_stime, memory=use.ru_maxrss * 1024)


def measure(bench: Bench, *, turns: int) -> None:
    """Run all ways `turns` times, and print what they took."""
    runs: dict[str, list[Used]] = defaultdict(list)
    ingests: dict[str, list[Used]] = defaultdict(list)
    sizes, loads = [], []
    ways = list(WAYS)
    for turn in range(turns):
        for way in ways[turn % len(ways) :] + ways[: turn % len(ways)]:
            loads.append(os.getloadavg()[0])
            used, folder = bench.run(way)
            runs[way].append(used)
            print(f"  turn {turn + 1}, {way}: {used.wall:.1f} s, CPU {used.cpu:.1f} s, {used.memory / 1e6:.0f} MB, load {loads[-1]:.1f}", file=sys.stderr)
            spools = list((folder / ".lignin" / "nextflow").glob("*.jsonl"))
            if len(spools) != (way == "plug-in"):
                sys.exit(f"{way}: {len(spools)} spools in {folder}")
            for spool in spools:
                sizes.append(spool.stat().st_size)
                for label in ("ingested", "ingested again"):
                    ingests[label].append(bench.ingest(spool, folder))
            shutil.rmtree(folder)
    print(f"\n{bench.tasks} tasks ({bench.kind}), medians of {turns}, load {min(loads):.1f} to {max(loads):.1f}\n")
    print("| | wall | ratio | CPU | ratio | memory |\n|---|---|---|---|---|---|")
    for way in ways:
        print(f"| {way} | {_row(runs[way], runs['plain'])} |")
    print(f"\nspool: {statistics.median(sizes) / bench.tasks:.0f} bytes per task")
    for label, used in ingests.items():
        wall, cpu = (statistics.median(getattr(u, kind) for u in used) / bench.tasks * 1000 for kind in ("wall", "cpu"))
        print(f"{label}: {wall:.2f} ms per task, CPU {cpu:.2f} ms, {statistics.median(u.memory for u in used) / 1e6:.0f} MB")


def _row(used: Sequence[Used], plain: Sequence[Used]) -> str:
    wall, cpu = (statistics.median(getattr(u, kind) for u in used) for kind in ("wall", "cpu"))
    walls, cpus = (
        statistics.median(getattr(u, kind) / getattr(p, kind) for u, p in zip(used, plain, strict=True)) for kind in ("wall", "cpu")
    )
    return f"{wall:.1f} s | {walls:.2f} | {cpu:.1f} s | {cpus:.2f} | {statistics.median(u.memory for u in used) / 1e6:.0f} MB"


def main() -> None:
    """Measure one kind of task, and delete everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nextflow", default=shutil.which("nextflow"), help="the program; by default that on PATH")
    parser.add_argument("--kind", choices=list(PIPELINES), default="bash", help="tasks of bash, or within the JVM")
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3, help="how often each way, turn by turn")
    arguments = parser.parse_args()
    if arguments.nextflow is None:
        sys.exit("Say where Nextflow is: --nextflow, see adapters/nextflow/get_nextflow.py")
    bench = Bench(str(Path(arguments.nextflow).absolute()), kind=arguments.kind, tasks=arguments.tasks)
    try:
        measure(bench, turns=arguments.runs)
    finally:
        shutil.rmtree(bench.home, ignore_errors=True)


if __name__ == "__main__":
    main()
