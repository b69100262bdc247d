"""Families of versions: what makes two artifacts, or two transforms, versions of one another."""

from lignin.base.errors import UsageError
from lignin.model import Storage

__all__ = ["code_family", "key_family", "location_family", "own_family"]


def key_family(key: str) -> str:
    """Of a key that a user gave: it names a family in the whole instance."""
    return f"key:{key}"


def own_family(stem: str) -> str:
    """Of a record without a key: its own versions only."""
    return f"uid:{stem}"


def location_family(storage: Storage, relpath: str) -> str:
    """Of a file that was found: where it lies."""
    if not storage.uid:
        raise UsageError(f"save {storage!r} first: a location needs its uid")
    return f"loc:{storage.uid}:{relpath}"


def code_family(key: str, reference: str | None) -> str:
    """Of a transform: its key within its repository or folder."""
    return f"code:{reference or ''}:{key}"
