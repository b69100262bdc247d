"""Local disks: bytes to their final place, under a temporary name, flushed to the disk, renamed.

A process that is killed at any moment leaves either nothing or a `.part` file, never half a file
under a name that a record points to. Copies are hashed as they are written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path

from blake3 import blake3

from lignin.base.content import Content, hash_copy, hash_path, look_at, walk
from lignin.base.errors import ContentChanged, StorageError
from lignin.base.ids import new_uid
from lignin.base.progress import advance
from lignin.storage.flush import flush_folder
from lignin.storage.seen import Seen

__all__ = ["discard", "fetch", "look", "put", "put_new", "remove"]

# Of what tells no size, such as a file of `/proc`.
_SMALL_CHUNK = 16 * 1024
_CHUNK = 1024 * 1024
_LARGE = 64 * 1024 * 1024
_LARGE_CHUNK = 8 * 1024 * 1024
_FEW = 8
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOTDIR}


def put(source: Path, target: Path, *, expected: str) -> None:
    """Copy a file or folder, hashed as it is written, flushed, and renamed."""
    _put(source, target, expected=expected, take=_take)


def put_new(source: Path, target: Path, *, expected: str) -> None:
    """The same; what lies there is never replaced, whoever comes first."""
    _put(source, target, expected=expected, take=_take_new)


def _put(source: Path, target: Path, *, expected: str, take: Callable[..., bool]) -> None:
    # Users give their own kinds of paths.
    place = Path(str(target))
    draft = place.with_name(f".{place.name}.{new_uid(6)}.part")
    is_taken = False
    try:
        if place.exists() and hash_path(place).id == expected:
            # Who wrote it may not have come to this yet.
            flush_folder(place.parent)
            return
        _make_folder(place.parent)
        content = _copy_folder(source, draft) if source.is_dir() else _copy_file(source, draft)
        if content.id != expected:
            raise ContentChanged(f"{source} changed while it was saved. Nothing was stored; save it again when it is at rest.")
        is_taken = take(draft, place, expected=expected)
        flush_folder(place.parent)
    except OSError as e:
        advice = "Make room there, then save again." if e.errno in _FULL else "Look who may write there."
        raise StorageError(f"can't store {source} as {place}: {e.strerror or e}. Nothing was stored. {advice}") from e
    finally:
        if not is_taken:
            discard(draft)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each with its name on the disk."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        flush_folder(folder.parent)


def _take(draft: Path, place: Path, *, expected: str) -> bool:
    """Give the draft its final name; what stands there, and is not the same, is put aside first. Whether no draft is left."""
    try:
        draft.rename(place)
    except OSError as e:
        if e.errno not in _TAKEN:
            raise
        # Another writer of the same folder may have come first, and its readers must find it whole.
        if hash_path(place).id == expected:
            return False
        aside = place.with_name(f".{place.name}.{new_uid(6)}.part")
        place.rename(aside)
        try:
            draft.rename(place)
        finally:
            discard(aside)
    return True


def _take_new(draft: Path, place: Path, *, expected: str) -> bool:
    """Give the draft its final name, if nothing has that. A draft may be left."""
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
    return False


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
    with source.open("rb", buffering=0) as reader, draft.open("xb", buffering=0) as writer:
        told = os.fstat(reader.fileno()).st_size
        is_large = told >= _LARGE
        hasher = blake3(max_threads=blake3.AUTO) if is_large else blake3()
        size, chunk = 0, memoryview(bytearray(_LARGE_CHUNK if is_large else min(max(told + 1, _SMALL_CHUNK), _CHUNK)))
        while count := reader.readinto(chunk):
            hasher.update(chunk[:count])
            _write_whole(writer, chunk[:count])
            if is_large:
                _begin_flush(writer, size, count)
            advance("copied", count)
            size += count
        os.fsync(writer.fileno())
    return Content(id="b3:" + hasher.hexdigest(), size=size)


def _write_whole(writer: FileIO, data: memoryview) -> None:
    written = 0
    while written < len(data):
        written += writer.write(data[written:]) or 0


def _begin_flush(writer: FileIO, begin: int, count: int) -> None:
    """Let the disk begin with what was written, so that little is left to wait for at the end."""
    # Linux starts to write a range out when it is told that nobody needs it any more; others have no such call.
    advise = getattr(os, "posix_fadvise", None)
    if advise is not None:
        # A file system that takes no advice is flushed at the end all the same.
        with contextlib.suppress(OSError):
            advise(writer.fileno(), begin, count, os.POSIX_FADV_DONTNEED)


def _copy_folder(source: Path, draft: Path) -> Content:
    """Copy what counts as the folder's content, and only that."""
    draft.mkdir()
    files: list[tuple[Path, Path]] = []
    folders = {draft}
    for entry in walk(source):
        target = draft / entry.path.relative_to(source)
        if target.parent not in folders:
            target.parent.mkdir(parents=True, exist_ok=True)
            folders.add(target.parent)
        if entry.link is None:
            files.append((entry.path, target))
        elif entry.is_inside:
            target.symlink_to(os.path.relpath(draft / entry.link, target.parent))
        else:
            target.symlink_to(entry.link)
    copied = hash_copy(draft, _copy_files(files))
    for folder in folders:
        flush_folder(folder)
    return copied


def _copy_files(files: Sequence[tuple[Path, Path]]) -> Mapping[Path, Content]:
    """Copy files, and return the content of each copy."""
    targets = [target for _, target in files]
    # Each file waits for the disk; side by side they wait together. A process that ends begins no threads.
    if len(files) < _FEW or not threading.main_thread().is_alive():
        return dict(zip(targets, (_copy_file(source, target) for source, target in files), strict=True))
    with ThreadPoolExecutor(max_workers=_FEW) as pool:
        copies = [pool.submit(_copy_file, source, target) for source, target in files]
        try:
            return dict(zip(targets, (copy.result() for copy in copies), strict=True))
        except BaseException:
            # The rest would only fill a disk that is full.
            pool.shutdown(cancel_futures=True)
            raise


def discard(draft: Path) -> None:
    """Delete what a copy left that did not end well."""
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        # What went wrong before is what the user has to hear.
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
