"""What recording costs a pipeline: the same workflow of tiny tasks plain, with Lignin, and with what a user would pick instead, turn by turn.

Each task writes a small file and, but for the first, reads the one before it in its own pair: so every task has an input
and an output to look at, hash and hand over. Measured is the CPU time of the engine's process and all its children: that of
`with Lignin` has all that goes on beside the tasks, hashing included. What it spools is kept, and taken in by `lignin ingest --all` afterwards,
which is measured by itself ("drain"); a user waits for it at the end of the pipeline.

Instead of Lignin: for Snakemake snkmt's logger (jobs and their states into SQLite; no parameters, no hashes); for Prefect LaminDB's
decorators on the flow and its tasks, which save what they write (`--lamindb-python`, a Python that has both); redun has its own database in any case.

    python bench/adapter_overhead.py                    # 200 tasks, Snakemake, redun and Prefect
    python bench/adapter_overhead.py redun --tasks 2000 --turns 3
"""

import argparse
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SNAKEFILE = """
N = {tasks}
rule all:
    input: expand("out/{{n}}.b", n=range(N // 2))
rule first:
    output: "out/{{n}}.a"
    shell: "echo {{wildcards.n}} > {{output}}"
rule second:
    input: "out/{{n}}.a"
    output: "out/{{n}}.b"
    shell: "cat {{input}} > {{output}}"
"""

REDUN = """
from redun import File, task
redun_namespace = "bench"

@task()
def first(n: int) -> File:
    file = File(f"out/{{n}}.a")
    file.write(str(n))
    return file

@task()
def second(n: int, before: File) -> File:
    file = File(f"out/{{n}}.b")
    file.write(before.read())
    return file

@task()
def main() -> list:
    return [second(n, first(n)) for n in range({tasks} // 2)]
"""

PREFECT = """
from pathlib import Path
from prefect import flow, task

@task
def first(n: int) -> Path:
    path = Path(f"out/{{n}}.a")
    path.write_text(str(n))
    return path

@task
def second(n: int, before: Path) -> Path:
    path = Path(f"out/{{n}}.b")
    path.write_text(before.read_text())
    return path

@flow
def bench():
    Path("out").mkdir(exist_ok=True)
    for n in range({tasks} // 2):
        second(n, first(n))

bench()
"""

