"""Object stores through fsspec: S3, servers that speak like it, and GCS.

An upload is seen under its name only when it is whole, and is made whole only if its bytes are those that
were expected: a small file goes in one request, a large one in parts that are joined at the very end. Then the
store's checksum is compared; where it is of another kind, the object is read back.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from lignin.base.content import Content, folder_content, hash_path, walk
from lignin.base.errors import ContentChanged, StorageError, UsageError
from lignin.base.extras import require
from lignin.base.ids import new_uid
from lignin.base.progress import advance
from lignin.storage.dialect import Dialect, dialect_of
from lignin.storage.seen import Seen

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["check_writable", "copy_there", "explained", "fetch", "hash_whole", "look", "objects_below", "open_stream", "put", "put_new", "remove", "system"]

_PART = 16 * 1024 * 1024
_AT_ONCE = 8
# What a store never answers: a disk of ours is full, over its quota, or read-only.
_LOCAL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
_AGAIN = 3
_BUFFER = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """The checksums of a file: ours, and those that a store may tell of it."""

    content: Content
    etags: frozenset[str]


def put(source: Path, target: UPath, *, expected: str) -> None:
    """Upload a file, or each file of a folder, as an object that is never seen with other bytes."""
    if not source.is_dir():
        _put_file(source, target, expected=expected)
        return
    contents = _contents_of(source)
    if folder_content((os.fsencode(name), content) for name, content in contents).id != expected:
        raise _changed(source)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for _ in pool.map(lambda item: _put_file(source / item[0], target / item[0], expected=item[1].id), contents):
            pass


def put_new(source: Path, target: UPath, *, expected: str) -> None:
    """Upload to a place where nothing else lies; the store itself refuses to replace a file, where it can."""
    seen = look(target)
    if seen is not None:
        if hash_whole(target).id != expected:
            raise _taken(target)
        return
    if source.is_dir():
        put(source, target, expected=expected)
        return
    with explained(target, f"can't store {source} as {target}. Nothing was stored"):
        try:
            sums = _upload(system(target), source, target, expected=expected, is_new=True)
        except FileExistsError as e:
            raise _taken(target) from e
        _check_stored(system(target), target, sums)


def fetch(source: UPath, draft: Path) -> None:
    """Download an object, or all objects below a prefix."""
    with explained(source, f"can't download {source}"):
        fs, dialect = system(source), dialect_of(source)
        if fs.info(source.path, refresh=True)["type"] != "directory":
            _get_file(dialect, fs, source.path, draft)
            return
        names = [name for name, _ in objects_below(fs, source.path)]
        targets = [_below(draft, name) for name in names]
        for folder in {target.parent for target in targets}:
            folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            for _ in pool.map(lambda pair: _get_file(dialect, fs, f"{source.path}/{pair[0]}", pair[1]), zip(names, targets, strict=True)):
                pass


def remove(target: UPath) -> None:
    """Delete an object, or all objects below a prefix."""
    with explained(target, f"can't delete {target}"):
        fs = system(target)
        # One by one and by name: fsspec's own `rm` reads names as patterns.
        for name, _ in objects_below(fs, target.path):
            _remove_object(fs, f"{target.path}/{name}")
        _remove_object(fs, target.path)


def look(target: UPath) -> Seen | None:
    """What the store says of an object, or of all objects below a prefix."""
    with explained(target, f"can't look at {target}"):
        fs, dialect = system(target), dialect_of(target)
        try:
            info = fs.info(target.path, refresh=True)
        except FileNotFoundError:
            return None
        if info["type"] != "directory":
            return Seen(size=int(info["size"]), mtime_ns=dialect.time(info), is_folder=False, etag=dialect.etag(info))
        listed = objects_below(fs, target.path)
    if not listed:
        return None
    lines = sorted(f"{name}\0{info['size']}\0{dialect.etag(info)}\n" for name, info in listed)
    return Seen(
        size=sum(int(info["size"]) for _, info in listed),
        mtime_ns=max(dialect.time(info) for _, info in listed),
        is_folder=True,
        etag=blake3("".join(lines).encode()).hexdigest(),
        n_files=len(listed),
    )


def hash_whole(path: UPath) -> Content:
    """The content of an object or a prefix, read whole and kept nowhere.

    Raises:
        StorageError: it can't be read.
    """
    with explained(path, f"can't read {path}"):
        fs = system(path)
        if fs.info(path.path, refresh=True)["type"] != "directory":
            return _hash_object(fs, path.path)
        contents = [(name.encode(), _hash_object(fs, f"{path.path}/{name}")) for name, _ in objects_below(fs, path.path)]
    return folder_content(contents)


def copy_there(source: UPath, target: UPath) -> None:
    """Let the store copy an object, or all objects below a prefix, to another place on the same server.

    Raises:
        StorageError: it can't be done.
    """
    with explained(source, f"can't copy {source} to {target}"):
        fs = system(source)
        pairs = [(f"{source.path}/{name}", f"{target.path}/{name}") for name, _ in objects_below(fs, source.path)] or [(source.path, target.path)]
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            for _ in pool.map(lambda pair: fs.cp_file(*pair), pairs):
                pass
def open_stream(path: UPath, **options: Any) -> io.BufferedReader:
    """An object's bytes as they are asked for; what goes wrong on the way is a `StorageError`."""
    with explained(path, f"can't open {path}"):
        return io.BufferedReader(_Stream(system(path).open(path.path, "rb", **options), path), buffer_size=_BUFFER)


