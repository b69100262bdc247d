"""The texts in some columns of a table file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lignin.base.errors import FormatError
from lignin.formats.format import Format

__all__ = ["texts_of_table"]


def texts_of_table(known: Format, path: Path, *, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterable[Mapping[str, str | None]] | None:
    """The rows of some columns, each value as text; `None` where one of them is not there.

    Raises:
        FormatError: the file is no table, or can't be read.
    """
    if known.pieces is None:
        raise FormatError(f"{path} is no table, so no terms can be read from it")
    names: Sequence[str] | None = None
    found: list[Mapping[str, str | None]] = []
    for piece in known.pieces(path, [*columns, *optional]):
        frame = piece.to_pandas().reset_index() if hasattr(piece, "to_pandas") else piece
        if not set(columns) <= set(frame.columns):
            return None
        names = [name for name in (*columns, *optional) if name in frame.columns]
        found.extend(_rows(frame, names))
    return found


def _rows(frame: Any, names: Sequence[str]) -> Iterator[Mapping[str, str | None]]:
    listed = [[None if absent else str(value) for value, absent in zip(frame[name], frame[name].isna(), strict=True)] for name in names]
    return (dict(zip(names, row, strict=True)) for row in zip(*listed, strict=True))
