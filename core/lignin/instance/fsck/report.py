"""What an examination finds: values, which can be printed before anything is done about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

__all__ = ["GRACE", "Finding", "Kind", "Report"]

# What is younger may belong to a save that is going on.
GRACE = timedelta(hours=1)


class Kind(StrEnum):
    """What can be wrong. The words are stable, for scripts.

    `database`: the file itself is damaged; `dangling`: a row names another that is not there;
    `unreachable`: a storage root is not there; `unreadable`: bytes that can't be read;
    `missing`, `wrong`: stored bytes that are not there, or are others than recorded; `back`: bytes recorded as gone that
    lie in their place; `overwritten`: a file in place that was deleted or holds other bytes than recorded;
    `changed`: one that nobody had read, and that changed since; `saving`: a save that never ended; `orphan`: stored bytes that no
    record names; `draft`, `upload`: a copy, an upload in parts, that was never finished; `move`: one that was killed; `latest`: a family without exactly one
    latest version; `producer`, `origin`: not what follows from the claims; `crashed`: a running run
    whose process is gone; `spool`, `torn`, `malformed`: a spool that waits, whose last line is
    torn, or that holds lines which are no events.
    """

    DATABASE = "database"
    DANGLING = "dangling"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    WRONG = "wrong"
    BACK = "back"
    OVERWRITTEN = "overwritten"
    CHANGED = "changed"
    SAVING = "saving"
    ORPHAN = "orphan"
    DRAFT = "draft"
    MOVE = "move"
    UPLOAD = "upload"
    LATEST = "latest"
    PRODUCER = "producer"
    ORIGIN = "origin"
    CRASHED = "crashed"
    SPOOL = "spool"
    TORN = "torn"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: what is wrong.
        subject: with what: a uid, a path, a column.
        problem: a sentence for people.
        repairable: whether `repair` can bring back what should be there.
        repaired: whether it has.
        target: what the repair needs to find it again.
    """

    kind: Kind
    subject: str
    problem: str
    repairable: bool = True
    repaired: bool = False
    target: tuple[Any, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an examination found.

    Attributes:
        findings: in the order in which they are to be repaired.
        counts: how many were looked at: `artifacts`, of which `unseen` can't be looked at from here and
            `read` had their bytes compared; `objects` in storage; `families`, `runs`, `spools`.
    """

    findings: tuple[Finding, ...]
    counts: Mapping[str, int]

    @property
    def left(self) -> tuple[Finding, ...]:
        """What is not repaired."""
        return tuple(finding for finding in self.findings if not finding.repaired)
