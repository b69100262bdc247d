"""Time, always in UTC."""

from datetime import UTC, datetime

__all__ = ["from_iso", "now", "to_iso"]


def now() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC)


def to_iso(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds: texts sort as the moments do."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat(timespec="microseconds")


def from_iso(text: str) -> datetime:
    """Read what `to_iso` wrote, and any ISO 8601 text; without an offset it is taken as UTC.

    Raises:
        ValueError: the text is no ISO 8601 date and time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
