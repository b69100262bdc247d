"""Runs that are recorded as running, whose process is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from lignin.instance.crashed import find_over, record_crash
from lignin.instance.fsck.report import Finding, Kind

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["find_crashed", "mend_crashed"]


def find_crashed(instance: Instance, counts: dict[str, int]) -> Iterator[Finding]:
    """Runs of scripts, notebooks, functions and shells that ended without saying so."""
    running, over = find_over(instance)
    counts["runs"] += running
    for row in over:
        problem = f"{row.name or 'it'} is recorded as running, and process {row.info['pid']} on {row.info['host']} is gone"
        yield Finding(kind=Kind.CRASHED, subject=row.uid, problem=problem, target=(row.id,))


def mend_crashed(instance: Instance, finding: Finding) -> Finding:
    """Record that it crashed. When it ended, nobody knows."""
    return replace(finding, repaired=record_crash(instance, finding.target[0]))
