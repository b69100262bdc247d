"""Files on web servers, which are read and never written: `http://` and `https://`, by the standard library alone.

What a server says of a file is its length, its time, and an ETag. A weak ETag (`W/…`) names no bytes, so it counts as
none. A transfer that breaks off is taken up where it ended, if the server can do that and the file is still the same.
"""

from __future__ import annotations

import contextlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from blake3 import blake3

from lignin.base.content import Content
from lignin.base.errors import ContentChanged, StorageError, UsageError
from lignin.base.progress import advance, watched
from lignin.storage.seen import Seen

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["check_writable", "fetch", "hash_whole", "look", "put", "put_new", "remove"]

_CHUNK = 1024 * 1024
_TIMEOUT = 60.0
_WAITS = (0.2, 0.8)
_PASSING = {429, 500, 502, 503, 504}
_NOT_THERE = {404, 410}
_NO_HEAD = {400, 403, 405, 501}


def look(target: UPath) -> Seen | None:
    """What the server says of a file."""
    with _explained(f"can't look at {target}"):
        try:
            with _asked(str(target), method="HEAD") as answer:
                return _seen(answer.headers)
        except urllib.error.HTTPError as e:
            if e.code in _NOT_THERE:
                return None
            if e.code not in _NO_HEAD:
                raise
        # Servers that sign links, or count them, may refuse to speak of a file without giving it.
        with _asked(str(target)) as answer:
            return _seen(answer.headers)


def fetch(source: UPath, draft: Path) -> None:
    """Download a file."""
    with _explained(f"can't download {source}"), draft.open("xb") as writer:
        for chunk in _chunks(str(source)):
            writer.write(chunk)
            advance("copied", len(chunk))


def hash_whole(path: UPath) -> Content:
    """The content of a file, read whole and kept nowhere."""
    hasher, size = blake3(), 0
    with _explained(f"can't read {path}"), watched("read", f"reading {path.name}", total=None):
        for chunk in _chunks(str(path)):
            hasher.update(chunk)
            advance("read", len(chunk))
            size += len(chunk)
    return Content(id="b3:" + hasher.hexdigest(), size=size)


def put(source: Path, target: UPath, *, expected: str) -> NoReturn:
    """Refuse: a web server is read only."""
    _refuse(target)


def put_new(source: Path, target: UPath, *, expected: str) -> NoReturn:
    """Refuse: a web server is read only."""
    _refuse(target)


def remove(target: UPath) -> NoReturn:
    """Refuse: a web server is read only."""
    _refuse(target)


def check_writable(root: UPath) -> NoReturn:
    """Refuse: a web server is read only."""
    _refuse(root)


def _refuse(target: UPath) -> NoReturn:
    raise UsageError(f"{target} is on a web server, which Lignin only reads. Store on a local disk, S3 or GCS.")


def _chunks(url: str) -> Iterator[bytes]:
    """The bytes of a file, whatever number of answers it takes."""
    done, etag, size = 0, None, None
    for wait in (*_WAITS, None):
        with _asked(url, begin=done, etag=etag) as answer:
            if done and answer.status != http.client.PARTIAL_CONTENT:
                raise ContentChanged(f"{url} broke off after {done} bytes, and is no longer the same, or can't be taken up there. Try again.")
            if not done:
                etag, size = _etag(answer.headers), _size(answer.headers)
            with contextlib.suppress(http.client.IncompleteRead, ConnectionError, TimeoutError):
                while chunk := answer.read(_CHUNK):
                    done += len(chunk)
                    yield chunk
        if size is None or done == size:
            return
        if wait is None or etag is None:
            raise StorageError(f"{url} broke off after {done} of {size} bytes. Try again, or look at the server.")
        time.sleep(wait)


@contextlib.contextmanager
def _asked(url: str, *, method: str = "GET", begin: int = 0, etag: str | None = None) -> Iterator[Any]:
    """The server's answer; asked again where it says that it is busy, or does not say anything."""
    headers = {"User-Agent": "lignin", "Accept-Encoding": "identity"}
    if begin:
        headers |= {"Range": f"bytes={begin}-", "If-Range": f'"{etag}"'}
    request = urllib.request.Request(quote(url, safe="%/:=&?~+!$,;'@()*[]"), method=method, headers=headers)
    for wait in (*_WAITS, None):
        try:
            answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
            break
        except urllib.error.HTTPError as e:
            e.close()
            if e.code not in _PASSING or wait is None:
                raise
        except (http.client.RemoteDisconnected, ConnectionResetError):
            if wait is None:
                raise
        time.sleep(wait)
    with answer:
        yield answer


def _seen(headers: Any) -> Seen:
    return Seen(size=_size(headers), mtime_ns=_time(headers), is_folder=False, etag=_etag(headers))


def _size(headers: Any) -> int | None:
    told = headers.get("Content-Length", "")
    return int(told) if told.isascii() and told.isdigit() else None


def _time(headers: Any) -> int:
    try:
        return int(parsedate_to_datetime(headers["Last-Modified"]).timestamp()) * 1_000_000_000
    except (TypeError, ValueError, OverflowError):
        return 0


def _etag(headers: Any) -> str | None:
    told = (headers.get("ETag") or "").strip()
    if len(told) < 3 or not (told.startswith('"') and told.endswith('"')) or not told.isprintable():
        return None
    return str(told[1:-1])


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """What went wrong on the way to the server, or there, as an error of ours."""
    try:
        yield
    except urllib.error.HTTPError as e:
        if e.code in _NOT_THERE:
            # As any store's missing file, so that readers can tell it from a server that fails.
            raise StorageError(f"{what}: the server has no such file.") from FileNotFoundError(str(e))
        hint = "Whether it may be read, its owner can say." if e.code in {401, 403} else "Try again later, or look at the server."
        raise StorageError(f"{what}: the server answers {e.code} {e.reason}. {hint}") from e
    except (OSError, http.client.HTTPException) as e:
        reason = getattr(e, "reason", None) or e
        raise StorageError(f"{what}: {reason}. Check the URL and the network.") from e
