"""Spools that nobody took in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lignin.base.errors import SpoolError
from lignin.base.processes import is_gone
from lignin.instance.fsck.report import Finding, Kind
from lignin.instance.ingest import ingest, put_away
from lignin.recording import BadLine, read_spool
from lignin.recording.spool import SUFFIX, is_closed

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["find_spools", "mend_spool"]


def find_spools(instance: Instance, counts: dict[str, int]) -> Iterator[Finding]:
    """The instance's own spools that wait though nobody writes to them any more."""
    folder = instance.config.spool
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
        counts["spools"] += 1
        try:
            if _is_at_rest(path):
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
    if path.exists():
        put_away(path)
    return replace(finding, repaired=True)


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


def _is_at_rest(path: Path) -> bool:
    """Whether nobody will write to it: it says so itself, or its writer's process was on this machine and is gone."""
    if is_closed(path):
        return True
    with path.open("rb") as stream:
        first = stream.readline()
    try:
        head = json.loads(first)
        host, pid = head["host"], head["pid"]
    except (ValueError, KeyError, TypeError):
        return False
    if host != os.uname().nodename or os.environ.get("LIGNIN_HOST") or type(pid) is not int:
        return False
    # A later process of the same id began after the last line was written.
    return is_gone(pid, since=datetime.fromtimestamp(path.stat().st_mtime, UTC))
