"""What Lignin knows of a format."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from lignin.base.errors import MissingExtra

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
        count: path → number of observations, read without loading; `None` where there is no such number.
    """

    suffixes: tuple[str, ...]
    otype: str | None = None
    load: Callable[..., Any]
    open: Callable[..., Any]
    write: Callable[..., None] | None = None
    count: Callable[[Path], int | None] | None = None


def require(module: str, *, extra: str) -> ModuleType:
    """Import a heavy package when it is needed.

    Raises:
        MissingExtra: it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as e:
        raise MissingExtra(f"this needs the package {module!r}. Install it with: pip install 'lignin[{extra}]'") from e
