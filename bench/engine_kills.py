"""Kill a pipeline with SIGKILL at random moments, all its processes at once, and see what the record has of it.

Each task notes in a file of its own that it begins and that it ends. Counted is what the spool had at the moment of the kill, and what is in
the catalogue once `lignin ingest --all` and `lignin reconcile ENGINE` have run: every task that began must be a run, every run must
have ended, and where the engine itself keeps that a task was done, the run says so and has its file.

    python bench/engine_kills.py                    # 50 kills each of Snakemake, redun and Prefect
    python bench/engine_kills.py redun --kills 10
"""

import argparse
import base64
import json
import os
import pickle
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from public_workflows import server

import lignin as ln
from lignin.instance import connect
from lignin.recording import BadLine, Started, read_spool

SNAKEFILE = """
FIRST = {first}
rule all:
    input: expand("{{n}}.b", n=range(FIRST, FIRST + 8))
rule one:
    output: "{{n}}.a"
    shell: "echo begin one {{wildcards.n}} >> acts; sleep 0.05; echo {{wildcards.n}} > {{output}}; echo end one {{wildcards.n}} >> acts"
rule two:
    input: "{{n}}.a"
    output: "{{n}}.b"
    shell: "echo begin two {{wildcards.n}} >> acts; sleep 0.05; cat {{input}} > {{output}}; echo end two {{wildcards.n}} >> acts"
"""

_PYTHON = """
import time
from pathlib import Path

def act(what, name, n):
    with open("acts", "a") as acts:
        acts.write(f"{{what}} {{name}} {{n}}\\n")
"""

REDUN = (
    _PYTHON
    + """
from redun import File, task
redun_namespace = "kills"

@task()
def one(n: int) -> File:
    act("begin", "one", n)
    time.sleep(0.05)
    file = File(f"{{n}}.a")
    file.write(str(n))
    act("end", "one", n)
    return file

@task()
def two(n: int, before: File) -> File:
    act("begin", "two", n)
    time.sleep(0.05)
    file = File(f"{{n}}.b")
    file.write(before.read())
    act("end", "two", n)
    return file

@task()
def main() -> list:
    return [two(n, one(n)) for n in range({first}, {first} + 8)]
"""
)

PREFECT = (
    _PYTHON
    + """
from prefect import flow, task

@task
def one(n: int) -> Path:
    act("begin", "one", n)
    time.sleep(0.05)
    path = Path(f"{{n}}.a")
    path.write_text(str(n))
    act("end", "one", n)
    return path

@task
def two(n: int, before: Path) -> Path:
    act("begin", "two", n)
    time.sleep(0.05)
    path = Path(f"{{n}}.b")
    path.write_text(before.read_text())
    act("end", "two", n)
    return path

@flow
def kills():
    for future in [two.submit(n, one.submit(n)) for n in range({first}, {first} + 8)]:
        future.result()

kills()
"""
)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """How a workflow is written, started and reconciled."""

    file: str
    text: str
    command: Sequence[str]
    reconcile: Sequence[str]
    ini: str = ""


ENGINES = {
    "snakemake": Engine(
        file="Snakefile",
        text=SNAKEFILE,
        command=["-m", "snakemake", "--cores", "2", "--logger", "lignin", "--latency-wait", "0"],
        reconcile=["reconcile", "snakemake", "."],
    ),
    "redun": Engine(
        file="workflow.py",
        text=REDUN,
        command=["-c", "import sys; from redun.cli import main; sys.argv[0] = 'redun'; sys.exit(main())", "run", "workflow.py", "main"],
        reconcile=["reconcile", "redun", ".redun/redun.db"],
        ini="[backend]\ndb_uri = sqlite:///redun.db\n[scheduler]\nsetup_scheduler = redun_lignin::setup\n",
    ),
    "prefect": Engine(file="flow.py", text=PREFECT, command=["flow.py"], reconcile=["reconcile", "prefect", "--since", "1d"]),
}


