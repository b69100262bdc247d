"""What Prefect's store and the live hooks' notes say together, as events.

The notes go first: who saw a run knows more of it than the store. What they miss is told from the store, a
microsecond early, so that it never outdoes what was told live, also from elsewhere.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lignin.base.clock import now
from lignin.recording import Code, Event, Produced, RunKey, RunStatus, Used, hash_source
from prefect_lignin.account import Asset, Attempt, Row
from prefect_lignin.active import run_key
from prefect_lignin.files import look_at_uri
from prefect_lignin.notes import Notes
from prefect_lignin.origins import Origins
from prefect_lignin.translate import Closing, Opening, begin, ended

__all__ = ["Reading", "tell"]

_EARLY = timedelta(microseconds=1)
# A task's word may reach the server after the end of its flow.
_SETTLED = timedelta(minutes=10)
# Prefect makes such names up (`turquoise-ant`).
_MADE_UP = re.compile(r"[a-z]+-[a-z]+")
_DIGEST = re.compile(r"[0-9a-f]{32}")
_TASK_KEY = re.compile(r"(?P<function>.+)-[0-9a-f]{8}")
_BLANKED = "*" * 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the store has.

    Attributes:
        rows: flow runs and task runs by id, those that stand in for subflows as well.
        attempts: by id.
        assets: what task runs said of them, by id of the task run.
        flow_names: by id of the flow.
        link: where runs are shown to people.
    """

    rows: Mapping[str, Row]
    attempts: Mapping[str, tuple[Attempt, ...]]
    assets: Mapping[str, Sequence[Asset]] = field(default_factory=dict)
    flow_names: Mapping[str, str] = field(default_factory=dict)
    link: str | None = None


def tell(reading: Reading, notes: Notes, *, closing: bool) -> Iterator[Event]:
    """All events of the runs in a store.

    Args:
        reading: the store.
        notes: what was recorded live.
        closing: end the runs whose process is gone.
    """
    teller = _Teller(reading, notes, closing=closing)
    for row in reading.rows.values():
        if row.stands_for is None:
            yield from teller.run(row)
    for row in reading.rows.values():
        if not row.is_task:
            yield from teller.lost_tasks(row.id)


