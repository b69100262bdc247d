"""Spools that nobody took in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lignin.base.errors import SpoolError
from lignin.instance.fsck.report import Finding, Kind
from lignin.instance.ingest import ingest
from lignin.recording import BadLine, read_spool
from lignin.recording.spool import SUFFIX, is_at_rest

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["find_spools", "mend_spool"]


def find_spools(instance: Instance, counts: dict[str, int]) -> Iterator[Finding]:
    """The instance's own spools that wait though nobody writes to them any more."""
    folder = instance.config.spool
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
        counts["spools"] += 1
        try:
            if is_at_rest(path):
                yield _judge(path)
        except (OSError, SpoolError) as e:
            # Another process may have taken it in, and moved it away.
            if path.exists():
                yield Finding(kind=Kind.UNREADABLE, subject=str(path), problem=str(e), repairable=False)


def mend_spool(instance: Instance, finding: Finding) -> Finding:
    """Take the spool in. Lines that are no events stay in the file: a torn one is put away with it, others wait for a reader."""
    path = Path(finding.subject)
    if not path.exists():
        return replace(finding, repaired=True)
    report = ingest(instance, path)
    if any(not line.torn for line in report.bad):
        return replace(finding, problem=f"{finding.problem}; the other lines are in the catalogue now")
    return replace(finding, repaired=not path.exists())


def _judge(path: Path) -> Finding:
    bad = [item for item in read_spool(path) if isinstance(item, BadLine)]
    malformed = [line for line in bad if not line.torn]
    if malformed:
        first = malformed[0]
        problem = f"{len(malformed)} of its lines are no events, the first is {first.number}: {first.problem}"
        return Finding(kind=Kind.MALFORMED, subject=str(path), problem=problem, repairable=False)
    if bad:
        return Finding(kind=Kind.TORN, subject=str(path), problem="it waits, and its last line is torn: its writer was killed")
    return Finding(kind=Kind.SPOOL, subject=str(path), problem="it waits to be ingested, and nobody writes to it any more")
