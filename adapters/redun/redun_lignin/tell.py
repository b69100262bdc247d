"""What a reading of redun's database says, as events."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from lignin.recording import Ended, Event, Produced, RunKey, RunStatus, Used
from redun_lignin.database import Reading
from redun_lignin.translate import (
    BARE,
    FULL,
    WHOLE,
    Account,
    Execution,
    Found,
    Job,
    commands,
    ended_execution,
    ended_job,
    inputs,
    is_helper,
    outputs,
    root_of,
    run_key,
    started_execution,
    started_job,
)
from redun_lignin.values import sight

__all__ = ["Closing", "claims", "tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How an execution ended that redun's database has open, and with it its open jobs.

    Attributes:
        status: cancelled, failed, or crashed.
        at: when.
        error: why, where somebody knows.
    """

    status: RunStatus
    at: datetime
    error: str | None = None


def tell(
    reading: Reading, *, hidden: bool, closing: Closing | None, begun: Collection[str] = (), told: Collection[str] = ()
) -> Iterator[Event]:
    """All events of an execution.

    Args:
        reading: what the database has.
        hidden: redun's helper tasks are part of their callers.
        begun: ids of jobs whose own inputs were told already.
        told: ids of jobs whose files and ends were told already.
        closing: for an execution that is over and has no end there; `None` leaves it open.
    """
    execution = reading.execution
    known = FULL if execution.environment else WHOLE
    yield started_execution(execution, shift=known if execution.root.params is not None else BARE)
    for job in reading.jobs.values():
        if not (hidden and is_helper(job.task.name)):
            yield _start(reading, job, hidden=hidden)
            if job.id not in told:
                yield from _rest(reading, job, is_begun=job.id in begun, closing=_end_of(execution, job, closing))
    # What helpers did for nobody was done for the execution.
    below = [reading.accounts[job.id] for job in reading.jobs.values() if job.parent_id not in reading.jobs]
    if hidden and is_helper(execution.root.task.name):
        bare = replace(execution.root, files_in=(), files_out=())
        yield from claims(run=run_key(execution.id), read=inputs(bare, below), written=outputs(bare, below), at=_end(execution.root, closing))
    if execution.root.ended_at is not None:
        yield ended_execution(execution)
    elif closing is not None:
        yield Ended(run=run_key(execution.id), status=closing.status, at=closing.at, error=closing.error)


def claims(*, run: RunKey, read: Collection[Found], written: Collection[Found], at: datetime | None) -> Iterator[Event]:
    """A run's files as they stand. `at` is the moment by which they stood as redun says, `None` for now."""
    for found in read:
        if (ref := sight(found, at=at)) is not None:
            yield Used(run=run, ref=ref, role=found.role)
    for found in written:
        if (ref := sight(found, at=at)) is not None:
            yield Produced(run=run, ref=ref, role=found.role)


def _start(reading: Reading, job: Job, *, hidden: bool) -> Event:
    return started_job(
        job,
        execution_id=reading.execution.id,
        parent_id=root_of(job, reading.jobs, hidden=hidden),
        reference=reading.execution.reference,
        shell=commands(_below(reading, job)),
        shift=BARE if job.params is None else WHOLE,
    )


def _rest(reading: Reading, job: Job, *, is_begun: bool, closing: Closing | None) -> Iterator[Event]:
    below, at = _below(reading, job), _end(job, closing)
    if at is not None:
        read = inputs(job, below)
        if is_begun:
            own = {found.identity for found in job.files_in if found.hash}
            read = tuple(found for found in read if found.identity not in own)
        yield from claims(run=run_key(job.id), read=read, written=outputs(job, below), at=at)
    origin = reading.origins.get(job.id)
    if job.ended_at is None:
        if closing is not None:
            yield Ended(run=run_key(job.id), status=closing.status, at=max(closing.at, job.started_at), error=closing.error)
        return
    if origin in reading.unended:
        # Its own end came too late to say what it has written.
        written = outputs(replace(job, cached=False), below)
        yield from claims(run=run_key(origin), read=(), written=written, at=job.ended_at)
    yield ended_job(job, reused=run_key(origin) if origin else None)


def _below(reading: Reading, job: Job) -> list[Account]:
    return [reading.accounts[inner.id] for inner in reading.below.get(job.id, ())]


def _end(job: Job, closing: Closing | None) -> datetime | None:
    return job.ended_at or (closing.at if closing else None)


def _end_of(execution: Execution, job: Job, closing: Closing | None) -> Closing | None:
    """How an open job ended: with an execution that failed beside it, it was cancelled."""
    root = execution.root
    if root.ended_at is None:
        return closing
    return Closing(status=RunStatus.CANCELLED, at=max(root.ended_at, job.started_at), error="its execution had ended")
