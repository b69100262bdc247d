"""Where storages are, as the layer of bytes sees them, and what stands where in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.model import Storage
from lignin.storage import Root

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["OBJECTS", "home_of", "locate", "path_below", "root_of"]

OBJECTS = ".lignin"


def root_of(storage: Storage) -> Root:
    """The root of a storage location; the `host` of a remote one is its server's URL."""
    return Root(url=storage.root, endpoint=storage.host if "://" in storage.root else "", region=storage.region)


def locate(storage: Storage, relpath: str) -> Any:
    """The path of something in a storage location."""
    return root_of(storage).path(relpath)


def home_of(instance: Instance, storage: Storage) -> str:
    """Below which path of a storage this instance keeps the bytes that it stores there."""
    # Outside the folder other instances may store too, and what they delete must be their own.
    return OBJECTS if Path(storage.root).is_relative_to(instance.config.folder) else f"{OBJECTS}/{storage.instance_uid}"


def path_below(source: Path, root: Path) -> str | None:
    """The path inside a root, also where one of the two was told by a link to its folder; `None` outside."""
    if source.is_relative_to(root):
        return source.relative_to(root).as_posix()
    # A link at the end is the file that was meant; those on the way are other names of its folder.
    real, real_root = Path(os.path.realpath(source.parent), source.name), Path(os.path.realpath(root))
    return real.relative_to(real_root).as_posix() if real.is_relative_to(real_root) else None
