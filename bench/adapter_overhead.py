"""What recording costs a pipeline: the same workflow of tiny tasks with an engine's adapter and without, turn by turn.

Each task writes a small file and, but for the first, reads the one before it in its own pair: so every task has an input
and an output to look at, hash and hand over. Timed is the engine's whole process, with the ingestion that it waits for at
its end; CPU time is that of the process and all its children. The ratio is with / without; beside it the difference per
task. Nothing else is compared: the alternative that a user would pick is the engine alone.

    python bench/adapter_overhead.py                    # 200 tasks, Snakemake, redun and Prefect
    python bench/adapter_overhead.py redun --tasks 1000 --turns 3
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class Engine:
    """How a workflow is written and started, with the adapter and without."""

    file: str
    text: str
    command: Sequence[str]
    observed: Sequence[str] = ()
    environment: Mapping[str, str] | None = None
    extra: Mapping[str, str] | None = None


ENGINES = {
    "snakemake": Engine(
        file="Snakefile", text=SNAKEFILE, command=["-m", "snakemake", "--cores", "2", "--quiet", "all"], observed=["--logger", "lignin"]
    ),
    "redun": Engine(
        file="workflow.py",
        text=REDUN,
        command=["-c", "import sys; from redun.cli import main; sys.argv[0] = 'redun'; sys.exit(main())", "run", "workflow.py", "main"],
        extra={".redun/redun.ini": "[backend]\ndb_uri = sqlite:///redun.db\n[scheduler]\nsetup_scheduler = redun_lignin::setup\n"},
    ),
    "prefect": Engine(file="flow.py", text=PREFECT, command=["flow.py"], environment={"PREFECT_PLUGINS_ENABLED": "1"}),
}


def turn(engine: Engine, *, tasks: int, observed: bool) -> tuple[float, float]:
    """Wall and CPU seconds of one run in a fresh folder."""
    home = Path(tempfile.mkdtemp(prefix="bench-overhead-"))
    folder = home / "project"
    folder.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("LIGNIN_", "PREFECT_", "REDUN_"))},
        "HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }
    subprocess.run([sys.executable, "-m", "lignin", "init"], cwd=folder, env=environment, check=True, capture_output=True)
    (folder / engine.file).write_text(engine.text.format(tasks=tasks))
    for name, text in (engine.extra or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text if observed else "".join(line for line in text.splitlines(True) if "lignin" not in line))
    command = [sys.executable, *engine.command, *(engine.observed if observed else ())]
    before, start = _children(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env={**environment, **((engine.environment or {}) if observed else {})}, capture_output=True, text=True, check=False)
    wall, cpu = time.perf_counter() - start, _children() - before
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    if observed:
        listed = subprocess.run([sys.executable, "-m", "lignin", "list", "run", "--limit", "1"], cwd=folder, env=environment, check=True, capture_output=True, text=True)
        assert listed.stdout.strip(), "the run was not recorded"
    shutil.rmtree(home)
    return wall, cpu


def _children() -> float:
    uses = resource.getrusage(resource.RUSAGE_CHILDREN)
    return uses.ru_utime + uses.ru_stime


def main() -> None:
    """Measure what was asked for, and print a line for each engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", choices=[*ENGINES, []], default=[])
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    print(f"{asked.tasks} tasks, {asked.turns} turns, medians; load {os.getloadavg()[0]:.1f}")
    print(f"{'engine':<10} {'plain s':>8} {'with s':>8} {'ratio':>6} {'plain CPU':>10} {'with CPU':>9} {'ratio':>6} {'CPU ms/task':>12}")
    for name in asked.engines or ENGINES:
        plain, watched = [], []
        for _ in range(asked.turns):
            plain.append(turn(ENGINES[name], tasks=asked.tasks, observed=False))
            watched.append(turn(ENGINES[name], tasks=asked.tasks, observed=True))
        (pw, pc), (ww, wc) = (tuple(statistics.median(times) for times in zip(*side, strict=True)) for side in (plain, watched))
        print(f"{name:<10} {pw:>8.1f} {ww:>8.1f} {ww / pw:>6.2f} {pc:>10.1f} {wc:>9.1f} {wc / pc:>6.2f} {1000 * (wc - pc) / asked.tasks:>12.1f}", flush=True)


if __name__ == "__main__":
    main()
