"""The run that code in this place belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.context import current_run_uid
from lignin.base.errors import TrackingError
from lignin.base.texts import MAX_INDEXED, problem_of_text, size_of
from lignin.model import Run
from lignin.recording import RunKey

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["current_run_id", "find_run", "run_id_of"]


def current_run_id(instance: Instance) -> int | None:
    """The id of the current run, or `None` outside of any."""
    name = current_run_uid(instance=instance.config.uid)
    return None if name is None else run_id_of(instance, name)


def run_id_of(instance: Instance, name: str) -> int:
    """The id of a run by its uid, or by an engine's `RunKey` as text.

    An engine's run that is not in the catalogue yet, because its events are still in the spool, gets
    its row now; the events fill it later.
    """
    held = instance.run_ids.get(name)
    if held is None:
        held = instance.database.read(lambda session: find_run(session, name))
        if held is None:
            held = instance.database.transact(lambda session: _add_run(instance, session, name))
        instance.run_ids[name] = held
    return held


def find_run(session: Session, name: str) -> int | None:
    """The id of a run that is in the catalogue."""
    uid = _parsed(name).uid if ":" in name else _checked(name)
    return session.scalar(select(Run.id).where(Run.uid == uid))


def _checked(name: str) -> str:
    if problem_of_text(name) or size_of(name) > MAX_INDEXED:
        raise TrackingError(f"{name[:80]!r} in LIGNIN_RUN or LIGNIN_PARENT is neither a run's uid nor an engine's key")
    return name


def _parsed(name: str) -> RunKey:
    try:
        key = RunKey.parse(_checked(name))
        if not key.engine or not key.id or not 1 <= key.attempt < 2**31:
            raise ValueError("an engine, an id and an attempt from 1 are needed")  # noqa: TRY301 - one message for all
        _checked(key.engine + key.scope + key.id)
    except ValueError as e:
        raise TrackingError(f"{name[:80]!r} in LIGNIN_RUN or LIGNIN_PARENT is neither a run's uid nor an engine's key") from e
    return key


def _add_run(instance: Instance, session: Session, name: str) -> int:
    found = find_run(session, name)
    if found is not None:
        return found
    if name in instance.spooled:
        run = Run(uid=name, status="running", created_by_id=instance.user_id)
        session.add(run)
        session.flush()
        return run.id
    if ":" not in name:
        raise TrackingError(f"there is no run {name!r} in this instance. Unset LIGNIN_RUN, or connect the instance it belongs to.")
    key = _parsed(name)
    run = Run(uid=key.uid, engine=key.engine, scope=key.scope, external_id=key.id, attempt=key.attempt, status="running", created_by_id=instance.user_id)
    session.add(run)
    session.flush()
    return run.id
