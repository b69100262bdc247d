"""Bytes: keys, storage roots on local disks, S3 and GCS, copying safely to and from them, the cache. No SQL."""

from lignin.storage.adopt import adopt
from lignin.storage.cache import Wanted, cache_folder, cached
from lignin.storage.flush import flush_file, flush_folder
from lignin.storage.keys import check_key, is_store_name, suffix_of, suffix_there
from lignin.storage.listing import Listing, Upload, abort, copy_within, list_below, unfinished
from lignin.storage.place import check_writable, fetch, hash_whole, look, put, put_new, remove
from lignin.storage.remote import open_stream
from lignin.storage.retain import retain
from lignin.storage.root import Root, as_path
from lignin.storage.seen import Seen
from lignin.storage.transfer import transfer, transfer_new

__all__ = [
    "Listing",
    "Root",
    "Seen",
    "Upload",
    "Wanted",
    "abort",
    "adopt",
    "as_path",
    "cache_folder",
    "cached",
    "check_key",
    "check_writable",
    "copy_within",
    "fetch",
    "flush_file",
    "flush_folder",
    "hash_whole",
    "is_store_name",
    "list_below",
    "look",
    "open_stream",
    "put",
    "put_new",
    "remove",
    "retain",
    "suffix_of",
    "suffix_there",
    "transfer",
    "transfer_new",
    "unfinished",
]
