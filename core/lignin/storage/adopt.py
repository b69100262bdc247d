"""Give what was written straight into a storage its final name, without sending its bytes once more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from lignin.base.content import hash_path, walk_files
from lignin.base.errors import ContentChanged, StorageError, UsageError
from lignin.storage.flush import flush_file, flush_folder
from lignin.storage.place import look, put, remove
from lignin.storage.remote import copy_there, hash_whole
from lignin.storage.seen import Seen

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["adopt"]

_AT_ONCE = 8


def adopt(draft: Path | UPath, target: Path | UPath, *, expected: str, seen: Seen) -> None:
    """Move a draft to its final place in the same storage; where the very content is there already, it stays.

    On a local disk it is flushed and renamed. A server copies each object, and what it then holds is compared.

    Args:
        draft: nobody writes to it any more.
        target: its place.
        expected: the content id that it had when it was inspected.
        seen: what its store said of it then.

    Raises:
        ContentChanged: it is no longer as it was.
        StorageError: it can't be read or written, or is gone.
    """
    if isinstance(draft, Path) and isinstance(target, Path):
        _adopt_local(draft, target, expected=expected, seen=seen)
    elif not isinstance(draft, Path) and not isinstance(target, Path):
        _adopt_remote(draft, target, expected=expected, seen=seen)
    else:
        raise UsageError(f"{draft} and {target} are not in one storage")


def _adopt_local(draft: Path, target: Path, *, expected: str, seen: Seen) -> None:
    if target.exists():
        # As of any other source: it stays where it is right, and is replaced where it is not.
        put(draft if draft.exists() else target, target, expected=expected)
        return
    try:
        files = [path for path, _ in walk_files(draft)] if draft.is_dir() else [draft]
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            for _ in pool.map(flush_file, files):
                pass
        _check_unchanged(draft, seen)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(target)
        flush_folder(target.parent)
    except OSError as e:
        # Another writer of the same content may have come first.
        if target.exists() and hash_path(target).id == expected:
            return
        raise StorageError(f"can't store {draft} as {target}: {e.strerror or e}. Nothing was stored.") from e


def _adopt_remote(draft: UPath, target: UPath, *, expected: str, seen: Seen) -> None:
    if _holds(target, expected=expected, seen=seen):
        return
    _check_unchanged(draft, seen)
    copy_there(draft, target)
    if not _holds(target, expected=expected, seen=seen):
        remove(target)
        _check_unchanged(draft, seen)
        raise StorageError(f"{target} holds other bytes than {draft}, of which it is a copy. It was deleted; save again, and if that fails too, look at the server.")


def _check_unchanged(draft: Path | UPath, seen: Seen) -> None:
    found = look(draft)
    if found is None:
        raise StorageError(f"there is nothing at {draft} any more. Nothing was stored.")
    if (found.size, found.mtime_ns, found.etag) != (seen.size, seen.mtime_ns, seen.etag):
        raise ContentChanged(f"{draft} changed while it was saved. Nothing was stored; save it again when nobody writes to it.")


def _holds(target: UPath, *, expected: str, seen: Seen) -> bool:
    """Whether a place on a server has the content: by the store's own checksums, or, since a large object's copy may have another, by reading it."""
    there = look(target)
    if there is None or there.size != seen.size:
        return False
    return (there.etag is not None and there.etag == seen.etag) or hash_whole(target).id == expected
