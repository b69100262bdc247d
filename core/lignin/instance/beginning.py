"""Texts that begin with another, found through an index."""

from typing import Any

from sqlalchemy import ColumnElement, and_, true

__all__ = ["begins_with"]

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def begins_with(column: Any, prefix: str) -> ColumnElement[bool]:
    """Rows whose text begins with a prefix, case and all.

    `like` would ignore case on SQLite, and find no index on either store; a range does.

    Args:
        column: compared byte by byte on both stores: one made with `model.types.exact`.
        prefix: what it is to begin with.
    """
    if not prefix:
        return true()
    after = _after(prefix)
    return column >= prefix if after is None else and_(column >= prefix, column < after)


def _after(prefix: str) -> str | None:
    """The first text, in the order of code points, that is beyond all that begin with a prefix."""
    kept = prefix.rstrip(chr(_LAST))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
