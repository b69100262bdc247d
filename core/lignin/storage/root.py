"""Storage roots: a folder on a local disk, or a bucket with a prefix, perhaps on a server of its own.

`s3://bucket/prefix?endpoint_url=https://s3.example.org&region=eu-central-1`, `gs://bucket/prefix`. Files, not roots, may
also lie on a web server, `https://host/path`. Keys are no part of it: they
come from the environment or the profile of whoever reads and writes, and are stored nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from lignin.base.errors import UsageError
from lignin.base.redact import redact_url
from lignin.base.settings import seconds_of

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["Root", "as_path"]

_OPTIONS = ("endpoint_url", "region")
_WEB = {"http", "https"}
_SILENT_SECONDS = 20.0
_CONNECT_SECONDS = 5.0
_ATTEMPTS = 4
_KEYS_FROM = "keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from AWS_PROFILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Where a storage begins, or where a file lies.

    Attributes:
        url: an absolute path, or `s3://bucket/prefix`, without a slash at its end; of a file, also `https://host/path`.
        endpoint: the URL of an S3-compatible server; empty for AWS, and on local disks.
        region: of the bucket, where it has to be told.
    """

    url: str
    endpoint: str = ""
    region: str | None = None

    @property
    def is_remote(self) -> bool:
        """Whether it is on no local disk."""
        return "://" in self.url

    @property
    def kind(self) -> str:
        """`local`, `s3`, `gs`, `http` or `https`."""
        return self.url.partition("://")[0] if self.is_remote else "local"

    @property
    def text(self) -> str:
        """What `parse` takes."""
        options = {"endpoint_url": self.endpoint, "region": self.region}
        query = "&".join(f"{name}={quote(value, safe=':/')}" for name, value in options.items() if value)
        return f"{self.url}?{query}" if query else self.url

    def path(self, relpath: str = "") -> Any:
        """The path of something below it."""
        return as_path(self.url, relpath, endpoint=self.endpoint, region=self.region)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A root from what a user writes.

        Raises:
            UsageError: it is neither on a local disk nor on S3 or GCS, holds a key, or has an option that we don't know.
        """
        if "://" not in text or text.startswith("file://"):
            place = unquote(text.removeprefix("file://")) if "://" in text else text
            # Links stay as the user wrote them.
            return cls(url=os.path.abspath(Path(place).expanduser()))  # noqa: PTH100
        if text.partition("://")[0] in _WEB:
            raise UsageError(f"{redact_url(text)} is on a web server, which Lignin only reads. Store on a local disk, S3 or GCS.")
        return cls._parse_bucket(text, *_split(text))

    @classmethod
    def parse_file(cls, text: str) -> Self:
        """Where a remote file lies, from its URL; a `?` may be a part of its name.

        Raises:
            UsageError: as for `parse`.
        """
        if text.partition("://")[0] in _WEB:
            return cls._parse_web(text)
        place, query = _split(text)
        options = dict(parse_qsl(query, keep_blank_values=True))
        if not options or not options.keys() <= set(_OPTIONS):
            return cls._parse_bucket(text, text, "")
        return cls._parse_bucket(text, place, query)

    @classmethod
    def _parse_bucket(cls, text: str, place: str, query: str) -> Self:
        shown = redact_url(text)
        scheme, _, rest = place.partition("://")
        if scheme not in {"s3", "gs"}:
            raise UsageError(f"{shown} is neither on a local disk, S3 or GCS, nor on a web server; Lignin reads nowhere else")
        bucket, _, prefix = rest.rstrip("/").partition("/")
        if "@" in bucket or ":" in bucket:
            raise UsageError(f"a bucket's URL holds no keys: {_KEYS_FROM}. Lignin stores none.")
        if not bucket or any(part in {"", ".", ".."} for part in (prefix.split("/") if prefix else ())):
            raise UsageError(f"{shown} names no place in a bucket; it is like s3://bucket/prefix")
        options = dict(parse_qsl(query, keep_blank_values=True))
        if options and scheme == "gs":
            raise UsageError("a storage on GCS takes no options; keys come from GOOGLE_APPLICATION_CREDENTIALS, or from gcloud")
        unknown = sorted(options.keys() - set(_OPTIONS))
        if unknown:
            raise UsageError(f"a storage on S3 takes {' and '.join(_OPTIONS)}, not {', '.join(unknown)}; {_KEYS_FROM}")
        return cls(url=f"{scheme}://{rest.rstrip('/')}", endpoint=_checked_endpoint(options.get("endpoint_url", "")), region=options.get("region") or None)

    @classmethod
    def _parse_web(cls, text: str) -> Self:
        shown = redact_url(text)
        try:
            parts = urlsplit(text)
            is_plain = bool(parts.hostname) and parts.port != 0 and text.isprintable() and " " not in text
        except ValueError:
            is_plain = False
        if not is_plain or "/" not in text.partition("://")[2].rstrip("/"):
            raise UsageError(f"{shown} names no file on a web server; it is like https://host/path/file.csv")
        if shown != text or "@" in parts.netloc:
            raise UsageError(f"{shown} holds a password, token or signature, and Lignin stores none. Download the file, and save that.")
        return cls(url=text.partition("#")[0])


def as_path(root: str, relpath: str, *, endpoint: str = "", region: str | None = None) -> Path | UPath:
    """The path of something below a storage root; a plain path where the root is local.

    fsspec is loaded for roots that need it only: its import takes longer than a small save.
    """
    if "://" not in root:
        return Path(root) / relpath if relpath else Path(root)
    make = import_module("upath").UPath
    if root.partition("://")[0] in _WEB:
        # Put together as text: what stands there is no path of a file system, and keeps its `//`, `..` and `?`.
        web: UPath = make(f"{root}/{relpath}" if relpath else root)
        return web
    options = _options(endpoint, region) if root.startswith("s3") else {"use_listings_cache": False}
    base: UPath = make(root, **options)
    return base / relpath if relpath else base


def _options(endpoint: str, region: str | None) -> Mapping[str, Any]:
    client = {name: value for name, value in (("endpoint_url", endpoint), ("region_name", region)) if value}
    # Some servers tell the checksum of the whole object with a part of it, which would then be refused; AWS does not.
    checks = {"response_checksum_validation": "when_required"} if endpoint else {}
    # Listings that are kept would hide what other processes write.
    return {"use_listings_cache": False, "config_kwargs": _patience() | checks, **({"client_kwargs": client} if client else {})}


def _patience() -> dict[str, Any]:
    """How long a silent server is waited for, and how often a request is made: AWS's own settings count where they are set."""
    seconds = seconds_of("LIGNIN_S3_TIMEOUT", default=_SILENT_SECONDS)
    patience: dict[str, Any] = {"connect_timeout": min(seconds, _CONNECT_SECONDS), "read_timeout": seconds}
    if "AWS_RETRY_MODE" not in os.environ and "AWS_MAX_ATTEMPTS" not in os.environ:
        patience["retries"] = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    return patience


def _split(text: str) -> tuple[str, str]:
    place, mark, query = text.partition("?")
    return (place, query) if mark else (text, "")


def _checked_endpoint(endpoint: str) -> str:
    if not endpoint:
        return ""
    try:
        parts = urlsplit(endpoint)
        is_plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and not parts.query and "@" not in parts.netloc
    except ValueError:
        is_plain = False
    if not is_plain:
        raise UsageError(f"the endpoint {redact_url(endpoint)} is not like https://s3.example.org; {_KEYS_FROM}")
    return endpoint.rstrip("/")
