"""Bytes: keys, storage roots on local disks and S3, copying safely to and from them, the cache. No SQL."""

from lignin.storage.cache import Wanted, cache_folder, cached
from lignin.storage.keys import check_key, suffix_of
from lignin.storage.place import fetch, look, put, remove
from lignin.storage.remote import check_writable, hash_remote, open_stream
from lignin.storage.root import Root, as_path
from lignin.storage.seen import Seen

__all__ = [
    "Root",
    "Seen",
    "Wanted",
    "as_path",
    "cache_folder",
    "cached",
    "check_key",
    "check_writable",
    "fetch",
    "hash_remote",
    "look",
    "open_stream",
    "put",
    "remove",
    "suffix_of",
]
