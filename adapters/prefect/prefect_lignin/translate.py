"""From what Prefect says about a run to events: pure, and without Prefect.

A run is told in two steps. `begin` gives its start and the inputs that stand there; `finish` gives
what only the end can say: the results, the inputs that were held back, and how it ended.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lignin.base.redact import redact_text
from lignin.recording import (
    Code,
    Ended,
    Event,
    Produced,
    RunKey,
    RunStatus,
    Started,
    Used,
    encode_params,
)
from prefect_lignin.files import Sighting

__all__ = ["Closing", "Opening", "begin", "ended", "finish", "is_held_back", "status_of"]

# A parameter of such a name may be the place for a result, which an earlier run has left there.
_OUTPUT_NAME = re.compile(r"(?:^|_)(?:out|output|dest|destination|target|result|save|log|tmp|temp|work|scratch)", re.IGNORECASE)
# Coarse clocks of file systems, and of file servers, may run behind ours by so much.
_SLACK_NS = 1_000_000_000
_MAX_ERROR = 4096

_STATUS = {
    "COMPLETED": RunStatus.COMPLETED,
    "FAILED": RunStatus.FAILED,
    "CRASHED": RunStatus.CRASHED,
    "CANCELLED": RunStatus.CANCELLED,
    "CANCELLING": RunStatus.CANCELLED,
}
_NAMED_STATUS = {"Cached": RunStatus.CACHED, "RolledBack": RunStatus.ROLLED_BACK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A run that begins.

    Attributes:
        run: which attempt.
        name: Prefect's name for the run.
        at: when it began, aware.
        parent: the run that called it.
        code: what it executes.
        params: resolved values by name.
        files: files in the parameters, as they stand.
        info: ids, tags, links, as JSON.
        environment: of the process, as JSON; flow runs only.
    """

    run: RunKey
    name: str
    at: datetime
    parent: RunKey | None = None
    code: Code | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Sighting, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A run that ends.

    Attributes:
        status: its final status.
        at: when, aware.
        error: what went wrong.
        params: parameters that are known better now than at the start, or `None`.
        files: files in the parameters as they stand at the end.
        results: files in the result.
        info: what is added to the start's.
        reused: the run that computed a cached result.
    """

    status: RunStatus
    at: datetime
    error: str | None = None
    params: Mapping[str, Any] | None = None
    files: tuple[Sighting, ...] = ()
    results: tuple[Sighting, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)
    reused: RunKey | None = None


def status_of(state_type: str, state_name: str) -> RunStatus | None:
    """Prefect's state as a final status; `None` for a state that is not final."""
    status = _STATUS.get(state_type.upper())
    return _NAMED_STATUS.get(state_name, status) if status is RunStatus.COMPLETED else status


def begin(opening: Opening) -> Iterator[Event]:
    """The events of a start."""
    yield _started(opening)
    for seen in opening.files:
        if not is_held_back(seen):
            yield Used(run=opening.run, ref=seen.ref, role=seen.role)


def finish(opening: Opening, closing: Closing) -> Iterator[Event]:
    """The events of an end.

    A held-back or late input counts if it is still what it was when the run began. A file in the
    result counts as written if the file system has touched it since then: a task that lists files
    which were there before has not made them.
    """
    if closing.params is not None or closing.info:
        yield _retold(opening, closing)
    before = {seen.ref.uri: seen for seen in opening.files}
    written = [seen for seen in closing.results if _is_written(seen, before.get(seen.ref.uri), opening.at)]
    outputs = {seen.ref.uri for seen in written}
    for seen in closing.files:
        early = before.get(seen.ref.uri)
        if early is not None and not is_held_back(early):
            continue
        if seen.ref.uri not in outputs and _is_untouched(seen, early, opening.at):
            yield Used(run=opening.run, ref=seen.ref, role=seen.role)
    if closing.status is not RunStatus.CACHED:
        for seen in written:
            yield Produced(run=opening.run, ref=seen.ref, role=seen.role)
    yield ended(opening.run, closing)


def ended(run: RunKey, closing: Closing) -> Ended:
    """The end alone, for a run whose start this process has not seen."""
    error = redact_text(closing.error)[:_MAX_ERROR].replace("\0", "\\0") if closing.error else None
    return Ended(run=run, status=closing.status, at=_utc(closing.at), error=error, reused=closing.reused)


def _started(opening: Opening) -> Started:
    return Started(
        run=opening.run,
        name=opening.name,
        at=_utc(opening.at),
        parent=opening.parent,
        code=opening.code,
        params=encode_params(opening.params),
        info=opening.info,
        environment=opening.environment,
    )


def _retold(opening: Opening, closing: Closing) -> Started:
    """The start again with what the end knows. A microsecond later, since the latest telling counts."""
    params = opening.params if closing.params is None else closing.params
    info = {**opening.info, **closing.info}
    return _started(replace(opening, params=params, info=info, at=opening.at + timedelta(microseconds=1)))


def is_held_back(seen: Sighting) -> bool:
    """Whether only the end can tell an input from an output: folders, and parameters named like one."""
    return seen.is_folder or _OUTPUT_NAME.search(seen.role) is not None


def _is_written(seen: Sighting, early: Sighting | None, began: datetime) -> bool:
    if early is not None:
        return seen.changed_ns is not None and seen.changed_ns != early.changed_ns
    return seen.changed_ns is None or seen.changed_ns >= _nanoseconds(began) - _SLACK_NS


def _is_untouched(seen: Sighting, early: Sighting | None, began: datetime) -> bool:
    if seen.changed_ns is None:
        # Nobody has looked at a remote place: the name of its parameter must do.
        return not is_held_back(seen)
    if early is not None:
        return seen.ref == early.ref
    return seen.changed_ns < _nanoseconds(began)


def _nanoseconds(moment: datetime) -> int:
    return (_utc(moment) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _utc(moment: datetime) -> datetime:
    """A plain datetime in UTC; Prefect's own class writes ISO 8601 in its own way."""
    return datetime.fromtimestamp(moment.timestamp(), UTC)
