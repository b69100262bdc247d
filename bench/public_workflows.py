"""Run the engines' own public workflows with the adapter and without: both must do the same, and each task be one run.

Give it a checkout of github.com/snakemake/snakemake, insitro/redun or PrefectHQ/prefect; nothing of it is changed or kept.

- `snakemake`: the folders `tests/test_*` with a Snakefile, run as `snakemake --cores 2`; those that want a network, conda,
  containers or a storage service are passed over. Many are written to fail: they must fail alike.
- `redun`: the folders in `examples` with a `workflow.py`, run as `redun run workflow.py main`.
- `prefect`: the scripts in `examples`, and the blocks of Python in its docs that call a flow, against a server of their own.

    python bench/public_workflows.py snakemake /tmp/snakemake --only test_checkpoints test_group_jobs
    python bench/public_workflows.py redun /tmp/redun
"""

import argparse
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from comparing import Case, Engine, Outcome, Verdict, compare

from lignin.recording import Story

_REDUN = "import sys; from redun.cli import main; sys.argv[0] = 'redun'; sys.exit(main())"


class Snakemake:
    """Each Snakefile of the tests; the log says which jobs were started."""

    ignored = frozenset({".snakemake", "__pycache__", ".cache"})
    _outside = re.compile(
        r"conda:|container:|containerized|singularity|wrapper:|https?:|storage[:.(]|s3:|gs:|github\(|gitlab\(|cwl:|notebook:|apptainer|envmodules|xonsh|julia|\bR\b.*script|\.[rR]md|\.jl\b|\.R\"|\.rs\b|-m snakemake"
    )
    _start = re.compile(r"^\s*(?:local)?(?:rule|checkpoint) (\S+):$|^\s*Job (\d+): ", re.MULTILINE)
    # A job that fails before its command is made up is never shown.
    _unfit = re.compile(r"^RuleException in rule (\S+) in file", re.MULTILINE)

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout
        self._numbers: set[str] = set()

    def cases(self) -> Iterator[Case]:
        """Those that need nothing from outside."""
        for folder in sorted((self._checkout / "tests").glob("test_*")):
            file = folder / "Snakefile"
            if file.is_file() and not self._outside.search("".join(p.read_text(errors="replace") for p in sorted(folder.rglob("*")) if _is_source(p))):
                yield Case(name=folder.name, folder=folder, command=["--cores", "2", "--latency-wait", "1", "--nocolor"])

    def prepare(self, folder: Path, *, observed: bool) -> None:
        """Nothing: an option is all."""

    def command(self, case: Case, *, observed: bool) -> tuple[Sequence[str], Mapping[str, str]]:
        """The option `--logger`."""
        return [sys.executable, "-m", "snakemake", *case.command, *(["--logger", "lignin"] if observed else [])], {}

    def tasks(self, folder: Path, outcome: Outcome) -> Counter[str]:
        """The rules whose jobs the log says were started. A job with a message of its own goes by its number."""
        started = self._start.findall(outcome.log)
        self._numbers = {number for _, number in started}
        shown = Counter(rule or "with a message" for rule, _ in started)
        return shown + (Counter(set(self._unfit.findall(outcome.log))) - shown)

    def told(self, story: Story) -> Counter[str]:
        """Runs by rule."""
        jobs = (start for start in story.started.values() if start.run.id != "workflow")
        return Counter("with a message" if start.run.id in self._numbers else str(start.name) for start in jobs)