class _Stream(io.RawIOBase):
    """A stream of the store's, whose errors are ours."""

    def __init__(self, inner: Any, path: UPath) -> None:
        self._inner, self._path = inner, path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with explained(self._path, f"can't read {self._path}"):
            return int(self._inner.readinto(buffer))

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._inner.seek(offset, whence))

    def tell(self) -> int:
        return int(self._inner.tell())

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
        super().close()


def check_writable(root: UPath) -> None:
    """Put a small object below a root, and take it away again.

    Raises:
        StorageError: that can't be done; the message says why.
    """
    with explained(root, f"can't write to {root}"):
        fs = system(root)
        bucket = root.path.partition("/")[0]
        mark = f"{root.path}/.lignin/can-be-written-{new_uid(6)}"
        try:
            fs.pipe_file(mark, b"Lignin looks whether it can write here.\n")
            fs.rm_file(mark)
        except FileNotFoundError as e:
            raise StorageError(f"there is no bucket {bucket!r}. Make it, or check the endpoint and the name.") from e


def _put_file(source: Path, target: UPath, *, expected: str) -> None:
    with explained(target, f"can't store {source} as {target}. Nothing was stored"):
        fs = system(target)
        size = source.stat().st_size
        seen = look(target)
        if seen is not None and seen.size == size:
            known = _sums_of(source, dialect_of(target))
            if seen.etag in known.etags and known.content.id == expected:
                return
        sums = _upload(fs, source, target, expected=expected)
        _check_stored(fs, target, sums)


def _upload(fs: Any, source: Path, target: UPath, *, expected: str, is_new: bool = False) -> _Sums:
    path, size = target.path, source.stat().st_size
    if size <= _PART:
        data = source.read_bytes()
        sums = _sums([data])
        if sums.content.id != expected:
            raise _changed(source)
        fs.pipe_file(path, data, **({"mode": "create"} if is_new else {}))
        advance("copied", size)
        return sums
    part = _part_of(size, dialect_of(target))
    writer = fs.open(path, "xb" if is_new else "wb", autocommit=False, block_size=part)
    try:
        sums = _sums(_told(_parts_of(source, part), writer))
        # Sends what is left; the object is made by `commit` alone.
        writer.close()
    except BaseException:
        _abandon(writer)
        raise
    if sums.content.id != expected:
        _abandon(writer)
        raise _changed(source)
    writer.commit()
    return sums


def _abandon(writer: Any) -> None:
    try:
        writer.discard()
    finally:
        # Else the collector would close it, and send what is left.
        writer.closed = True


