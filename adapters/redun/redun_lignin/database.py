"""Executions, read from redun's own database: what a live hook has not seen, and what ran before it was there.

Values are read as `redun log` reads them: a class that can't be imported here is shown by its attributes.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from redun.backends.db import Argument, CallNode, Tag, Value
from redun.backends.db import Execution as ExecutionRow
from redun.backends.db import Job as JobRow
from redun.backends.db import Task as TaskRow
from sqlalchemy.orm import Session

from redun_lignin.translate import Account, Execution, Job, TaskCode, account
from redun_lignin.values import bind, failure_of, files_in, params_of

__all__ = ["Reading", "executions", "last_sign", "read_execution"]

_CHUNK = 200
_ERROR = "redun.ErrorValue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One execution with all that redun knows of it.

    Attributes:
        execution: itself.
        jobs: all of its jobs by id.
        below: by id of a job, or `None`, the jobs that it called, in the order in which they began.
        accounts: by id, what a job and all below it amount to.
        origins: by id of a cached job, the job that computed its result, where that is certain.
        unended: origins that have no end: their execution was killed after the result was in the cache.
    """

    execution: Execution
    jobs: Mapping[str, Job]
    below: Mapping[str | None, Sequence[Job]]
    accounts: Mapping[str, Account]
    origins: Mapping[str, str]
    unended: frozenset[str] = frozenset()


def executions(session: Session, *, since: datetime | None) -> list[str]:
    """The ids of all executions that began at or after `since`, oldest first."""
    rows = session.query(ExecutionRow.id, JobRow.start_time).join(JobRow, ExecutionRow.job_id == JobRow.id)
    return [own for own, begun in sorted(rows, key=lambda row: (row[1], row[0])) if since is None or begun >= since]


def read_execution(
    session: Session, execution_id: str, *, reference: str | None, hidden: bool, known: Mapping[str, Job] | None = None
) -> Reading | None:
    """All that redun's database has of one execution; `None` for one that has no job in it.

    Args:
        session: of redun's backend.
        execution_id: which.
        reference: where the database is.
        hidden: redun's helper tasks are part of their callers.
        known: jobs that need not be read, as they were seen.
    """
    row = session.get(ExecutionRow, execution_id)
    rows = session.query(JobRow).filter(JobRow.execution_id == execution_id).order_by(JobRow.start_time, JobRow.id).all()
    if row is None or not rows:
        return None
    tags = _tags(session, [execution_id, *(str(r.id) for r in rows)])
    jobs = _jobs(session, rows, known or {}, tags)
    root = jobs.get(str(row.job_id)) or jobs[str(rows[0].id)]
    below = arrange(jobs.values())
    origins, unended = _origins(session, [r for r in rows if r.cached and r.end_time is not None])
    return Reading(
        execution=Execution(
            id=execution_id, argv=_argv(row.args), root=root, reference=reference, tags=tags.get(execution_id, ())
        ),
        jobs=jobs,
        below=below,
        accounts=_accounts(jobs, below, hidden=hidden),
        origins=origins,
        unended=unended,
    )


def last_sign(session: Session, reading: Reading) -> datetime:
    """The last moment at which an execution was alive for certain."""
    row = session.get(ExecutionRow, reading.execution.id)
    beat: datetime | None = row.updated_time if row is not None else None
    moments = [m for job in reading.jobs.values() for m in (job.started_at, job.ended_at) if m is not None]
    return max(*moments, beat) if beat is not None else max(moments)


def arrange(jobs: Iterable[Job]) -> dict[str | None, list[Job]]:
    """Jobs by the one that called them, in the order in which they began."""
    below: dict[str | None, list[Job]] = defaultdict(list)
    for job in sorted(jobs, key=lambda job: (job.started_at, job.id)):
        below[job.parent_id].append(job)
    return below


def _accounts(jobs: Mapping[str, Job], below: Mapping[str | None, Sequence[Job]], *, hidden: bool) -> dict[str, Account]:
    found: dict[str, Account] = {}
    # Callers first, then backwards; recursion would end where a workflow's does not.
    order = [job for job in jobs.values() if job.parent_id not in jobs]
    for job in order:
        order.extend(below.get(job.id, ()))
    for job in reversed(order):
        found[job.id] = account(job, (found[inner.id] for inner in below.get(job.id, ())), hidden=hidden)
    return found


def _argv(text: Any) -> tuple[str, ...]:
    try:
        words = json.loads(text)
    except (TypeError, ValueError):
        words = [str(text)]
    return tuple(str(word) for word in words) if isinstance(words, list) else (str(words),)


def _jobs(
    session: Session, rows: Sequence[Any], known: Mapping[str, Job], tags: Mapping[str, tuple[tuple[str, Any], ...]]
) -> dict[str, Job]:
    codes = _codes(session, {str(row.task_hash) for row in rows})
    unread = [row for row in rows if row.id not in known]
    found: dict[str, Job] = {}
    for begin in range(0, len(unread), _CHUNK):
        chunk = unread[begin : begin + _CHUNK]
        found |= _read_jobs(session, chunk, codes)
    return {own: replace(known.get(own) or found[own], tags=tags.get(own, ())) for own in (str(row.id) for row in rows)}


