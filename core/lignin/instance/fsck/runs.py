"""Runs that are recorded as running, whose process is gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lignin.base.processes import container, is_gone
from lignin.instance.fsck.report import Finding, Kind
from lignin.model import Run
from lignin.recording import RunStatus

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["find_crashed", "mend_crashed"]

# An engine's runs say no process, and may go on elsewhere: its own adapter closes them.
_RUNNING = select(Run.id, Run.uid, Run.name, Run.info, Run.started_at).where(Run.status == RunStatus.RUNNING.value, Run.engine.is_(None))


def find_crashed(instance: Instance, counts: dict[str, int]) -> Iterator[Finding]:
    """Runs of scripts, notebooks, functions and shells that ended without saying so.

    Judged only where this machine can know: the run's host is this one, and its process is gone.
    """
    with instance.database.reading() as session:
        rows = session.execute(_RUNNING.order_by(Run.id)).all()
    counts["runs"] += len(rows)
    for row in rows:
        if _is_over(row):
            problem = f"{row.name or 'it'} is recorded as running, and process {row.info['pid']} on {row.info['host']} is gone"
            yield Finding(kind=Kind.CRASHED, subject=row.uid, problem=problem, target=(row.id,))


def mend_crashed(instance: Instance, finding: Finding) -> Finding:
    """Record that it crashed. When it ended, nobody knows."""

    def work(session: Session) -> bool:
        row = session.execute(_RUNNING.where(Run.id == finding.target[0])).one_or_none()
        if row is None or not _is_over(row):
            return row is None
        error = f"its process (pid {row.info['pid']} on {row.info['host']}) ended without a word; found by lignin fsck"
        crashed = update(Run).where(Run.id == row.id, Run.status == RunStatus.RUNNING.value)
        session.execute(crashed.values(status=RunStatus.CRASHED.value, error=error))
        return True

    return replace(finding, repaired=instance.database.transact(work))


def _is_over(row: Any) -> bool:
    info = row.info if isinstance(row.info, dict) else {}
    pid, since = info.get("pid"), row.started_at
    # `host` may be a name that several machines share, where a process id says nothing.
    node = info.get("node") or (None if os.environ.get("LIGNIN_HOST") else info.get("host"))
    if node != os.uname().nodename or type(pid) is not int or since is None:
        return False
    return info.get("container", container()) == container() and is_gone(pid, since=since)