class _Teller:
    def __init__(self, reading: Reading, notes: Notes, *, closing: bool) -> None:
        self._reading = reading
        self._notes = notes
        self._closing = closing
        self._now = now()
        self._makers: dict[tuple[str | None, str], list[tuple[datetime, RunKey]]] = defaultdict(list)
        self._origins = Origins()
        for own, attempts in reading.attempts.items():
            for attempt in attempts:
                if attempt.place and attempt.ended and attempt.status is RunStatus.COMPLETED and reading.rows[own].is_task:
                    self._makers[attempt.block, attempt.place].append((attempt.ended, run_key(own, attempt.number)))

    def run(self, row: Row) -> Iterator[Event]:
        """All attempts of a run."""
        yield from self._notes.events.get(row.id, ())
        for attempt in self._reading.attempts[row.id]:
            key = run_key(row.id, attempt.number)
            if key not in self._notes.started:
                yield from begin(self._opening(row, attempt))
                yield from self._claims(row, attempt)
            if key in self._notes.ended:
                continue
            closing = self._closing_of(row, attempt)
            if closing is not None:
                yield ended(key, closing)

    def lost_tasks(self, flow_run_id: str) -> Iterator[Event]:
        """Task runs that were seen live, and of which the server has heard nothing before their process was gone."""
        for key in self._notes.in_flow(flow_run_id):
            if key.id in self._reading.rows and any(a.number == key.attempt for a in self._reading.attempts[key.id]):
                continue
            if key.id not in self._reading.rows:
                yield from (event for event in self._notes.events[key.id] if event.run == key)
            start = self._notes.started[key]
            flow = start.parent if start.parent is not None and start.parent.id == flow_run_id else None
            if key not in self._notes.ended and (closing := self._with_flow(flow_run_id, flow.attempt if flow else None, start.at)):
                yield ended(key, closing)

    def _claims(self, row: Row, attempt: Attempt) -> Iterator[Event]:
        """The assets in remote stores. What lies on a disk is told by the live hooks, who know on which machine it is."""
        for asset in self._reading.assets.get(row.id, ()):
            if self._attempt_at(row.id, asset.at) == attempt.number and not asset.key.startswith("file:"):
                seen = look_at_uri(asset.key, role="asset")
                if seen is not None:
                    kind = Produced if asset.is_made else Used
                    yield kind(run=run_key(row.id, attempt.number), ref=seen.ref, role=seen.role)

    # --- starts ---

    def _opening(self, row: Row, attempt: Attempt) -> Opening:
        name = self._name(row)
        return Opening(
            run=run_key(row.id, attempt.number),
            name=name,
            at=attempt.began - _EARLY,
            parent=self._parent(row),
            code=self._notes.code(row.what, row.version) or self._code(row),
            params={key: "***" if value == _BLANKED else value for key, value in row.params.items()},
            info=self._task_info(row, attempt, name) if row.is_task else self._flow_info(row, attempt),
        )

    def _name(self, row: Row) -> str:
        if not row.is_task:
            return self._flow_name(row) if _MADE_UP.fullmatch(row.name) else row.name
        return _task_name(row) or row.name

    def _flow_name(self, row: Row) -> str:
        return self._reading.flow_names.get(row.what, row.name)

    def _flow_info(self, row: Row, attempt: Attempt) -> dict[str, Any]:
        return {
            "flow": self._flow_name(row),
            "run_name": row.name,
            "flow_id": row.what,
            "flow_version": row.version,
            "deployment_id": row.deployment_id,
            "run_count": attempt.number,
            "tags": list(row.tags),
            "link": self._link("flow-run", row),
        }

    def _task_info(self, row: Row, attempt: Attempt, name: str) -> dict[str, Any]:
        info = {
            "task": name if _task_name(row) else None,
            "run_name": row.name,
            "task_key": row.what,
            "flow_run_id": row.flow_run_id if row.flow_attempt else None,
            "run_count": attempt.number,
            "tags": list(row.tags),
            "link": self._link("task-run", row),
        }
        return {**info, "result": attempt.place} if attempt.place and attempt.status in {RunStatus.COMPLETED, RunStatus.CACHED} else info

    def _link(self, kind: str, row: Row) -> str | None:
        return f"{self._reading.link}/runs/{kind}/{row.id}" if self._reading.link else None

    def _parent(self, row: Row) -> RunKey | None:
        place = self._reading.rows.get(row.place_in_flow or "") if not row.is_task else row
        if place is None:
            return None
        if place.caller is not None:
            return run_key(place.caller, self._attempt_at(place.caller, row.began))
        if place is not row:
            return run_key(place.flow_run_id, self._attempt_at(place.flow_run_id, row.began))
        # Prefect may file a task that ran outside of flows under one that ran before it.
        return run_key(row.flow_run_id, row.flow_attempt) if row.flow_run_id and row.flow_attempt else None

    def _attempt_at(self, own: str | None, at: datetime | None) -> int:
        """Which attempt of a caller was under way."""
        begun = [a.number for a in self._reading.attempts.get(own or "", ()) if at is None or a.began <= at]
        return max(begun, default=1)

    def _code(self, row: Row) -> Code | None:
        """Code by Prefect's own names, where they change with the source."""
        if not row.is_task:
            name = self._flow_name(row)
            known = row.version and _DIGEST.fullmatch(row.version)
            return Code(kind="workflow", key=name, hash=hash_source(f"{name} {row.version}"), reference="prefect") if known else None
        if (found := _TASK_KEY.fullmatch(row.what)) is None:
            return None
        flow = self._reading.rows.get(row.flow_run_id or "") if row.flow_attempt else None
        key = f"{self._flow_name(flow)}::{found['function']}" if flow else found["function"]
        return Code(kind="task", key=key, hash=hash_source(row.what), reference="prefect")

    # --- ends ---

    def _closing_of(self, row: Row, attempt: Attempt) -> Closing | None:
        if attempt.status is not None and attempt.ended is not None:
            reused = self._maker(attempt) if attempt.status is RunStatus.CACHED else None
            return Closing(status=attempt.status, at=max(attempt.ended - _EARLY, attempt.began - _EARLY), error=attempt.error, reused=reused)
        key = run_key(row.id, attempt.number)
        if (closing := self._silenced(key, attempt.began)) is not None:
            return closing
        if row.is_task:
            return self._with_flow(row.flow_run_id, row.flow_attempt, attempt.began) if row.flow_attempt else None
        parent = self._reading.rows.get(row.place_in_flow or "")
        # The run of a deployment has a process of its own, and outlives its caller.
        return self._with_flow(parent.flow_run_id, None, attempt.began) if parent is not None and row.deployment_id is None else None

    def _silenced(self, key: RunKey, began: datetime) -> Closing | None:
        last = self._notes.last_word(key) if self._closing else None
        return None if last is None else Closing(status=RunStatus.CRASHED, at=max(last, began), error="its process ended without a word")

    def _with_flow(self, flow_run_id: str | None, number: int | None, began: datetime) -> Closing | None:
        """The end of what can't go on without its flow run."""
        over = self._end_of_flow(flow_run_id, number)
        if over is None:
            return None
        status, at = over
        if status not in {RunStatus.CRASHED, RunStatus.CANCELLED} and self._now - at < _SETTLED:
            return None
        return Closing(status=RunStatus.CRASHED, at=max(at, began), error="its flow run had ended")

    def _end_of_flow(self, flow_run_id: str | None, number: int | None) -> tuple[RunStatus, datetime] | None:
        row, attempts = self._reading.rows.get(flow_run_id or ""), self._reading.attempts.get(flow_run_id or "", ())
        attempt = next((a for a in attempts if a.number == number), None) if number else next(reversed(attempts), None)
        if row is None or attempt is None:
            return None
        told = self._notes.ended.get(run_key(row.id, attempt.number))
        if told is not None:
            return told.status, told.at
        closing = self._closing_of(row, attempt)
        return None if closing is None else (closing.status, closing.at)

    def _maker(self, attempt: Attempt) -> RunKey | None:
        """The run that computed a cached result: the last one before."""
        if attempt.place is None or attempt.ended is None:
            return None
        made = [made for made in self._makers[attempt.block, attempt.place] if made[0] <= attempt.ended]
        return max(made, key=lambda item: item[0])[1] if made else self._origins.find(attempt.place, by=attempt.ended)


def _task_name(row: Row) -> str | None:
    """The task's name, where the run is named after it and not by its user."""
    if row.flow_attempt == 0 and row.caller is None:
        return row.name
    for key in (row.dynamic_key[:3], row.dynamic_key):
        if row.name.endswith(f"-{key}"):
            return row.name.removesuffix(f"-{key}")
    return None
