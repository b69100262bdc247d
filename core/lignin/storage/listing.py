"""What lies below a place on an object store, all at once; what uploads began there and never ended; copies that stay in the store.

A listing answers for a thousand objects at a time. It is as old as it is: who concludes that something is not
there, or is another, asks once more with `look`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lignin.base.errors import StorageError
from lignin.storage.dialect import dialect_of
from lignin.storage.place import look
from lignin.storage.remote import copy_there, explained, objects_below, system
from lignin.storage.seen import Seen

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["Listing", "Upload", "abort", "copy_within", "list_below", "unfinished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The objects below a place, by their path from there.

    Attributes:
        names: sorted.
        objects: each one's size, time of last change and ETag.
    """

    names: tuple[str, ...]
    objects: Mapping[str, Seen]

    def below(self, name: str) -> Iterator[tuple[str, Seen]]:
        """The objects below a prefix, by their whole names."""
        prefix = f"{name}/"
        for place in range(bisect_left(self.names, prefix), len(self.names)):
            if not self.names[place].startswith(prefix):
                return
            yield self.names[place], self.objects[self.names[place]]

    def seen(self, name: str) -> Seen | None:
        """An object, or all below a prefix as one; without an ETag for those."""
        if name in self.objects:
            return self.objects[name]
        inside = [seen for _, seen in self.below(name)]
        if not inside:
            return None
        size, newest = sum(seen.size or 0 for seen in inside), max(seen.mtime_ns for seen in inside)
        return Seen(size=size, mtime_ns=newest, is_folder=True, n_files=len(inside))


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload in parts that was neither ended nor given up.

    Attributes:
        name: of the object that it would make, from the place that was asked about.
        id: the store's name for it.
        moved_at: when its last part came, or when it began.
    """

    name: str
    id: str
    moved_at: datetime


def list_below(place: UPath) -> Listing:
    """All objects below a place; an empty listing where there is none.

    Raises:
        StorageError: the store does not say.
    """
    with explained(place, f"can't list {place}"):
        found = objects_below(system(place), place.path)
    dialect = dialect_of(place)
    # A web server's listing tells no sizes.
    sizes = {name: None if info["size"] is None else int(info["size"]) for name, info in found}
    objects = {name: Seen(size=sizes[name], mtime_ns=dialect.time(info), is_folder=False, etag=dialect.etag(info)) for name, info in found}
    return Listing(names=tuple(objects), objects=objects)


def unfinished(place: UPath) -> list[Upload]:
    """The uploads in parts below a place that did not end; none where a store keeps no such list.

    Raises:
        StorageError: the store does not say.
    """
    if place.protocol not in {"s3", "s3a"}:
        return []
    bucket, _, prefix = f"{place.path}/".partition("/")
    found: list[Upload] = []
    asked = {"Bucket": bucket, "Prefix": prefix}
    with explained(place, f"can't list the unfinished uploads below {place}"):
        while True:
            answer = _ask_uploads(place.fs, asked)
            for upload in answer.get("Uploads") or ():
                name = str(upload["Key"])
                if name.startswith(prefix):
                    found.append(Upload(name=name.removeprefix(prefix), id=upload["UploadId"], moved_at=_moved_at(place.fs, bucket, upload)))
            if not answer.get("IsTruncated"):
                return found
            asked |= {"KeyMarker": answer["NextKeyMarker"], "UploadIdMarker": answer["NextUploadIdMarker"]}


def _ask_uploads(fs: Any, asked: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = fs.call_s3("list_multipart_uploads", **asked)
    except OSError as e:
        # Some servers answer so where a bucket never had any.
        if _code(e) == "NoSuchUpload":
            return {}
        raise
    return answer


def _code(error: OSError) -> str:
    """What the store calls an error."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def abort(place: UPath, upload: Upload) -> None:
    """Give up an upload, so that the store forgets its parts; one that ended meanwhile is fine.

    Raises:
        StorageError: it can't be given up.
    """
    bucket, _, prefix = f"{place.path}/".partition("/")
    with explained(place, f"can't give up the upload of {place / upload.name}"):
        try:
            place.fs.call_s3("abort_multipart_upload", Bucket=bucket, Key=prefix + upload.name, UploadId=upload.id)
        except OSError as e:
            if _code(e) != "NoSuchUpload":
                raise


def copy_within(source: UPath, target: UPath) -> None:
    """Copy an object, or all below a prefix, to another place in the same store, without reading it here.

    Raises:
        StorageError: it can't be copied, or is not what lies there then.
    """
    copy_there(source, target)
    seen, copied = look(source), look(target)
    if seen is None or copied is None or (seen.size, seen.n_files) != (copied.size, copied.n_files):
        raise StorageError(f"{source} changed while it was copied to {target}. Try again when it is at rest.")


def _moved_at(fs: Any, bucket: str, upload: Mapping[str, Any]) -> datetime:
    begun: datetime = upload["Initiated"]
    asked = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
    moments = [begun]
    while True:
        try:
            answer = fs.call_s3("list_parts", **asked)
        except OSError as e:
            if _code(e) != "NoSuchUpload":
                raise
            # It ended while we asked.
            return datetime.now(UTC)
        moments += [part["LastModified"] for part in answer.get("Parts") or ()]
        if not answer.get("IsTruncated"):
            return max(moments).astimezone(UTC)
        asked["PartNumberMarker"] = answer["NextPartNumberMarker"]
