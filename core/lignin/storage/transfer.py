"""Bytes from one place to another, whatever kinds of store the two are in: copied, compared, and only then there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lignin.base.content import hash_path
from lignin.base.errors import ContentChanged, StorageError
from lignin.storage.cache import cache_folder
from lignin.storage.place import fetch, hash_whole, put, put_new

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["transfer", "transfer_new"]


def transfer(source: Path | UPath, target: Path | UPath, *, expected: str) -> None:
    """Copy a file or folder to its final place; where the very content is there already, it stays.

    Args:
        source: where it lies now, and stays.
        target: anything else that is there is replaced.
        expected: its content id.

    Raises:
        ContentChanged: the source holds other bytes.
        StorageError: it can't be read or written.
    """
    _transfer(source, target, expected=expected, write=put)


def transfer_new(source: Path | UPath, target: Path | UPath, *, expected: str) -> None:
    """The same for a place that is not ours alone: what lies there is never replaced.

    Raises:
        ContentChanged: the source holds other bytes.
        StorageError: something else lies there, or it can't be read or written.
    """
    _transfer(source, target, expected=expected, write=put_new)


def _transfer(source: Path | UPath, target: Path | UPath, *, expected: str, write: Callable[..., None]) -> None:
    if isinstance(source, Path):
        write(source, target, expected=expected)
    else:
        with _folder(target) as folder:
            draft = Path(folder) / "whole"
            fetch(source, draft)
            if hash_path(draft).id != expected:
                raise ContentChanged(f"{source} holds other bytes than those that were recorded. Nothing was moved; look at it with: lignin fsck --rehash 100%")
            write(draft, target, expected=expected)
    # What was written is read once more, since the source may go now.
    if hash_whole(target).id != expected:
        raise StorageError(f"{target} holds other bytes than were written to it. The source was left as it is; look at the disk or server.")


def _folder(target: Path | UPath) -> tempfile.TemporaryDirectory[str]:
    """Where a download waits: in the cache, which is for copies, and where there is room for them."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix="transfer-", dir=cache_folder())
    except OSError as e:
        raise StorageError(f"can't keep a copy for {target} in {cache_folder()}: {e.strerror or e}. Make room, or name another folder with LIGNIN_CACHE_DIR.") from e