@dataclass(frozen=True, kw_only=True)
class Kill:
    """What was there when a pipeline had been killed."""

    folder: Path
    began: frozenset[tuple[str, int]]
    ended: frozenset[tuple[str, int]]
    live: frozenset[tuple[str, int]]
    was_over: bool


def start(engine: Engine, folder: Path, number: int, *, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A pipeline in a fresh folder."""
    folder.mkdir()
    (folder / engine.file).write_text(engine.text.format(first=number * 100))
    if engine.ini:
        (folder / ".redun").mkdir()
        (folder / ".redun" / "redun.ini").write_text(engine.ini)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen([sys.executable, *engine.command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def kill(engine: Engine, folder: Path, number: int, *, environment: Mapping[str, str], acts: int, seconds: float) -> Kill:
    """Start a pipeline, and kill it so many seconds after its tasks have noted so many of their 32 acts."""
    process = start(engine, folder, number, environment=environment)
    noted = folder / "acts"
    while process.poll() is None and (noted.read_text().count("\n") if noted.exists() else 0) < acts:
        time.sleep(0.005)
    time.sleep(seconds)
    was_over = process.poll() is not None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # The pipeline's own ingestion has a group of its own, and may go on.
    lines = [line.split() for line in (folder / "acts").read_text().splitlines()] if (folder / "acts").exists() else []
    done = {what: frozenset((name, int(n)) for said, name, n in (act for act in lines if len(act) == 3) if said == what) for what in ("begin", "end")}
    return Kill(folder=folder, began=done["begin"], ended=done["end"], live=frozenset(_spooled(folder.parent)), was_over=was_over)


def _spooled(project: Path) -> list[tuple[str, int]]:
    paths = [*(project / ".lignin" / "spool").rglob("*.jsonl")]
    events = (event for path in paths for event in read_spool(path))
    return [named for event in events if not isinstance(event, BadLine) and isinstance(event, Started) and (named := _named(str(event.name), event.params, event.info))]


def _named(name: str, params: Mapping[str, Any], info: Mapping[str, Any]) -> tuple[str, int] | None:
    n = params.get("n", (info.get("wildcards") or {}).get("n"))
    short = re.split(r"[.-]", name)
    kind = next((part for part in short if part in {"one", "two"}), None)
    return None if kind is None or n is None else (kind, int(n))


def kept(name: str, folder: Path, *, api: str | None) -> set[tuple[str, int]]:
    """The tasks that the engine itself has as done."""
    if name == "snakemake":
        done = set()
        for path in (folder / ".snakemake" / "metadata").rglob("*"):
            if path.is_file():
                told = json.loads(path.read_text() or "{}")
                if told.get("incomplete") is False and told.get("starttime"):
                    done.add((told["rule"], _number(path, told)))
        return {(rule, n) for rule, n in done if n is not None}
    if name == "redun" and (folder / ".redun" / "redun.db").exists():
        with sqlite3.connect(folder / ".redun" / "redun.db") as connection:
            rows = connection.execute(
                "select task.name, value.value from job join task on job.task_hash = task.hash join call_node on job.call_hash = call_node.call_hash "
                "join argument on argument.call_hash = call_node.call_hash join value on argument.value_hash = value.value_hash "
                "where job.end_time is not null and task.name in ('one', 'two') and (argument.arg_position = 0 or argument.arg_key = 'n')"
            ).fetchall()
        # Of this process's own making.
        return {(task, pickle.loads(value)) for task, value in rows}
    return set()


def _number(path: Path, told: Mapping[str, Any]) -> int | None:
    text = base64.b64decode(path.name.encode()).decode(errors="replace")
    found = re.match(r"(\d+)\.[ab]$", text)
    return int(found[1]) if found else None


def run(name: str, *, kills: int, chance: random.Random, environment: Mapping[str, str], api: str | None) -> Counter[str]:
    """Kill, bring in, and compare."""
    engine, counts = ENGINES[name], Counter[str]()
    project = Path(environment["HOME"]) / f"project-{name}"
    project.mkdir()
    lignin = [sys.executable, "-m", "lignin"]
    subprocess.run([*lignin, "init"], cwd=project, env=environment, check=True, capture_output=True)
    found = [
        kill(engine, project / f"kill{number}", number, environment=environment, acts=chance.randrange(32), seconds=chance.uniform(0, 0.05)) for number in range(1, kills + 1)
    ]
    subprocess.run([*lignin, "ingest", "--all", "--quiet"], cwd=project, env=environment, check=False, capture_output=True)
    for one in found if name != "prefect" else found[:1]:
        done = subprocess.run([*lignin, *engine.reconcile], cwd=one.folder, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            counts["reconcile found nothing"] += 1
            print(f"  {one.folder.name}: {done.stderr.strip()[:200]}")
    os.chdir(project)
    instance = connect(project)
    runs = ln.Run.filter(engine=name).all().to_list()
    told = {named: run for run in runs if (named := _named(str(run.name), run.params, run.info))}
    counts["runs without an end"] = sum(run.status in {"running", "scheduled"} for run in runs)
    for one in found:
        counts["over before the kill"] += one.was_over
        counts["tasks that began"] += len(one.began)
        counts["… in the spool at the kill"] += len(one.began & one.live)
        counts["… in the catalogue"] += sum(task in told for task in one.began)
        lost = [task for task in one.began if task not in told]
        counts["… lost"] += len(lost)
        engines = kept(name, one.folder, api=api) if name != "prefect" else {t for t in one.ended if _prefect_done(told.get(t), api)}
        counts["done by the engine's own word"] += len(engines)
        good = [task for task in engines if task in told and told[task].status in {"completed", "cached"}]
        counts["… and told as done"] += len(good)
        counts["… and its file"] += sum(any(Path(a.key or "").suffix in {".a", ".b"} for a in told[task].output_artifacts.all()) for task in good)
        for task in lost:
            print(f"  {one.folder.name}: {task} began and is lost")
        for task in set(engines) - set(good):
            print(f"  {one.folder.name}: {task} was done, and is {told[task].status if task in told else 'lost'}")
    instance.close()
    return counts


def _prefect_done(run: Any, api: str | None) -> bool:
    if run is None or api is None:
        return False
    try:
        with urllib.request.urlopen(f"{api}/task_runs/{run.external_id}", timeout=10) as answer:
            return bool(json.load(answer)["state"]["type"] == "COMPLETED")
    except OSError:
        return False


def main() -> None:
    """Kill what was asked for, and leave with 1 where anything is lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", choices=[*ENGINES, []], default=[])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    asked = parser.parse_args()
    bad = False
    for name in asked.engines or ENGINES:
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-engine-kills-", ignore_cleanup_errors=True)))
            own = {key: value for key, value in os.environ.items() if not key.startswith(("LIGNIN_", "PREFECT_", "REDUN_", "SNAKEMAKE_"))}
            environment = own | {"HOME": str(home), "LIGNIN_HOME": str(home / "lignin"), "PREFECT_HOME": str(home / "prefect"), "PREFECT_LOGGING_LEVEL": "ERROR", "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
            api = None
            if name == "prefect":
                api = stack.enter_context(server(environment))
                environment |= {"PREFECT_API_URL": api, "PREFECT_PLUGINS_ENABLED": "1"}
            counts = run(name, kills=asked.kills, chance=random.Random(asked.seed), environment=environment, api=api)
            os.chdir("/")
        print(f"{name}, {asked.kills} kills (seed {asked.seed}): {dict(counts)}", flush=True)
        bad |= bool(counts["… lost"] or counts["runs without an end"] or counts["… and told as done"] < counts["done by the engine's own word"])
    sys.exit(bad)


if __name__ == "__main__":
    main()