def _read_jobs(session: Session, rows: Sequence[Any], codes: Mapping[str, TaskCode]) -> dict[str, Job]:
    hashes = {str(row.call_hash) for row in rows if row.call_hash}
    nodes = {node.call_hash: node for node in session.query(CallNode).filter(CallNode.call_hash.in_(hashes))}
    given: dict[str, list[Any]] = defaultdict(list)
    for argument in session.query(Argument).filter(Argument.call_hash.in_(hashes)):
        given[str(argument.call_hash)].append(argument)
    wanted = {str(n.value_hash) for n in nodes.values()} | {str(a.value_hash) for listed in given.values() for a in listed}
    values = {value.value_hash: value for value in _in(session, Value, Value.value_hash, wanted)}
    found = {str(row.id): _job(row, codes[str(row.task_hash)], nodes.get(row.call_hash), given, values) for row in rows}
    for value in values.values():
        # Each was read once, and may be large.
        session.expunge(value)
    return found


def _job(row: Any, code: TaskCode, node: Any, given: Mapping[str, Sequence[Any]], values: Mapping[Any, Any]) -> Job:
    job = Job(
        id=str(row.id), parent_id=row.parent_id, task=code, started_at=row.start_time, ended_at=row.end_time, cached=bool(row.cached)
    )
    if node is None:
        return job
    arguments = sorted(given[node.call_hash], key=lambda a: (a.arg_position is None, a.arg_position or 0, a.arg_key or ""))
    told = [(a, _value(values.get(a.value_hash))) for a in arguments]
    bound = bind(code.source, [v for a, v in told if a.arg_key is None], {a.arg_key: v for a, v in told if a.arg_key is not None})
    result = _value(values.get(node.value_hash))
    failure = failure_of(result)
    row_of_result = values.get(node.value_hash)
    if failure is None and row_of_result is not None and row_of_result.type == _ERROR:
        failure = "it failed with an error that can't be read here"
    return replace(
        job,
        params=params_of(bound),
        files_in=files_in(bound, task=code.name),
        files_out=() if failure is not None else files_in({"": result}),
        failure=failure,
    )


def _value(row: Any) -> Any:
    if row is None:
        return None
    try:
        return row.value_parsed
    except Exception as e:  # noqa: BLE001 - a user's class may raise anything while it is read back
        return f"<{row.type}, which can't be read here: {type(e).__name__}>"


def _codes(session: Session, hashes: Collection[str]) -> dict[str, TaskCode]:
    versions = {v.value_hash: v for v in _in(session, Value, Value.value_hash, hashes)}
    return {
        str(row.hash): TaskCode(
            name=row.fullname, hash=str(row.hash), source=row.source or "", version=getattr(_value(versions.get(row.hash)), "version", None)
        )
        for row in _in(session, TaskRow, TaskRow.hash, hashes)
    }


def _tags(session: Session, ids: Sequence[str]) -> dict[str, tuple[tuple[str, Any], ...]]:
    found: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for row in _in(session, Tag, Tag.entity_id, ids):
        if row.is_current:
            found[str(row.entity_id)].append((str(row.key), row.value))
    return {own: tuple(sorted(listed, key=repr)) for own, listed in found.items()}


def _origins(session: Session, cached: Sequence[Any]) -> tuple[dict[str, str], frozenset[str]]:
    """For cached jobs, those that computed their results; and which of these never ended.

    It is the latest before of the same task and arguments. Where there is none, a killed execution may have left
    the job open, and its result in the cache; it is told where it can be no other.
    """
    hashes = {str(row.call_hash) for row in cached if row.call_hash}
    calls = {str(n.call_hash): (str(n.task_hash), str(n.args_hash)) for n in _in(session, CallNode, CallNode.call_hash, hashes)}
    sources = _computed(session, sorted({args_hash for _, args_hash in calls.values()}))
    found: dict[str, str] = {}
    lost: list[tuple[Any, str]] = []
    for row in cached:
        if (call := calls.get(str(row.call_hash))) is None:
            continue
        before = [s for s in sources.get(call, ()) if s.id != row.id and s.end_time <= row.end_time]
        if before:
            found[str(row.id)] = str(max(before, key=lambda s: (s.call_hash == row.call_hash, s.end_time, s.id)).id)
        else:
            lost.append((row, call[0]))
    open_jobs = _open_jobs(session, {task_hash for _, task_hash in lost})
    unended = set()
    for row, task_hash in lost:
        left = [s for s in open_jobs[task_hash] if s.execution_id != row.execution_id and s.start_time < row.start_time]
        if len(left) == 1:
            found[str(row.id)] = str(left[0].id)
            unended.add(str(left[0].id))
    return found, frozenset(unended)


def _computed(session: Session, args: Sequence[str]) -> dict[tuple[str, str], list[Any]]:
    """The jobs that computed a result from any of these arguments, by hash of task and arguments."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for begin in range(0, len(args), _CHUNK):
        query = session.query(JobRow, CallNode.task_hash, CallNode.args_hash).join(CallNode, JobRow.call_hash == CallNode.call_hash)
        query = query.join(Value, CallNode.value_hash == Value.value_hash).filter(
            CallNode.args_hash.in_(args[begin : begin + _CHUNK]), JobRow.cached.is_(False), JobRow.end_time.isnot(None), Value.type != _ERROR
        )
        for row, task_hash, args_hash in query:
            found[str(task_hash), str(args_hash)].append(row)
    return found


def _open_jobs(session: Session, tasks: Collection[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    listed = sorted(tasks)
    for begin in range(0, len(listed), _CHUNK):
        for row in session.query(JobRow).filter(JobRow.task_hash.in_(listed[begin : begin + _CHUNK]), JobRow.end_time.is_(None)):
            found[str(row.task_hash)].append(row)
    return found


def _in(session: Session, model: Any, column: Any, keys: Iterable[Any]) -> Iterator[Any]:
    listed = sorted(keys)
    for begin in range(0, len(listed), _CHUNK):
        yield from session.query(model).filter(column.in_(listed[begin : begin + _CHUNK]))
