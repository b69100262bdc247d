"""Keep the bytes of a file that others may overwrite, under the name of its content."""

import os
from pathlib import Path

from lignin.base.content import walk_files
from lignin.base.errors import StorageError
from lignin.base.ids import new_uid
from lignin.storage.flush import flush_folder
from lignin.storage.local import discard
from lignin.storage.place import put

__all__ = ["retain"]


def retain(source: Path, target: Path, *, expected: str, by_link: bool) -> None:
    """Keep a file or folder at `target`; what is there already stays.

    Args:
        source: what others may overwrite.
        target: named by its content; who reads it compares.
        expected: its content id.
        by_link: by hard links, where the file system has them: they cost no room, and hold as long as the file is
            replaced rather than written anew in its place. Otherwise, and across file systems, by a copy.

    Raises:
        ContentChanged: it is no longer what was read.
        StorageError: it can't be read or kept.
    """
    if target.exists():
        return
    if by_link and _link(source, target):
        return
    put(source, target, expected=expected)


def _link(source: Path, target: Path) -> bool:
    draft = target.with_name(f".{target.name}.{new_uid(6)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            for path, _ in walk_files(source):
                place = draft / path.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(path.resolve(), place)
        else:
            os.link(source.resolve(), draft)
        # Of two that keep the same content, the second finds it there.
        draft.rename(target)
        flush_folder(target.parent)
    except OSError as e:
        discard(draft)
        if target.exists():
            return True
        if isinstance(e, FileNotFoundError):
            raise StorageError(f"can't keep {source}: it is gone.") from e
        return False
    return True