LAMINDB = (
    PREFECT.replace("from pathlib", "import lamindb as ln, lamindb_setup\nlamindb_setup.settings.instance._is_on_hub = False\nfrom pathlib", 1)
    .replace("@task\n", "@task\n@ln.step()\n")
    .replace("@flow\n", "@flow\n@ln.flow()\n")
    .replace("    return path\n", "    ln.Artifact(path, key=str(path)).save()\n    return path\n")
)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """How a workflow is written and started: `observed` and `environment` switch Lignin on, `other` what a user would pick instead."""

    file: str
    text: str
    command: Sequence[str]
    observed: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    other: Sequence[str] | None = None
    other_text: str = ""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Seconds of one run, and of bringing in what it told of."""

    wall: float
    cpu: float
    drain: float = 0.0
    drain_cpu: float = 0.0


ENGINES = {
    "snakemake": Engine(
        file="Snakefile", text=SNAKEFILE, command=["-m", "snakemake", "--cores", "2", "--quiet", "all"],
        observed=["--logger", "lignin"], other=["--logger", "snkmt"],
    ),
    "redun": Engine(
        file="workflow.py",
        text=REDUN,
        command=["-c", "import sys; from redun.cli import main; sys.argv[0] = 'redun'; sys.exit(main())", "run", "workflow.py", "main"],
        extra={".redun/redun.ini": "[backend]\ndb_uri = sqlite:///redun.db\n[scheduler]\nsetup_scheduler = redun_lignin::setup\n"},
    ),
    "prefect": Engine(file="flow.py", text=PREFECT, command=["flow.py"], environment={"PREFECT_PLUGINS_ENABLED": "1"}, other=[], other_text=LAMINDB),
}


def turn(engine: Engine, way: str, *, tasks: int, lamindb: str | None) -> Turn:
    """One run in a fresh folder: `plain`, `lignin` or `other`."""
    home = Path(tempfile.mkdtemp(prefix="bench-overhead-"))
    folder = home / "project"
    folder.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("LIGNIN_", "PREFECT_", "REDUN_"))},
        "HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }
    text = engine.other_text if way == "other" and engine.other_text else engine.text
    (folder / engine.file).write_text(text.format(tasks=tasks))
    for name, extra in engine.extra.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(extra if way == "lignin" else "".join(line for line in extra.splitlines(True) if "lignin" not in line))
    python = sys.executable
    if way == "other" and engine.other_text:
        python = str(lamindb)
        subprocess.run([Path(python).parent / "lamin", "init", "--storage", "./data"], cwd=folder, env=environment, check=True, capture_output=True)
    more = engine.observed if way == "lignin" else engine.other or () if way == "other" else ()
    wall, cpu = _timed([python, *engine.command, *more], folder, {**environment, **(engine.environment if way == "lignin" else {})})
    drain, drain_cpu = 0.0, 0.0
    if way == "lignin":
        subprocess.run([sys.executable, "-m", "lignin", "init"], cwd=folder, env=environment, check=True, capture_output=True)
        drain, drain_cpu = _timed([sys.executable, "-m", "lignin", "ingest", "--all"], folder, environment)
        with sqlite3.connect(folder / ".lignin" / "lignin.db") as database:
            ended = database.execute("select count(*) from run where status = 'completed' and engine is not null").fetchone()[0]
        database.close()
        # The workflow, and in redun its main task, are runs as well.
        assert tasks < ended <= tasks + 2, f"{ended} runs are told as completed"
    shutil.rmtree(home)
    return Turn(wall=wall, cpu=cpu, drain=drain, drain_cpu=drain_cpu)


def _timed(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[float, float]:
    before, start = _children(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    wall, cpu = time.perf_counter() - start, _children() - before
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return wall, cpu


def _children() -> float:
    uses = resource.getrusage(resource.RUSAGE_CHILDREN)
    return uses.ru_utime + uses.ru_stime


def measure(name: str, asked: argparse.Namespace) -> None:
    """All turns of an engine, and its line of the table."""
    engine = ENGINES[name]
    ways = ["plain", "lignin", *(["other"] if engine.other is not None and not asked.without_other else [])]
    if engine.other_text and asked.lamindb_python is None:
        ways = ways[:2]
    turns: dict[str, list[Turn]] = {way: [] for way in ways}
    for _ in range(asked.turns):
        for way in ways:
            turns[way].append(turn(engine, way, tasks=asked.tasks, lamindb=asked.lamindb_python))
    cpu = {way: statistics.median(each.cpu for each in listed) for way, listed in turns.items()}
    drain = statistics.median(each.drain_cpu for each in turns["lignin"])
    wall = statistics.median(each.drain for each in turns["lignin"])
    per = 1000 / asked.tasks
    ratios = ", ".join(f"{watched.cpu / plain.cpu:.2f}" for plain, watched in zip(turns["plain"], turns["lignin"], strict=True))
    other = f"{cpu['other'] * per:.1f} ms | {cpu['other'] / cpu['plain']:.2f}" if "other" in cpu else "– | –"
    print(
        f"| {name} | {asked.tasks} | {cpu['plain'] * per:.1f} ms | {cpu['lignin'] * per:.1f} ms | {cpu['lignin'] / cpu['plain']:.2f} ({ratios}) | {other} | "
        f"{wall:.1f} s, CPU {drain:.1f} s | {asked.tasks / drain:,.0f}/s of CPU |",
        flush=True,
    )


def main() -> None:
    """Measure what was asked for, and print a line for each engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", choices=[*ENGINES, []], default=[])
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--lamindb-python", default=os.environ.get("LAMINDB_PYTHON"))
    parser.add_argument("--without-other", action="store_true")
    asked = parser.parse_args()
    print(f"medians of {asked.turns} turns, CPU per task, ratios to plain (of each turn); load {os.getloadavg()[0]:.1f}\n")
    print("| engine | tasks | plain | with Lignin | ratio | instead | ratio | drain | tasks ingested |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in asked.engines or ENGINES:
        measure(name, asked)


if __name__ == "__main__":
    main()
