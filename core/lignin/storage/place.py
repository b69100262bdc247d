"""Bytes in their place: one port, and a module for each kind of store that fulfils it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lignin.base.errors import UsageError
from lignin.storage import local, remote
from lignin.storage.seen import Seen

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["fetch", "look", "put", "remove"]


class _Store(Protocol):
    """What each kind of store can do."""

    def put(self, source: Path, target: Any, *, expected: str) -> None: ...

    def fetch(self, source: Any, draft: Path) -> None: ...

    def remove(self, target: Any) -> None: ...

    def look(self, target: Any) -> Seen | None: ...


def put(source: Path, target: Path | UPath, *, expected: str) -> None:
    """Copy a file or folder to its final place; where the very content is there already, it stays.

    A process that is killed at any moment leaves no file that is half written, or another than expected,
    under a name that a record points to.

    Args:
        source: on a local disk.
        target: anything else that is there is replaced.
        expected: the content id that the source had when it was inspected.

    Raises:
        ContentChanged: the source's bytes are no longer those.
        StorageError: it can't be read or written.
    """
    _store_of(target).put(source, target, expected=expected)


def fetch(source: Path | UPath, draft: Path) -> None:
    """Copy what lies in a store to a local disk, as it is: who asked compares its content.

    Raises:
        StorageError: it can't be read or written.
    """
    _store_of(source).fetch(source, draft)


def remove(target: Path | UPath) -> None:
    """Delete a file or folder; nothing there is fine.

    Raises:
        StorageError: it can't be deleted.
    """
    _store_of(target).remove(target)


def look(target: Path | UPath) -> Seen | None:
    """What lies there, as the store says without reading it; `None` where there is nothing.

    Raises:
        StorageError: the store does not say.
    """
    return _store_of(target).look(target)


def _store_of(path: Path | UPath) -> _Store:
    if isinstance(path, Path):
        return local
    if path.protocol in {"s3", "s3a"}:
        return remote
    raise UsageError(f"{path} is neither on a local disk nor on S3; this version of Lignin stores nowhere else")
