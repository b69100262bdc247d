"""Local copies of what lies elsewhere, named by their content, so that one can never be stale.

They lie in `LIGNIN_CACHE_DIR`, by default `~/.cache/lignin`. `LIGNIN_CACHE_LIMIT` (`500MB`, `20GB`) bounds it: after
each download, copies go whose last use is longest ago. What was used within the last minute stays, since another
process may be about to open it. Many processes may share it: each download has a name of its own until it is whole
and compared, and who comes second waits for the first.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from lignin.base.content import hash_path, look_at
from lignin.base.errors import ContentChanged, StorageError, UsageError
from lignin.base.ids import new_uid
from lignin.base.progress import watched
from lignin.storage.local import discard
from lignin.storage.place import fetch, look

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["Wanted", "cache_folder", "cached", "evict"]

_FRESH_SECONDS = 60
_ABANDONED_SECONDS = 24 * 3600
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a copy has to hold.

    Attributes:
        content: a content id of ours, or `etag:` and what the store says of an object that nobody read.
        size: in bytes.
        suffix: for the copy's name.
    """

    content: str
    size: int | None
    suffix: str


def cache_folder() -> Path:
    """Where copies lie."""
    if named := os.environ.get("LIGNIN_CACHE_DIR"):
        return Path(named).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "lignin"


def cached(source: Path | UPath, wanted: Wanted, *, verify: bool = False) -> Path:
    """A local copy of `source` with the content that is wanted, made if it is not there.

    Args:
        source: where it lies.
        wanted: what it has to hold.
        verify: read a copy that is there, and make it anew where its bytes are no longer those.

    Raises:
        ContentChanged: other bytes lie there.
        StorageError: it can't be had.
    """
    place = _place_of(source, wanted)
    if _is_whole(place, wanted, verify=verify):
        _touch(place)
        return place
    try:
        with _alone(place):
            if not _is_whole(place, wanted, verify=verify):
                _download(source, place, wanted)
    except OSError as e:
        raise StorageError(f"can't keep a copy of {source} in {cache_folder()}: {e.strerror or e}. Make room, or name another folder with LIGNIN_CACHE_DIR.") from e
    evict(keep=place)
    return place


def evict(*, keep: Path | None = None) -> int:
    """Delete the copies that were not used for longest, until the rest is within `LIGNIN_CACHE_LIMIT`; the number of bytes that went.

    Raises:
        UsageError: the limit is no size.
    """
    limit = _limit()
    if limit is None:
        return 0
    used: list[tuple[float, int, Path]] = []
    gone, now = 0, time.time()
    for place in cache_folder().glob("*/??/*"):
        with contextlib.suppress(OSError):
            moment = place.stat().st_mtime
            if not place.name.endswith(".part"):
                used.append((moment, look_at(place).size, place))
            elif now - moment > _ABANDONED_SECONDS:
                discard(place)
    total = sum(size for _, size, _ in used)
    for moment, size, place in sorted(used):
        if total - gone <= limit or now - moment < _FRESH_SECONDS:
            break
        if place != keep:
            _delete(place)
            gone += size
    return gone


def _place_of(source: Path | UPath, wanted: Wanted) -> Path:
    kind, _, digest = wanted.content.partition(":")
    if kind not in {"b3", "b3d"}:
        # What a store says of its object means something there only.
        digest = blake3(f"{source}\n{sorted(getattr(source, 'storage_options', {}).get('client_kwargs', {}).items())}\n{wanted.content}".encode()).hexdigest()
    return cache_folder() / kind / digest[:2] / f"{digest[2:]}{wanted.suffix}"


def _is_whole(place: Path, wanted: Wanted, *, verify: bool) -> bool:
    try:
        if wanted.size is not None and look_at(place).size != wanted.size:
            return False
        if not place.exists():
            return False
        # What the store said of an object can't be compared with a copy, so that one is made anew.
        return not verify or (wanted.content.startswith("b3") and hash_path(place).id == wanted.content)
    except OSError:
        return False


def _download(source: Path | UPath, place: Path, wanted: Wanted) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{new_uid(6)}.part")
    try:
        _check_etag(source, wanted)
        is_wanted = _fetch_wanted(source, draft, wanted)
        if not is_wanted:
            # Bytes can be damaged on their way too: only what comes twice is what lies there.
            discard(draft)
            is_wanted = _fetch_wanted(source, draft, wanted)
        if not is_wanted:
            raise ContentChanged(f"{source} holds other bytes than those that were recorded. Save it again to record what is there now.")
        _check_etag(source, wanted)
        _delete(place)
        draft.rename(place)
        _protect(place)
    finally:
        discard(draft)


def _fetch_wanted(source: Path | UPath, draft: Path, wanted: Wanted) -> bool:
    with watched("copied", f"downloading {source.name}", total=wanted.size):
        fetch(source, draft)
    return not wanted.content.startswith("b3") or hash_path(draft).id == wanted.content


def _check_etag(source: Path | UPath, wanted: Wanted) -> None:
    if wanted.content.startswith("b3"):
        return
    seen = look(source)
    if seen is None or seen.etag != wanted.content.partition(":")[2]:
        raise ContentChanged(f"{source} is no longer the object that was recorded. Save it again to record what is there now.")


def _protect(place: Path) -> None:
    """Nobody writes into a copy by mistake."""
    for path in place.rglob("*") if place.is_dir() else [place]:
        if path.is_file() and not path.is_symlink():
            path.chmod(0o444)


def _touch(place: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(place)


def _delete(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        place.unlink(missing_ok=True)


def _limit() -> int | None:
    told = os.environ.get("LIGNIN_CACHE_LIMIT")
    if not told:
        return None
    match = _SIZE.fullmatch(told)
    if match is None:
        raise UsageError(f"LIGNIN_CACHE_LIMIT is a size like 500MB or 20GB, not {told!r}")
    return int(float(match[1]) * _UNITS[match[2].upper()])


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Keep others from downloading the same; where a disk has no locks, twice is no harm."""
    folder = cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / place.parent.name).open("w") as lock:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
