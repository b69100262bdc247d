"""What Nextflow itself keeps of each launch: `.nextflow/history`, and the amounts and times in its tables."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["Launch", "amount", "local_moment", "read_history"]

_COLUMNS = 7
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhd])")
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s?([KMGTP]?)B")
_SIZES = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A line of the history.

    Attributes:
        at: when it began, in whole seconds.
        duration: `None` where it has no end.
        name, session: what Nextflow calls the run.
        status: `OK`, `ERR`, or `-` of one that goes on, was killed, or never began.
        revision: a commit, or Nextflow's hash of the script.
        command: the command line.
    """

    at: datetime
    duration: timedelta | None
    name: str
    session: str
    status: str
    revision: str | None
    command: str

    @property
    def end(self) -> datetime | None:
        """When it ended, if it did in order."""
        return None if self.duration is None else self.at + self.duration


def read_history(path: Path) -> Sequence[Launch]:
    """All launches, the earliest first; lines of another form are left out.

    Raises:
        OSError: it can't be read.
    """
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split("\t")
        at = local_moment(parts[0])
        if len(parts) < _COLUMNS or at is None or not parts[2] or not parts[5]:
            continue
        milliseconds = amount(parts[1])
        found.append(
            Launch(
                at=at,
                duration=None if milliseconds is None else timedelta(milliseconds=milliseconds),
                name=parts[2],
                status=parts[3],
                revision=None if parts[4] in {"", "-"} else parts[4],
                session=parts[5],
                command=parts[6],
            )
        )
    return found


def local_moment(text: str) -> datetime | None:
    """A time that Nextflow wrote for people, in the zone of the machine; or milliseconds since 1970."""
    if text.isdecimal():
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text)) if len(text) < 15 else None
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if text.endswith(" UTC") else moment.astimezone(UTC)


def amount(text: str) -> int | float | None:
    """A duration in milliseconds, a size in bytes, or a number, as Nextflow writes them; `None` for another text."""
    if text.isdecimal():
        return int(text)
    if sized := _SIZE.fullmatch(text):
        return int(float(sized[1]) * 1024 ** _SIZES[sized[2]])
    if re.fullmatch(rf"(?:{_PART.pattern}\s*)+", text):
        return int(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        return None
