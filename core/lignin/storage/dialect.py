"""What differs between object stores: how each tells of an object, what it raises, and whose keys it takes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lignin.base.extras import require

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["Dialect", "dialect_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One kind of object store.

    Attributes:
        package: what fsspec needs for it.
        extra: of ours, that brings the package.
        most_parts: in how many parts an upload may go; `None` where as many as one likes.
        keys: where it takes its keys from, for people.
    """

    package: str
    extra: str
    most_parts: int | None
    keys: str

    def errors(self) -> tuple[type[Exception], ...]:
        """What its client raises that is no `OSError`.

        Raises:
            MissingExtra: the client is not installed.
        """
        require(self.package, extra=self.extra)
        client = require("aiohttp", extra=self.extra).ClientError
        if self.extra == "s3":
            return client, require("botocore.exceptions", extra="s3").BotoCoreError
        return client, require("gcsfs.retry", extra="gcs").HttpError, require("google.auth.exceptions", extra="gcs").GoogleAuthError

    def damaged(self) -> tuple[type[Exception], ...]:
        """What its client raises where a download's bytes are not those that the store told the checksum of."""
        if self.extra == "s3":
            return (require("botocore.exceptions", extra="s3").FlexibleChecksumError,)
        return (require("gcsfs.retry", extra="gcs").ChecksumError,)

    def time(self, info: Mapping[str, Any]) -> int:
        """When an object last changed, to the second: what a listing says in more detail, another question does not."""
        moment = info.get("LastModified") or info.get("mtime")
        return int(moment.timestamp()) * 1_000_000_000 if isinstance(moment, datetime) else 0

    def etag(self, info: Mapping[str, Any]) -> str | None:
        """The store's own checksum of an object.

        Google's ETag changes with what is said of an object, too; so that is its MD5 there, or the number of its
        generation where it was put together from parts and has none.
        """
        if self.extra == "s3":
            etag = info.get("ETag")
            return etag.strip('"') if isinstance(etag, str) else None
        try:
            return base64.b64decode(info["md5Hash"], validate=True).hex()
        except (KeyError, TypeError, binascii.Error):
            generation = info.get("generation")
            return f"generation-{generation}" if generation else None


_S3 = Dialect(package="s3fs", extra="s3", most_parts=9_000, keys="AWS_ACCESS_KEY_ID or AWS_PROFILE")
_GCS = Dialect(package="gcsfs", extra="gcs", most_parts=None, keys="GOOGLE_APPLICATION_CREDENTIALS, or what gcloud auth application-default login left")


def dialect_of(path: UPath) -> Dialect:
    """The dialect of the store that a path leads to."""
    return _GCS if path.protocol in {"gs", "gcs"} else _S3
