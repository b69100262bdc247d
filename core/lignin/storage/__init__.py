"""Bytes: keys, storage roots on local disks and S3, copying safely to and from them, the cache. No SQL."""

from lignin.storage.cache import Wanted, cache_folder, cached
from lignin.storage.keys import check_key, suffix_of
from lignin.storage.listing import Listing, Upload, abort, copy_within, list_below, unfinished
from lignin.storage.place import fetch, look, put, remove
from lignin.storage.remote import check_writable, hash_remote
from lignin.storage.root import Root, as_path
from lignin.storage.seen import Seen

__all__ = [
    "Listing",
    "Root",
    "Seen",
    "Upload",
    "Wanted",
    "abort",
    "as_path",
    "cache_folder",
    "cached",
    "check_key",
    "check_writable",
    "copy_within",
    "fetch",
    "hash_remote",
    "list_below",
    "look",
    "put",
    "remove",
    "suffix_of",
    "unfinished",
]
