"""Local disks: bytes to their final place, under a temporary name, flushed to the disk, renamed.

A process that is killed at any moment leaves either nothing or a `.part` file, never half a file
under a name that a record points to. Copies are hashed as they are written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from blake3 import blake3

from lignin.base.content import Content, hash_path, look_at, walk
from lignin.base.errors import ContentChanged, StorageError
from lignin.base.ids import new_uid
from lignin.base.progress import advance
from lignin.storage.seen import Seen

__all__ = ["discard", "fetch", "look", "put", "put_new", "remove"]

_CHUNK = 1024 * 1024
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOTDIR}


def put(source: Path, target: Path, *, expected: str) -> None:
    """Copy a file or folder, hashed as it is written, flushed, and renamed."""
    _put(source, target, expected=expected, take=_take)


def put_new(source: Path, target: Path, *, expected: str) -> None:
    """The same; what lies there is never replaced, whoever comes first."""
    _put(source, target, expected=expected, take=_take_new)


def _put(source: Path, target: Path, *, expected: str, take: Callable[..., None]) -> None:
    # Users give their own kinds of paths.
    place = Path(str(target))
    draft = place.with_name(f".{place.name}.{new_uid(6)}.part")
    try:
        if place.exists() and hash_path(place).id == expected:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        content = _copy_folder(source, draft) if source.is_dir() else _copy_file(source, draft)
        if content.id != expected:
            raise ContentChanged(f"{source} changed while it was saved. Nothing was stored; save it again when it is at rest.")
        take(draft, place, expected=expected)
    except OSError as e:
        advice = "Make room there, then save again." if e.errno in _FULL else "Look who may write there."
        raise StorageError(f"can't store {source} as {place}: {e.strerror or e}. Nothing was stored. {advice}") from e
    finally:
        discard(draft)


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
            discard(aside)


def _take_new(draft: Path, place: Path, *, expected: str) -> None:
    """Give the draft its final name, if nothing has that."""
    try:
        if draft.is_dir():
            # A folder takes the place of none that holds something.
            draft.rename(place)
        else:
            _name_new(draft, place)
    except OSError as e:
        if e.errno not in _TAKEN:
            raise
        if hash_path(place).id != expected:
            raise StorageError(f"something else lies at {place} already, and is left as it is. Take it away, or choose another key.") from e


def _name_new(draft: Path, place: Path) -> None:
    try:
        place.hardlink_to(draft)
    except OSError as e:
        if e.errno not in _NO_LINKS:
            raise
        # Where a disk has no hard links, an empty file claims the name.
        place.touch(exist_ok=False)
        draft.rename(place)


def look(target: Path) -> Seen | None:
    """What lies there, or `None`."""
    try:
        seen = look_at(target)
    except FileNotFoundError:
        return None
    except OSError as e:
        raise StorageError(f"can't read {target}: {e.strerror or e}.") from e
    return Seen(size=seen.size, mtime_ns=seen.mtime_ns, is_folder=seen.is_folder)


def fetch(source: Path, draft: Path) -> None:
    """A copy of a file or folder."""
    place = source
    try:
        if place.is_dir():
            _copy_folder(place, draft)
        else:
            _copy_file(place, draft)
    except OSError as e:
        raise StorageError(f"can't copy {place} to {draft}: {e.strerror or e}.") from e


def remove(target: Path) -> None:
    """Delete a file or folder."""
    place = Path(str(target))
    try:
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    except OSError as e:
        raise StorageError(f"can't delete {place}: {e.strerror or e}.") from e


def _copy_file(source: Path, draft: Path) -> Content:
    hasher, size = blake3(), 0
    with source.open("rb") as reader, draft.open("xb") as writer:
        while chunk := reader.read(_CHUNK):
            hasher.update(chunk)
            writer.write(chunk)
            advance("copied", len(chunk))
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


def discard(draft: Path) -> None:
    """Delete what a copy left that did not end well."""
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        # What went wrong before is what the user has to hear.
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
