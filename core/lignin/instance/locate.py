"""Where storages are, as the layer of bytes sees them."""

from __future__ import annotations

from typing import Any

from lignin.model import Storage
from lignin.storage import Root

__all__ = ["locate", "root_of"]


def root_of(storage: Storage) -> Root:
    """The root of a storage location; the `host` of a remote one is its server's URL."""
    return Root(url=storage.root, endpoint=storage.host if "://" in storage.root else "", region=storage.region)


def locate(storage: Storage, relpath: str) -> Any:
    """The path of something in a storage location."""
    return root_of(storage).path(relpath)
