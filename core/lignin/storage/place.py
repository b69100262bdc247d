"""Bytes to their final place: under a temporary name, flushed to the disk, renamed.

A process that is killed at any moment leaves either nothing or a `.part` file, never half a file
under a name that a record points to. Copies are hashed as they are written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from lignin.base.content import Content, hash_path, walk
from lignin.base.errors import ContentChanged, StorageError, UsageError
from lignin.base.ids import new_uid

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["as_path", "put", "remove"]

_CHUNK = 1024 * 1024
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOTDIR}


def as_path(root: str, relpath: str) -> Path | UPath:
    """The path of something below a storage root; a plain path where the root is local.

    fsspec is loaded for roots that need it only: its import takes longer than a small save.
    """
    base: Path | UPath = import_module("upath").UPath(root) if "://" in root else Path(root)
    return base / relpath if relpath else base


def put(source: Path, target: Path | UPath, *, expected: str) -> None:
    """Copy a file or folder to its final place; where the very content is there already, it stays.

    Args:
        source: on a local disk.
        target: anything else that is there is replaced.
        expected: the content id that the source had when it was inspected.

    Raises:
        ContentChanged: the source's bytes are no longer those.
        StorageError: it can't be read or written.
    """
    place = _local(target)
    draft = place.with_name(f".{place.name}.{new_uid(6)}.part")
    try:
        if place.exists() and hash_path(place).id == expected:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        content = _copy_folder(source, draft) if source.is_dir() else _copy_file(source, draft)
        if content.id != expected:
            raise ContentChanged(f"{source} changed while it was saved. Nothing was stored; save it again when it is at rest.")
        _take(draft, place, expected=expected)
    except OSError as e:
        raise StorageError(f"can't store {source} as {place}: {e.strerror or e}. Nothing was stored.") from e
    finally:
        _discard(draft)


def _take(draft: Path, place: Path, *, expected: str) -> None:
    """Give the draft its final name; what stands there, and is not the same, is put aside first."""
    try:
        draft.rename(place)
    except OSError as e:
        if e.errno not in _TAKEN:
            raise
        # Another writer of the same folder may have come first, and its readers must find it whole.
        if hash_path(place).id == expected:
            return
        aside = place.with_name(f".{place.name}.{new_uid(6)}.part")
        place.rename(aside)
        try:
            draft.rename(place)
        finally:
            _discard(aside)


def remove(target: Path | UPath) -> None:
    """Delete a file or folder; nothing there is fine.

    Raises:
        StorageError: it can't be deleted.
    """
    place = _local(target)
    try:
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    except OSError as e:
        raise StorageError(f"can't delete {place}: {e.strerror or e}.") from e


def _local(path: Path | UPath) -> Path:
    if getattr(path, "protocol", "") not in {"", "file", "local"}:
        raise UsageError(f"{path} is not on a local disk; this version of Lignin stores on local disks only")
    return Path(str(path))


def _copy_file(source: Path, draft: Path) -> Content:
    hasher, size = blake3(), 0
    with source.open("rb") as reader, draft.open("xb") as writer:
        while chunk := reader.read(_CHUNK):
            hasher.update(chunk)
            writer.write(chunk)
            size += len(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return Content(id="b3:" + hasher.hexdigest(), size=size)


def _copy_folder(source: Path, draft: Path) -> Content:
    """Copy what counts as the folder's content, and only that."""
    draft.mkdir()
    for entry in walk(source):
        target = draft / entry.path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if entry.link is None:
            _copy_file(entry.path, target)
        elif entry.is_inside:
            target.symlink_to(os.path.relpath(draft / entry.link, target.parent))
        else:
            target.symlink_to(entry.link)
    return hash_path(draft)


def _discard(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        # What went wrong before is what the user has to hear.
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
