"""What Lignin knows of a format."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lignin.base.extras import require

__all__ = ["Format", "require"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format by its suffixes.

    Attributes:
        suffixes: those of its files.
        otype: name of the object's class, as artifacts record it; `None` where a suffix does not tell.
        load: path → object.
        open: path, mode → something to read from without loading it.
        write: object, path → the file; `None` where objects are not written.
        streams: whether `open` takes a path on S3 too, and reads from there what it needs.
        count: path → number of observations, read without loading; `None` where there is no such number.
    """

    suffixes: tuple[str, ...]
    otype: str | None = None
    load: Callable[..., Any]
    open: Callable[..., Any]
    write: Callable[..., None] | None = None
    count: Callable[[Path], int | None] | None = None
    streams: bool = False
