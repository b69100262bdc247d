"""Bytes: keys, places below storage roots, copying them there safely. No SQL."""

from lignin.storage.keys import check_key, suffix_of
from lignin.storage.place import as_path, put, remove

__all__ = ["as_path", "check_key", "put", "remove", "suffix_of"]
