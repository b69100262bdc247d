"""What Prefect's store says of a run, read as attempts: pure, and without Prefect.

Prefect counts an attempt each time a run enters `Running`; the states that a run went through say how each attempt
ended. For a run of one attempt the run's own row says as much.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from lignin.recording import RunStatus
from prefect_lignin.translate import status_of

__all__ = ["Asset", "Attempt", "Row", "State", "attempts", "needs_states"]

# How Prefect words an exception in the message of a state.
_EXCEPTION = re.compile(r"(?:(?:Flow|Task) run encountered an exception|Validation of flow parameters failed with error):? (.+)", re.DOTALL)
_FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
_GOOD = {RunStatus.COMPLETED, RunStatus.CACHED, RunStatus.ROLLED_BACK}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state of a run.

    Attributes:
        type, name, message: Prefect's own.
        at: when it was entered.
        place: where the result is kept, if it is.
        block: id of the storage that `place` is in; `None` for the local disk.
    """

    type: str
    name: str
    at: datetime
    message: str | None = None
    place: str | None = None
    block: str | None = None

    @classmethod
    def parse(cls, payload: Mapping[str, Any]) -> Self:
        """Read what the API gives."""
        data = payload.get("data")
        kept = data if isinstance(data, Mapping) else {}
        return cls(
            type=payload["type"],
            name=payload["name"] or payload["type"].capitalize(),
            at=datetime.fromisoformat(payload["timestamp"]),
            message=payload.get("message") or None,
            place=kept.get("storage_key"),
            block=kept.get("storage_block_id"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A flow run or a task run, as the API lists it.

    Attributes:
        id: Prefect's.
        name: of the run.
        what: flow id, or task key.
        began: when it first entered `Running`, or came to an end without.
        run_count: how often it did.
        state: in which it is.
        tags: sorted.
        flow_run_id: of a task run, the flow run it belongs to.
        flow_attempt: which attempt of that; 0 for a task outside of flows.
        caller: id of the task run that called this task or subflow.
        place_in_flow: id of the task run that stands in for a subflow.
        stands_for: id of the subflow that this task run stands in for.
        dynamic_key: what Prefect tells runs of the same task apart by.
        version: of the flow.
        deployment_id: of a flow run.
        params: of a flow run, as JSON.
    """

    id: str
    name: str
    what: str
    began: datetime | None
    run_count: int
    state: State
    tags: tuple[str, ...] = ()
    flow_run_id: str | None = None
    flow_attempt: int = 0
    caller: str | None = None
    place_in_flow: str | None = None
    stands_for: str | None = None
    dynamic_key: str = ""
    version: str | None = None
    deployment_id: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, payload: Mapping[str, Any]) -> Self | None:
        """Read what the API gives; `None` for a run that has no state yet."""
        if not payload.get("state"):
            return None
        state = payload["state"]
        is_task = "task_key" in payload
        callers = (payload.get("task_inputs") or {}).get("__parents__") or ()
        return cls(
            id=payload["id"],
            name=payload["name"],
            what=payload["task_key"] if is_task else payload["flow_id"],
            began=datetime.fromisoformat(payload["start_time"]) if payload.get("start_time") else None,
            run_count=payload.get("run_count") or 0,
            state=State.parse(state),
            tags=tuple(sorted(payload.get("tags") or ())),
            flow_run_id=payload.get("flow_run_id"),
            flow_attempt=payload.get("flow_run_run_count") or 0,
            caller=next((parent["id"] for parent in callers if parent.get("id")), None),
            place_in_flow=payload.get("parent_task_run_id"),
            stands_for=(state.get("state_details") or {}).get("child_flow_run_id"),
            dynamic_key=payload.get("dynamic_key") or "",
            version=payload.get("flow_version"),
            deployment_id=payload.get("deployment_id"),
            params=payload.get("parameters") or {},
        )

    @property
    def is_task(self) -> bool:
        """Whether it is a task run."""
        return bool(self.dynamic_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A task run's word on an asset.

    Attributes:
        key: the asset's URI.
        task_run_id: who says so.
        at: when.
        is_made: it was written, not read.
    """

    key: str
    task_run_id: str
    at: datetime
    is_made: bool

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Self | None:
        """Read one of Prefect's events; `None` for one that says something else, or nothing of a task run."""
        kind = event["event"].removeprefix("prefect.asset.")
        related = (item["prefect.resource.id"] for item in event["related"] if item.get("prefect.resource.role") == "task-run")
        own = next((name.removeprefix("prefect.task-run.") for name in related), None)
        if own is None or kind not in {"materialization.succeeded", "referenced"}:
            return None
        return cls(key=event["resource"]["prefect.resource.id"], task_run_id=own, at=datetime.fromisoformat(event["occurred"]), is_made=kind != "referenced")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a run.

    Attributes:
        number: counted from 1.
        began: when.
        status: how it ended; `None` if the store has it open.
        ended: when.
        error: what went wrong, as far as the store says.
        place: where its result is kept.
        block: the storage of that.
    """

    number: int
    began: datetime
    status: RunStatus | None = None
    ended: datetime | None = None
    error: str | None = None
    place: str | None = None
    block: str | None = None


def needs_states(row: Row) -> bool:
    """Whether only the states that a run went through tell its attempts."""
    return row.run_count > 1 or (row.run_count == 1 and row.state.type not in {*_FINAL, "RUNNING"})


def attempts(row: Row, states: Iterable[State] | None = None) -> tuple[Attempt, ...]:
    """The attempts of a run, oldest first; none for a run that has not begun.

    Args:
        row: the run.
        states: those it went through, where `needs_states`.
    """
    if states is not None:
        return _told_by(sorted(states, key=lambda state: state.at))
    if row.run_count == 0:
        # A task that never ran is no run; a flow that could not begin is a failed one.
        return () if row.is_task or row.state.type not in _FINAL else (_ended(Attempt(number=1, began=row.state.at), row.state),)
    attempt = Attempt(number=1, began=row.began or row.state.at)
    return (_ended(attempt, row.state),) if row.state.type in _FINAL else (attempt,)


def _told_by(states: Sequence[State]) -> tuple[Attempt, ...]:
    found: list[Attempt] = []
    paused: State | None = None
    count, error = 0, None
    for state in states:
        if state.type == "RUNNING":
            count += 1
            if paused is not None and found and found[-1].status is None:
                paused = None
                continue
            if found and found[-1].status is None:
                found[-1] = replace(found[-1], status=RunStatus.FAILED, ended=state.at, error=error)
            found.append(Attempt(number=count, began=state.at))
            error = None
        elif state.type == "PAUSED":
            paused = state
        elif state.type in _FINAL:
            begun = found or [Attempt(number=1, began=state.at)]
            found = [*begun[:-1], _ended(begun[-1], state)]
        elif found and found[-1].status is None:
            if paused is not None:
                # Suspended: its process has left, and another one takes over.
                found[-1] = replace(found[-1], status=RunStatus.CANCELLED, ended=paused.at, error=_words(paused))
                paused = None
            error = _error(state) if state.message else None
    return tuple(found)


def _ended(attempt: Attempt, state: State) -> Attempt:
    status = status_of(state.type, state.name)
    if status is None:
        return attempt
    error = None if status in _GOOD else _error(state)
    return replace(
        attempt, status=status, ended=max(state.at, attempt.began), error=error, place=state.place or attempt.place, block=state.block or attempt.block
    )


def _error(state: State) -> str:
    """What the live hook says of the same failure."""
    worded = _EXCEPTION.fullmatch(state.message or "") if state.name in {"Failed", "AwaitingRetry"} else None
    return worded[1] if worded else _words(state)


def _words(state: State) -> str:
    return f"{state.name}: {state.message}" if state.message else state.name