class Redun:
    """Each example; the database says which jobs there were."""

    ignored = frozenset({".redun", "__pycache__", ".cache", ".pytest_cache"})

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout

    def cases(self) -> Iterator[Case]:
        """Those with a `main` in `workflow.py`."""
        for file in sorted((self._checkout / "examples").glob("*/workflow.py")):
            if "def main(" in file.read_text():
                yield Case(name=file.parent.name, folder=file.parent, command=["run", "workflow.py", "main"])

    def prepare(self, folder: Path, *, observed: bool) -> None:
        """A line in the configuration, which may be there or not."""
        path = folder / ".redun" / "redun.ini"
        path.parent.mkdir(exist_ok=True)
        text = path.read_text() if path.is_file() else "[backend]\ndb_uri = sqlite:///redun.db\n"
        if observed:
            line = "setup_scheduler = redun_lignin::setup\n"
            text = text.replace("[scheduler]\n", f"[scheduler]\n{line}") if "[scheduler]" in text else f"{text}\n[scheduler]\n{line}"
        path.write_text(text)

    def command(self, case: Case, *, observed: bool) -> tuple[Sequence[str], Mapping[str, str]]:
        """The same both times."""
        return [sys.executable, "-c", _REDUN, *case.command], {}

    def tasks(self, folder: Path, outcome: Outcome) -> Counter[str]:
        """Jobs by task, but for redun's own; and executions."""
        database = folder / ".redun" / "redun.db"
        if not database.is_file():
            return Counter()
        with sqlite3.connect(database) as connection:
            rows = connection.execute("select task.namespace, task.name from job join task on job.task_hash = task.hash").fetchall()
            executions = connection.execute("select count(distinct execution_id) from job").fetchone()[0]
        connection.close()
        names = Counter(f"{space}.{name}" if space else name for space, name in rows if space != "redun")
        return names + Counter({"an execution": executions})

    def told(self, story: Story) -> Counter[str]:
        """Runs by task."""
        return Counter("an execution" if s.code and s.code.kind == "workflow" else str(s.name) for s in story.started.values())


