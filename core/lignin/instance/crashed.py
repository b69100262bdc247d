"""Runs that are recorded as running, whose process is gone: killed with -9, or with its machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lignin.base.processes import container, is_gone
from lignin.model import Run
from lignin.recording import RunStatus

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["close_crashed", "find_over", "record_crash"]

# An engine's runs say no process, and may go on elsewhere: its own adapter closes them.
_RUNNING = select(Run.id, Run.uid, Run.name, Run.info, Run.started_at).where(Run.status == RunStatus.RUNNING.value, Run.engine.is_(None))


def close_crashed(instance: Instance) -> int:
    """Record of each such run that it crashed; how many there were. Asks one question, and writes only where there are some."""
    return sum(record_crash(instance, row.id) for row in find_over(instance)[1])


def find_over(instance: Instance) -> tuple[int, Sequence[Any]]:
    """How many runs of scripts, notebooks, functions and shells go on by their record, and the rows of those that are over.

    Judged only where this machine can know: the run's host is this one, and its process is gone.
    """
    rows = instance.database.read(lambda session: session.execute(_RUNNING.order_by(Run.id)).all())
    return len(rows), [row for row in rows if _is_over(row)]


def record_crash(instance: Instance, run_id: int) -> bool:
    """Record that a run crashed, unless it is not over after all. When it ended, nobody knows."""

    def work(session: Session) -> bool:
        row = session.execute(_RUNNING.where(Run.id == run_id)).one_or_none()
        if row is None or not _is_over(row):
            return row is None
        error = f"its process (pid {row.info['pid']} on {row.info['host']}) ended without a word; found later"
        crashed = update(Run).where(Run.id == row.id, Run.status == RunStatus.RUNNING.value)
        session.execute(crashed.values(status=RunStatus.CRASHED.value, error=error))
        return True

    return instance.database.transact(work)


def _is_over(row: Any) -> bool:
    info = row.info if isinstance(row.info, dict) else {}
    pid, since = info.get("pid"), row.started_at
    # `host` may be a name that several machines share, where a process id says nothing.
    node = info.get("node") or (None if os.environ.get("LIGNIN_HOST") else info.get("host"))
    if node != os.uname().nodename or type(pid) is not int or since is None:
        return False
    return info.get("container", container()) == container() and is_gone(pid, since=since)
