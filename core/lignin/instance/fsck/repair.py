"""Mend what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from lignin.base.errors import LigninError
from lignin.instance.fsck.database import mend_damage, mend_dangling
from lignin.instance.fsck.families import mend_derived, mend_latest
from lignin.instance.fsck.moves import mend_move
from lignin.instance.fsck.recover import mend_bytes, mend_saving, mend_state
from lignin.instance.fsck.report import Finding, Kind, Report
from lignin.instance.fsck.runs import mend_crashed
from lignin.instance.fsck.spools import mend_spool
from lignin.instance.fsck.strays import mend_stray, mend_upload

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["repair"]

_MENDERS: Mapping[Kind, Callable[[Instance, Finding], Finding]] = {
    Kind.DATABASE: mend_damage,
    Kind.DANGLING: mend_dangling,
    Kind.MISSING: mend_bytes,
    Kind.WRONG: mend_bytes,
    Kind.BACK: mend_state,
    Kind.OVERWRITTEN: mend_state,
    Kind.CHANGED: mend_state,
    Kind.SAVING: mend_saving,
    Kind.ORPHAN: mend_stray,
    Kind.DRAFT: mend_stray,
    Kind.MOVE: mend_move,
    Kind.UPLOAD: mend_upload,
    Kind.LATEST: mend_latest,
    Kind.PRODUCER: mend_derived,
    Kind.ORIGIN: mend_derived,
    Kind.CRASHED: mend_crashed,
    Kind.SPOOL: mend_spool,
    Kind.TORN: mend_spool,
    Kind.MALFORMED: mend_spool,
}


def repair(instance: Instance, report: Report) -> Report:
    """The report, with each finding as it is after an attempt to mend it. Doing it again changes nothing.

    Others may write meanwhile: each finding is looked at once more as it is mended, and nothing is deleted
    but the records of saves that never ended, parts of uploads that never ended, and what a killed move left of bytes that it had moved. Bytes that no copy brings back stay unrepaired, and the record says that they are gone.
    """
    return replace(report, findings=tuple(_mend(instance, finding) for finding in report.findings))


def _mend(instance: Instance, finding: Finding) -> Finding:
    mender = _MENDERS.get(finding.kind)
    if mender is None or finding.repaired:
        return finding
    try:
        return mender(instance, finding)
    except LigninError as e:
        # One that resists must not keep the others from being mended.
        return replace(finding, problem=f"{finding.problem}; it can't be repaired: {e}")