class Prefect:
    """Examples and blocks of the docs; the server says which runs there were."""

    ignored = frozenset({"__pycache__", ".cache"})
    _outside = re.compile(
        r"\.serve\(|\.deploy\(|serve\(|https?://|httpx|requests|boto|prefect_(?!lignin)\w+|\.load\(|subprocess|docker|sleep\((?:[6-9]\d|\d{3,})|input\(|suspend|pause_flow|wait_for_flow_run|run_deployment|from_source|anthropic|openai|pydantic_ai|\bdbt\b"
    )
    _call = re.compile(r"^@(?:flow|materialize|task)\b|^\s*@flow\b", re.MULTILINE)

    def __init__(self, checkout: Path, *, api: str) -> None:
        self._checkout = checkout
        self._api = api
        self._began = ""
        self._folder = Path(tempfile.mkdtemp(prefix="bench-public-prefect-"))

    def cases(self) -> Iterator[Case]:
        """Scripts and blocks that define a flow or task and, as far as can be read, call it, and nothing outside of this machine."""
        texts = {file.stem: file.read_text() for file in sorted((self._checkout / "examples").glob("*.py"))}
        for page in sorted((self._checkout / "docs").rglob("*.mdx")):
            for number, block in enumerate(re.findall(r"^[ \t]*```python[^\n]*\n(.*?)^[ \t]*```", page.read_text(), re.MULTILINE | re.DOTALL)):
                texts[f"{page.relative_to(self._checkout / 'docs').with_suffix('')}#{number}".replace("/", ".")] = block
        for name, text in texts.items():
            if self._call.search(text) and re.search(r"^\S*\w+\(|^if __name__", text, re.MULTILINE) and not self._outside.search(text):
                folder = self._folder / name
                folder.mkdir()
                (folder / "script.py").write_text(text)
                yield Case(name=name, folder=folder, command=["script.py"])

    def prepare(self, folder: Path, *, observed: bool) -> None:
        """The moment after which runs are of this run."""
        self._began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 0.0)) + f".{int(time.time() % 1 * 1e6):06d}Z"

    def command(self, case: Case, *, observed: bool) -> tuple[Sequence[str], Mapping[str, str]]:
        """Prefect's own switch for plug-ins."""
        return [sys.executable, *case.command], {"PREFECT_PLUGINS_ENABLED": "1"} if observed else {}

    def tasks(self, folder: Path, outcome: Outcome) -> Counter[str]:
        """Attempts of flow and task runs, as soon as the server has heard of the end of all."""
        end = time.monotonic() + 15
        while True:
            flows = self._ask("flow_runs", "flow_runs")
            tasks = [t for t in self._ask("task_runs", "task_runs") if not (t.get("state") or {}).get("state_details", {}).get("child_flow_run_id")]
            is_over = all((run.get("state") or {}).get("type") in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} for run in [*flows, *tasks])
            if is_over or time.monotonic() > end:
                break
            time.sleep(0.5)
        rows = [("flow", run) for run in flows] + [("task", run) for run in tasks if run["run_count"]]
        return Counter(f"{kind} {run['id'][:8]}" for kind, run in rows for _ in range(max(1, run["run_count"])))

    def told(self, story: Story) -> Counter[str]:
        """Attempts by the engine's id."""
        kinds = {key: "flow" if start.code and start.code.kind == "workflow" else "task" for key, start in story.started.items()}
        return Counter(f"{kind} {key.id[:8]}" for key, kind in kinds.items())

    def _ask(self, path: str, name: str) -> list[dict[str, Any]]:
        query = {name: {"start_time": {"after_": self._began}}, "limit": 200}
        request = urllib.request.Request(f"{self._api}/{path}/filter", json.dumps(query).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found


@contextmanager
def server(environment: Mapping[str, str]) -> Iterator[str]:
    """The API's URL of a Prefect server on the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            for _ in range(600):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2):
                        break
                except OSError:
                    time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/api"
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def _is_source(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and "expected-results" not in path.parts and (path.suffix in {".smk", ".py", ""} or path.name == "Snakefile")


def _environment(home: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LIGNIN_", "PREFECT_", "REDUN_", "SNAKEMAKE_"))}
    return own | {
        "HOME": str(home),
        "LIGNIN_HOME": str(home / "lignin"),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONHASHSEED": "0",
    }


def examine(engine: Engine, cases: Sequence[Case], *, environment: Mapping[str, str], seconds: float) -> list[Verdict]:
    """Compare each case and print a line of it."""
    found = []
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="bench-public-", ignore_cleanup_errors=True) as space:
            verdict = compare(engine, case, space=Path(space), environment=environment, seconds=seconds)
        found.append(verdict)
        word = "stopped" if verdict.code is None else f"exit {verdict.code}"
        print(f"{'SAME  ' if not verdict.differences else 'OTHER '} {verdict.name:<50} {word:<8} {verdict.tasks:>4} tasks{f', {verdict.unsteady} unsteady' if verdict.unsteady else ''}")
        for text in verdict.differences[:8]:
            print(f"         {text}")
        sys.stdout.flush()
    return found


def main() -> None:
    """Run what was asked for; leave with 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=["snakemake", "redun", "prefect"])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="names of cases")
    parser.add_argument("--seconds", type=float, default=120, help="after which a run is stopped, and its case not counted")
    parser.add_argument("--list", action="store_true", help="only say which there are")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-home-", ignore_cleanup_errors=True) as home:
        environment = _environment(Path(home))
        engine: Any
        if asked.engine == "prefect" and not asked.list:
            with server(environment) as api:
                engine = Prefect(asked.checkout, api=api)
                verdicts = examine(engine, _chosen(engine, asked.only), environment={**environment, "PREFECT_API_URL": api}, seconds=asked.seconds)
        else:
            engine = {"snakemake": Snakemake, "redun": Redun}[asked.engine](asked.checkout) if asked.engine != "prefect" else Prefect(asked.checkout, api="")
            cases = _chosen(engine, asked.only)
            if asked.list:
                print("\n".join(case.name for case in cases))
                return
            verdicts = examine(engine, cases, environment=environment, seconds=asked.seconds)
    counted = [verdict for verdict in verdicts if verdict.code is not None]
    other = [verdict.name for verdict in counted if verdict.differences]
    well = sum(verdict.code == 0 for verdict in counted)
    print(f"{len(verdicts)} tried, {len(verdicts) - len(counted)} stopped for their time; of {len(counted)}: {well} end well and {len(counted) - well} fail, {len(counted) - len(other)} the same with the adapter, {sum(v.tasks for v in counted)} tasks told; others: {', '.join(other) or 'none'}")
    sys.exit(bool(other))


def _chosen(engine: Any, names: Sequence[str]) -> list[Case]:
    return [case for case in engine.cases() if not names or case.name in names]


if __name__ == "__main__":
    main()