def _part_of(size: int, dialect: Dialect) -> int:
    return _PART if dialect.most_parts is None else max(_PART, size // dialect.most_parts + 1)


def _told(parts: Iterator[bytes], writer: Any) -> Iterator[bytes]:
    for part in parts:
        writer.write(part)
        advance("copied", len(part))
        yield part


def _parts_of(source: Path, part: int) -> Iterator[bytes]:
    with source.open("rb") as stream:
        while chunk := stream.read(part):
            yield chunk


def _sums_of(source: Path, dialect: Dialect) -> _Sums:
    return _sums(_parts_of(source, _part_of(source.stat().st_size, dialect)))


def _sums(parts: Iterator[bytes] | Sequence[bytes]) -> _Sums:
    hasher, whole, each, size = blake3(), hashlib.md5(usedforsecurity=False), list[bytes](), 0
    for part in parts:
        hasher.update(part)
        whole.update(part)
        each.append(hashlib.md5(part, usedforsecurity=False).digest())
        size += len(part)
    joined = hashlib.md5(b"".join(each), usedforsecurity=False).hexdigest()
    return _Sums(content=Content(id="b3:" + hasher.hexdigest(), size=size), etags=frozenset({whole.hexdigest(), f"{joined}-{len(each)}"}))


def _check_stored(fs: Any, target: UPath, sums: _Sums) -> None:
    seen = look(target)
    if seen is not None and seen.size == sums.content.size and (seen.etag in sums.etags or _hash_object(fs, target.path).id == sums.content.id):
        return
    fs.rm_file(target.path)
    raise StorageError(f"{target} holds other bytes than were sent to it. It was deleted; save again, and if that fails too, look at the server.")


def _contents_of(folder: Path) -> list[tuple[str, Content]]:
    contents = []
    for entry in walk(folder):
        name = entry.path.relative_to(folder).as_posix()
        if entry.link is not None:
            raise UsageError(f"the folder {folder} holds the link {name} to {entry.link}, and S3 has no links. Save it on a local disk, or without the link.")
        try:
            name.encode()
        except UnicodeEncodeError as e:
            raise UsageError(f"the folder {folder} holds a file whose name is no UTF-8, {name!r}, which S3 can't name. Rename it.") from e
        contents.append((name, hash_path(entry.path)))
    return contents


def objects_below(fs: Any, path: str) -> list[tuple[str, Any]]:
    """The objects below a prefix, by their path from there and with what the store tells of each; those that only stand for a folder are none."""
    found = fs.find(path, detail=True)
    listed = ((name.removeprefix(f"{path}/"), info) for name, info in found.items() if name.startswith(f"{path}/"))
    return sorted((name, info) for name, info in listed if name and not name.endswith("/") and info["type"] == "file")


def _below(folder: Path, name: str) -> Path:
    if any(part in {"", ".", ".."} for part in name.split("/")):
        raise StorageError(f"an object's name {name!r} steps through an empty name, . or .., and can't be a file's. Rename it.")
    return folder / name


def _hash_object(fs: Any, path: str) -> Content:
    hasher, size = blake3(), 0
    with fs.open(path, "rb", cache_type="readahead", block_size=_PART) as stream:
        while chunk := stream.read(_PART):
            hasher.update(chunk)
            size += len(chunk)
    return Content(id="b3:" + hasher.hexdigest(), size=size)


class _Told:
    """Passes on how much of a download is there; of fsspec's own kind in all that a download asks of one."""

    def set_size(self, size: int | None) -> None:
        """The size is known already."""

    def relative_update(self, inc: int = 1) -> None:
        advance("copied", inc)


def _get_file(dialect: Dialect, fs: Any, path: str, target: Path) -> None:
    try:
        fs.get_file(path, str(target), callback=_Told())
    except dialect.damaged():
        # On the way or there: once more tells.
        fs.get_file(path, str(target), callback=_Told())


def _remove_object(fs: Any, path: str) -> None:
    # What is gone already is as it should be; S3 says nothing of that, and others do.
    with contextlib.suppress(FileNotFoundError):
        fs.rm_file(path)


def system(path: UPath) -> Any:
    """The file system of the store that a path leads to.

    Raises:
        MissingExtra: the package that it needs is not installed.
    """
    dialect = dialect_of(path)
    require(dialect.package, extra=dialect.extra)
    fs = path.fs
    if dialect.extra == "s3":
        # Its own attempts come on top of those of each request: with five, a server that hangs would hold a call for minutes.
        fs.retries = _AGAIN
    return fs


def _changed(source: Path) -> ContentChanged:
    return ContentChanged(f"{source} changed while it was saved. Nothing was stored; save it again when it is at rest.")


def _taken(target: UPath) -> StorageError:
    return StorageError(f"something else lies at {target} already, and is left as it is. Take it away, or choose another key.")


@contextlib.contextmanager
def explained(place: UPath, what: str) -> Iterator[None]:
    """What went wrong on the way to the store, or there, as an error of ours."""
    dialect = dialect_of(place)
    errors: tuple[type[Exception], ...] = (OSError, *dialect.errors())
    try:
        yield
    except FileNotFoundError as e:
        raise StorageError(f"{what}: there is nothing there, or no such bucket.") from e
    except PermissionError as e:
        raise StorageError(f"{what}: access was denied. Check the keys ({dialect.keys}) and what they may do.") from e
    except errors as e:
        if isinstance(e, OSError) and e.errno in _LOCAL:
            raise StorageError(f"{what}: {e.strerror}. Make room on the disk of {e.filename or 'the copy'}, or let LIGNIN_CACHE_DIR name another folder.") from e
        said = (isinstance(e, OSError) and e.strerror) or e
        raise StorageError(f"{what}: {said}. Check the endpoint, the network and the keys, then try again.") from e
