"""What the lines of a spool say together of each run, whatever order they came in, however often each was told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lignin.base.clock import from_iso
from lignin.recording import RunKey
from nextflow_lignin.lines import Line, distinct, moment, number, section, text

__all__ = ["ENGINE", "PipelineRun", "TaskRun", "executed", "gather", "hash_in_path", "pipeline_key", "task_key"]

ENGINE = "nextflow"
_FINAL = {"complete": 2, "cached": 1, "stored": 0}
_EMPTY: Line = {}


@dataclass(slots=True, kw_only=True)
class TaskRun:
    """One attempt of a task.

    Attributes:
        id: its hash, or `task-N` of one that was found in its `storeDir` and has none.
        submitted: the first line that speaks of it.
        final: the line of its end; `None` while it is open, or for ever.
        begun: a line of its start.
        opened: when it was last said to be under way; when it ended, where nothing else is known.
    """

    id: str
    submitted: Line
    opened: datetime
    final: Line | None = None
    begun: Line | None = None

    @property
    def known(self) -> Line:
        """The line that says most."""
        return self.final or self.begun or self.submitted


@dataclass(slots=True, kw_only=True)
class PipelineRun:
    """One run of a pipeline.

    Attributes:
        session_id, name: what Nextflow calls it; a resumed run keeps the session.
        started_at: when it began.
        last: when its latest line was written.
        create, begin: the lines of these types; empty where there are none.
        ends: lines `run.complete`, the first one first.
        errors: lines `run.error`.
        exit: the line `run.exit`, if there is one.
        processes: lines by the process's full name.
        sources: the text of a process's body by its SHA-256.
        tasks: by their ids.
        publishes, outputs: lines of these types.
        lost: how many events the plug-in could not keep.
    """

    session_id: str
    name: str
    started_at: datetime
    last: datetime
    create: Line = field(default_factory=dict)
    begin: Line = field(default_factory=dict)
    ends: list[Line] = field(default_factory=list)
    errors: list[Line] = field(default_factory=list)
    exit: Line = field(default_factory=dict)
    processes: dict[str, Line] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, TaskRun] = field(default_factory=dict)
    publishes: list[Line] = field(default_factory=list)
    outputs: list[Line] = field(default_factory=list)
    lost: int = 0

    @property
    def key(self) -> RunKey:
        """Its name in every catalogue."""
        return pipeline_key(self.session_id, self.name)

    @property
    def has_ended(self) -> bool:
        """Whether Nextflow said its end."""
        return bool(self.ends or self.exit)

    @property
    def is_silent(self) -> bool:
        """Whether nothing can follow, by what was said: tasks may end after the pipeline has."""
        return bool(self.exit or self.create.get("imported"))

    def take(self, line: Line) -> None:
        """Take in one line; those of Nextflow itself come before those that were read from its stores."""
        match line["type"]:
            case "run.create":
                self.create = self.create or line
            case "run.begin":
                self.begin = self.begin or line
            case "run.complete":
                self.ends.append(line)
            case "run.error":
                self.errors.append(line)
            case "run.exit":
                self.exit = self.exit or line
            case "process":
                self._take_process(line)
            case "task":
                self._take_task(line)
            case "publish":
                self.publishes.append(line)
            case "output":
                self.outputs.append(line)
            case "spool.lost":
                self.lost += number(line, "count") or 0

    def _take_process(self, line: Line) -> None:
        name, sha, source = text(line, "name"), text(line, "sourceSha256"), text(line, "source")
        if name:
            self.processes.setdefault(name, line)
        if sha and source:
            self.sources.setdefault(sha, source)

    def _take_task(self, line: Line) -> None:
        at = moment(line)
        own = text(line, "hash") or (f"task-{line['taskId']}" if number(line, "taskId") is not None else None)
        if own is None or at is None:
            return
        task = self.tasks.setdefault(own, TaskRun(id=own, submitted=line, opened=at))
        state = text(line, "state")
        if state in {"submit", "start"}:
            task.opened = at if text(task.submitted, "state") in _FINAL else max(task.opened, at)
        if state in _FINAL:
            if task.final is None or (_FINAL[state] > _FINAL[str(task.final["state"])] and not line.get("imported")):
                task.final = line
        elif state == "start":
            task.begun = task.begun or line

    def task_of(self, path: str) -> TaskRun | None:
        """The task in whose work folder a path lies."""
        found = hash_in_path(path)
        return self.tasks.get(found) if found else None


def gather(lines: Iterable[Line]) -> tuple[PipelineRun, ...]:
    """All runs that the lines speak of, the earliest first."""
    runs: dict[tuple[str, str], PipelineRun] = {}
    for line in distinct(lines):
        told = section(line, "run")
        key = told["sessionId"], told["runName"]
        at, started = moment(line), from_iso(told["startedAt"])
        run = runs.setdefault(key, PipelineRun(session_id=key[0], name=key[1], started_at=started, last=started))
        if at is not None and not line.get("imported"):
            run.last = max(run.last, at)
        run.take(line)
    return tuple(sorted(runs.values(), key=lambda run: (run.started_at, run.session_id, run.name)))


def pipeline_key(session_id: str, name: str) -> RunKey:
    """The run of a pipeline. Nextflow gives a name once per folder, and a session belongs to one folder."""
    return RunKey(engine=ENGINE, scope=session_id, id=name)


def task_key(run: RunKey, task_id: str) -> RunKey:
    """The run of a task's attempt: each attempt has a hash of its own."""
    return RunKey(engine=ENGINE, scope=f"{run.scope}/{run.id}", id=task_id)


def hash_in_path(path: str) -> str | None:
    """The hash of the task in whose work folder a path lies: two and thirty hexadecimal digits, the last such pair."""
    found = None
    steps = path.split("/")
    for above, first, second in zip(["", *steps], steps, steps[1:], strict=False):
        # `work/tmp/ab/…` holds files that are of no task.
        if len(first) == 2 and len(second) == 30 and above != "tmp" and _is_hex(first + second):
            found = first + second
    return found


def _is_hex(word: str) -> bool:
    return all(sign in "0123456789abcdef" for sign in word)


def executed(run: PipelineRun) -> Iterator[tuple[str, RunKey]]:
    """The tasks that a run has really computed, by their hashes."""
    for task in run.tasks.values():
        final: Mapping[str, object] = task.final or _EMPTY
        if final.get("state") == "complete" and not final.get("failed") and not final.get("aborted"):
            yield task.id, task_key(run.key, task.id)
