"""What Lignin knows of a format."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.extras import require

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["PIECE", "Format", "open_there", "require", "stream_of"]

PIECE = 100_000
"""The most rows that a piece of a table has."""
_BLOCK = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format by its suffixes.

    Attributes:
        suffixes: those of its files.
        otype: name of the object's class, as artifacts record it; `None` where a suffix does not tell.
        load: path → object.
        open: path, mode → something to read from without loading it.
        streams: whether `open` takes a path on S3 too, and reads from there what it needs.
        engines: by which packages `open` can read it, the default first; empty where there is no choice.
        copied: those of them that read a local copy of what lies on S3.
        count: path, also on S3 → number of observations, read without loading; `None` where there is no such number.
        parts: path, also on S3 → its parts as they lie there, for as long as the context lasts: no matrix is read, and frames come in
            pieces; `None` where `open` gives as much.
        pieces: path, also on S3, and the names of columns that hold texts → the table's pieces one after the other, none larger than
            100,000 rows; `None` where it is no table.
        is_typed: whether it says of each column what its values are; a text file does not.
    """

    suffixes: tuple[str, ...]
    otype: str | None = None
    load: Callable[..., Any]
    open: Callable[..., Any]
    count: Callable[[Any], int | None] | None = None
    streams: bool = False
    engines: tuple[str, ...] = ()
    copied: tuple[str, ...] = ()
    parts: Callable[[Any], AbstractContextManager[Any]] | None = None
    pieces: Callable[[Any, Collection[str]], Iterator[Any]] | None = None
    is_typed: bool = True


@contextlib.contextmanager
def stream_of(place: Path | UPath) -> Iterator[Any]:
    """What a package can read from: the path itself where it is local, else a stream that fetches what is asked for."""
    if isinstance(place, Path):
        yield place
    else:
        with open_there(place) as stream:
            yield stream


def open_there(place: UPath) -> Any:
    """A stream for reading here and there, which keeps what it read: by default each step would fetch 50 MB ahead."""
    return place.fs.open(place.path, "rb", block_size=_BLOCK, cache_type="blockcache")
