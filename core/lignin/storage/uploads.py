"""Uploads to S3 in parts that have not ended: what a killed process leaves there, under no name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lignin.storage.remote import explained, system

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["Upload", "abort_upload", "pending_uploads"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload in parts that has not ended.

    Attributes:
        url: the object that it would make.
        key: the same, below its bucket.
        number: what the store calls it by.
        began: when.
    """

    url: str
    key: str
    number: str
    began: datetime


def pending_uploads(home: UPath) -> tuple[Upload, ...]:
    """All such uploads below a prefix.

    Raises:
        StorageError: the store does not say.
    """
    bucket, _, prefix = home.path.partition("/")
    found: list[Upload] = []
    with explained(home, f"can't list the uploads to {home}"):
        fs, markers = system(home), dict[str, Any]()
        while True:
            try:
                told = fs.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=f"{prefix}/", **markers)
            except FileNotFoundError:
                # What rclone's server says of a bucket to which nothing was ever sent in parts.
                return tuple(found)
            for item in told.get("Uploads") or ():
                # Not every server looks at the prefix.
                if item["Key"].startswith(f"{prefix}/"):
                    found.append(Upload(url=f"s3://{bucket}/{item['Key']}", key=item["Key"], number=item["UploadId"], began=item["Initiated"]))
            if not told.get("IsTruncated"):
                return tuple(found)
            markers = {"KeyMarker": told["NextKeyMarker"], "UploadIdMarker": told["NextUploadIdMarker"]}


def abort_upload(home: UPath, upload: Upload) -> None:
    """Abort an upload, so that its parts go; one that ended meanwhile stays as it is.

    Raises:
        StorageError: the store refuses.
    """
    bucket = home.path.partition("/")[0]
    with explained(home, f"can't abort the upload of {upload.url}"):
        try:
            system(home).call_s3("abort_multipart_upload", Bucket=bucket, Key=upload.key, UploadId=upload.number)
        except FileNotFoundError:
            return
