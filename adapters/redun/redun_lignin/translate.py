"""From what redun says of executions and jobs to events: pure, and without redun.

redun's own helper tasks (namespace `redun`: `script`, `copy_file`, `map_`, …) are part of the task
that called them: what they read and wrote is told of that one. A file bubbles up through the
results of its callers; it was written by the deepest job that returned it and did not receive it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lignin.base.redact import REDACTED, is_secret_name, redact_text
from lignin.recording import (
    Code,
    Ended,
    RunKey,
    RunStatus,
    Started,
    encode_params,
    encode_value,
    stored_source,
)

__all__ = [
    "Account", "Execution", "Found", "Job", "TaskCode", "account", "ended_execution", "ended_job", "inputs", "is_helper",
    "outputs", "root_of", "run_key", "started_execution", "started_job",
]  # fmt: skip

# Who knows more tells a start a microsecond later, so that it counts whenever it is told: redun's database of an
# open job, which has no arguments; a hook at the start; either at the end; a hook that knows the process, too.
BARE, LIVE, WHOLE, FULL = (timedelta(microseconds=n) for n in (-2, -1, 0, 1))
SCRIPT, SUBRUN, ROOT = "redun.script", "redun.subrun_root_task", "redun.root_task"
_READERS = {SCRIPT, "redun.copy_file", "redun.copy_dir", "redun.render_template"}
_SHORTEST_SECRET = 6
_MAX_ERROR = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file in an argument or result.

    Attributes:
        role: parameter name, or key in a dict of results; may be empty.
        path: as redun has it.
        hash: redun's own hash of it, which tells versions apart; empty for a staged file's place.
        value: redun's object.
    """

    role: str
    path: str
    hash: str
    value: Any = field(default=None, compare=False, repr=False)

    @property
    def identity(self) -> tuple[str, str]:
        """What makes it the same file in the same state."""
        return self.path, self.hash


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCode:
    """A task as redun keeps it: full name, hash, source and the version its author gave."""

    name: str
    hash: str
    source: str
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job, as far as it is known.

    Attributes:
        id: redun's id, unique everywhere.
        parent_id: the job that called it.
        task: what it executes.
        started_at: when redun started it, or found it in the cache.
        ended_at: when it ended; `None` while it is open, or for ever.
        cached: its result came from the cache.
        params: arguments by the names in the signature; `None` where redun has not kept them (yet).
        files_in: files in the arguments.
        files_out: files in the result.
        failure: what went wrong; `None` for a job that did not fail.
        tags: pairs of key and value.
    """

    id: str
    parent_id: str | None
    task: TaskCode
    started_at: datetime
    ended_at: datetime | None = None
    cached: bool = False
    params: Mapping[str, Any] | None = None
    files_in: tuple[Found, ...] = ()
    files_out: tuple[Found, ...] = ()
    failure: str | None = None
    tags: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run of a workflow.

    Attributes:
        id: redun's id, unique everywhere.
        argv: the command, or `scheduler.run` with the expression.
        root: its first job.
        reference: where the database is, within which tasks have their names.
        tags: user, project, version and those of the user.
        parent: the run that started this process; live only.
        environment: of the process; live only.
    """

    id: str
    argv: tuple[str, ...]
    root: Job
    reference: str | None
    tags: tuple[tuple[str, Any], ...] = ()
    parent: RunKey | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a job and all below it amount to.

    Attributes:
        returned: identities of all files that were returned or written there.
        read: files that helpers have read, for the first task above them.
        written: files that helpers have written, likewise.
        commands: shell texts that helpers have run.
        is_partial: a scheduler of its own ran below, whose jobs are in redun's database only.
    """

    returned: frozenset[tuple[str, str]] = frozenset()
    read: tuple[Found, ...] = ()
    written: tuple[Found, ...] = ()
    commands: tuple[str, ...] = ()
    is_partial: bool = False


def run_key(own_id: str) -> RunKey:
    """The key of an execution or job. redun's ids are unique everywhere, so there is no scope."""
    return RunKey(engine="redun", scope="", id=own_id)


def is_helper(name: str) -> bool:
    """Whether a task, by its full name, is one of redun's own; `redun.examples.x` is a user's."""
    return name.startswith("redun.") and name.count(".") == 1


def root_of(job: Job, jobs: Mapping[str, Job], *, hidden: bool) -> str | None:
    """The id of the nearest job above that is a run of its own; `None` for the execution itself."""
    above = jobs.get(job.parent_id or "")
    while above is not None and hidden and is_helper(above.task.name):
        above = jobs.get(above.parent_id or "")
    return above.id if above else None


# --- files -----------------------------------------------------------------------------------


def account(job: Job, below: Iterable[Account], *, hidden: bool) -> Account:
    """What a job amounts to, from the accounts of the jobs that it called."""
    sums = _sum(below)
    partial = sums.is_partial or job.task.name == SUBRUN
    results = frozenset(f.identity for f in job.files_out if f.hash)
    if hidden and is_helper(job.task.name):
        made = () if job.cached else _fresh(job, sums)
        commands = sums.commands
        if job.task.name == SCRIPT and job.params and not job.cached:
            commands = (*commands, str(job.params.get("command", "")))
        read = tuple(f for f in job.files_in if f.hash) if job.task.name in _READERS and not job.cached else ()
        return Account(
            # What a helper passes on was not made by its caller; what it made is the caller's to tell.
            returned=sums.returned | (results if job.cached else frozenset()),
            read=(*sums.read, *read),
            written=(*sums.written, *made),
            commands=commands,
            is_partial=partial,
        )
    return Account(returned=sums.returned | results | {f.identity for f in sums.written}, is_partial=partial)


