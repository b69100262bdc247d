"""Moving what should not be served to `lost+found` beside it: nothing is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.errors import StorageError
from lignin.base.ids import new_uid
from lignin.instance.save_artifact import OBJECTS
from lignin.storage import copy_within, list_below, look, remove

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lignin.instance.fsck.places import Root
    from lignin.instance.instance import Instance

__all__ = ["LOST", "kept_aside", "set_aside", "set_aside_remote"]

LOST = "lost+found"


def set_aside(root: Path, relpath: str) -> Path:
    """Move something below a local root's `.lignin` to `lost+found` there, under a name of its own.

    Raises:
        FileNotFoundError: it is there no more.
        OSError: it can't be moved.
    """
    place = root / _lost(relpath)
    place.parent.mkdir(parents=True, exist_ok=True)
    target = place.with_name(f"{place.name}~{new_uid(6)}")
    (root / relpath).rename(target)
    return target


def set_aside_remote(instance: Instance, root: Root, relpath: str, *, may: Callable[[Session, Any], bool]) -> None:
    """The same in a bucket, where moving is copying and deleting.

    The copy is made while others may write; whether the original may go is asked again when they can't.

    Args:
        instance: whose storage it is.
        root: in the bucket.
        relpath: of an object, or of a prefix.
        may: says, with its locks taken, whether what lies there may still go; gets the copy's place too.

    Raises:
        StorageError: it can't be moved.
    """
    place, target = root.where.path(relpath), root.where.path(f"{_lost(relpath)}~{new_uid(6)}")
    before = look(place)
    if before is None:
        return
    copy_within(place, target)

    def work(session: Session) -> bool:
        if not may(session, target):
            return False
        seen = look(place)
        if seen is not None and seen != before:
            return False
        # Nothing at all: an earlier try of this very transaction deleted it.
        remove(place)
        return True

    if not instance.database.transact(work):
        remove(target)


def kept_aside(root: Root, relpath: str) -> Iterator[Any]:
    """What was moved to `lost+found` from this place."""
    folder, _, name = _lost(relpath).rpartition("/")
    if not root.where.is_remote:
        with suppress(OSError):
            yield from sorted(path for path in (root.path / folder).iterdir() if path.name.rpartition("~")[0] == name)
        return
    with suppress(StorageError):
        first = {found.partition("/")[0] for found in list_below(root.where.path(folder)).names}
        yield from (root.where.path(f"{folder}/{own}") for own in sorted(first) if own.rpartition("~")[0] == name)


def _lost(relpath: str) -> str:
    return f"{OBJECTS}/{LOST}/{relpath.removeprefix(f'{OBJECTS}/')}"
