"""Bytes in their place: one port, and a module for each kind of store that fulfils it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from lignin.base.content import Content, hash_path
from lignin.base.errors import UsageError
from lignin.storage import local, remote
from lignin.storage.seen import Seen

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["check_writable", "fetch", "hash_whole", "look", "put", "put_new", "remove"]

_OBJECTS = {"s3", "s3a", "gs", "gcs"}
_WEB = {"http", "https"}


class _Store(Protocol):
    """What each kind of store can do."""

    def put(self, source: Path, target: Any, *, expected: str) -> None: ...

    def put_new(self, source: Path, target: Any, *, expected: str) -> None: ...

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


def put_new(source: Path, target: Path | UPath, *, expected: str) -> None:
    """The same for a place that others may write to, too: what lies there is never replaced.

    Raises:
        ContentChanged: the source's bytes are no longer those.
        StorageError: something else lies there, or it can't be read or written.
    """
    _store_of(target).put_new(source, target, expected=expected)


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


def hash_whole(path: Path | UPath) -> Content:
    """The content of what lies there, read whole and kept nowhere.

    Raises:
        StorageError: it can't be read.
    """
    if isinstance(path, Path):
        return hash_path(path)
    held: Content = _web().hash_whole(path) if path.protocol in _WEB else remote.hash_whole(path)
    return held


def check_writable(root: UPath) -> None:
    """Put a small object below a root, and take it away again.

    Raises:
        StorageError: that can't be done; the message says why.
        UsageError: nothing can ever be written there.
    """
    if root.protocol in _WEB:
        _web().check_writable(root)
    remote.check_writable(root)


def _store_of(path: Path | UPath) -> _Store:
    if isinstance(path, Path):
        return local
    if path.protocol in _OBJECTS:
        return remote
    if path.protocol in _WEB:
        return cast(_Store, _web())
    raise UsageError(f"{path} is neither on a local disk, S3 or GCS, nor on a web server; Lignin reads nowhere else")


def _web() -> Any:
    # Late: an HTTP client takes longer to load than a small save takes.
    return import_module("lignin.storage.web")