def inputs(job: Job, below: Iterable[Account]) -> tuple[Found, ...]:
    """The files that a job was given, and those that helpers have read for it."""
    sums = _sum(below)
    made = {f.identity for f in sums.written}
    places = {f.path for f in (*sums.written, *job.files_out)}
    # A staged file may stand for an input or for the place of an output.
    own = tuple(f for f in job.files_in if f.hash or f.path not in places)
    return _distinct((*own, *(f for f in sums.read if f.identity not in made)))


def outputs(job: Job, below: Iterable[Account]) -> tuple[Found, ...]:
    """The files that a job has written, itself or through helpers."""
    sums = _sum(below)
    return _distinct((*(() if job.cached else _fresh(job, sums)), *sums.written))


def commands(below: Iterable[Account]) -> tuple[str, ...]:
    """The shell texts that a job has run through helpers."""
    return _sum(below).commands


def _fresh(job: Job, sums: Account) -> tuple[Found, ...]:
    given = {f.identity for f in job.files_in}
    known = sums.returned | given | {f.identity for f in sums.written}
    return tuple(f for f in job.files_out if f.hash and f.identity not in known)


def _sum(accounts: Iterable[Account]) -> Account:
    listed = list(accounts)
    return Account(
        returned=frozenset().union(*(a.returned for a in listed)),
        read=tuple(f for a in listed for f in a.read),
        written=tuple(f for a in listed for f in a.written),
        commands=tuple(text for a in listed for text in a.commands),
        is_partial=any(a.is_partial for a in listed),
    )


def _distinct(files: Iterable[Found]) -> tuple[Found, ...]:
    found: dict[tuple[str, str], Found] = {}
    for file in files:
        found.setdefault(file.identity, file)
    return tuple(found.values())


# --- events ----------------------------------------------------------------------------------


def started_job(
    job: Job, *, execution_id: str, parent_id: str | None, reference: str | None, shell: Sequence[str] = (), shift: timedelta = WHOLE
) -> Started:
    """A job's start; `shift` says how much is known of it."""
    secrets = _secrets(job.params or {})
    info: dict[str, Any] = {"execution": execution_id, "task_hash": job.task.hash, "task_version": job.task.version}
    if shell:
        info["shell"] = [_conceal(str(encode_value(text)), secrets) for text in shell]
    if job.tags:
        info["tags"] = _plain_tags(job.tags)
    return Started(
        run=run_key(job.id),
        name=job.task.name,
        at=job.started_at + shift,
        parent=run_key(parent_id or execution_id),
        code=_code(job.task, kind="task", key=job.task.name, reference=reference),
        params=encode_params(job.params or {}),
        info=info,
    )


def ended_job(job: Job, *, reused: RunKey | None = None) -> Ended:
    """The end of a job that has one."""
    assert job.ended_at is not None
    if job.failure is not None:
        return Ended(run=run_key(job.id), status=RunStatus.FAILED, at=job.ended_at, error=_error(job))
    status = RunStatus.CACHED if job.cached else RunStatus.COMPLETED
    return Ended(run=run_key(job.id), status=status, at=job.ended_at, reused=reused if job.cached else None)


def started_execution(execution: Execution, *, shift: timedelta = WHOLE) -> Started:
    """An execution's start: its name, code and parameters are those of the task that it runs."""
    root, script = execution.root, _script_of(execution.argv)
    params = {} if root.task.name == ROOT else root.params or {}
    info: dict[str, Any] = {"execution": execution.id, "command": encode_value(list(execution.argv))}
    if execution.tags:
        info["tags"] = _plain_tags(execution.tags)
    return Started(
        run=run_key(execution.id),
        name=script if root.task.name == ROOT else root.task.name,
        at=root.started_at + shift,
        parent=execution.parent,
        code=_code(root.task, kind="workflow", key=f"{script}::{root.task.name}", reference=execution.reference),
        params=encode_params(params),
        info=info,
        environment=execution.environment,
    )


def ended_execution(execution: Execution) -> Ended:
    """The end of an execution whose first job has ended: that from the cache is a completed one."""
    root = execution.root
    assert root.ended_at is not None
    status = RunStatus.COMPLETED if root.failure is None else RunStatus.FAILED
    return Ended(run=run_key(execution.id), status=status, at=root.ended_at, error=_error(root))


def _script_of(argv: Sequence[str]) -> str:
    """The workflow's file in `redun run [options] wf.py task …`, else how it was called."""
    script = next((word for word in argv[1:] if word.endswith(".py")), "")
    return script.replace("\\", "/").rpartition("/")[2] or (argv[0].rpartition("/")[2] if argv else "") or "redun"


def _code(task: TaskCode, *, kind: str, key: str, reference: str | None) -> Code:
    return Code(kind=kind, key=key, hash=task.hash, source=stored_source(task.source) if task.source else None, reference=reference)


def _error(job: Job) -> str | None:
    if job.failure is None:
        return None
    return _conceal(redact_text(job.failure), _secrets(job.params or {}))[:_MAX_ERROR].replace("\0", "\\0")


def _secrets(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Values of secret parameters, which commands and errors may repeat; the longest first."""
    found = {v for name, v in _leaves(params) if isinstance(v, str) and len(v) >= _SHORTEST_SECRET and is_secret_name(name)}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def _leaves(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves({str(key): inner for key, inner in value.items()})
        else:
            yield name, value


def _conceal(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return text


def _plain_tags(tags: Iterable[tuple[str, Any]]) -> list[list[Any]]:
    return sorted(([str(key), encode_value(value, name=str(key))] for key, value in tags), key=repr)
