"""Content ids: every byte counts, and the algorithm is named.

`b3:<64 hex>` is the BLAKE3 digest of a file's bytes: the same that the `b3sum` program prints.
`b3d:<64 hex>` is the digest of a folder's manifest: one line per file, sorted by path, of relative
path, size and the file's content id. Renaming or swapping files changes it.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from lignin.base.errors import StorageError

__all__ = ["Content", "Stat", "hash_bytes", "hash_path", "look_at", "walk_files"]

_MAPPED = 64 * 1024 * 1024
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file or folder holds: its content id, size in bytes, and number of files."""

    id: str
    size: int
    n_files: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """What the file system says about a path, without reading it.

    For a folder, `size` is the sum over its files and `mtime_ns` the newest of them; `inode` is
    the folder's own.
    """

    size: int
    mtime_ns: int
    inode: int
    is_folder: bool


def hash_bytes(data: bytes) -> str:
    """The content id of bytes in memory."""
    return "b3:" + blake3(data).hexdigest()


def hash_path(path: Path) -> Content:
    """The content id of a file or folder on a local disk, over every byte.

    Raises:
        StorageError: the path can't be read, or is neither a file nor a folder.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return _hash_file(path)
        if stat.S_ISDIR(mode):
            return _hash_folder(path)
    except OSError as e:
        raise StorageError(f"can't read {path}: {e.strerror or e}. Check that it exists and may be read.") from e
    raise StorageError(f"{path} is neither a file nor a folder, so it has no content to record.")


def look_at(path: Path) -> Stat:
    """Size, time and inode of a file or folder.

    Raises:
        OSError: the path is not there or can't be read.
    """
    own = path.stat()
    if not stat.S_ISDIR(own.st_mode):
        return Stat(size=own.st_size, mtime_ns=own.st_mtime_ns, inode=own.st_ino, is_folder=False)
    size, newest = 0, 0
    for _, entry in walk_files(path):
        size += entry.st_size
        newest = max(newest, entry.st_mtime_ns)
    return Stat(size=size, mtime_ns=newest or own.st_mtime_ns, inode=own.st_ino, is_folder=True)


def walk_files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Each regular file below a folder with its stat, links followed once, in no set order.

    A link that leads nowhere comes with its own stat. Engine bookkeeping
    (`.snakemake_timestamp`) is left out: it is no part of the data.
    """
    root = folder.stat()
    seen = {(root.st_dev, root.st_ino)}
    pending = [folder]
    while pending:
        place = pending.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name == ".snakemake_timestamp":
                    continue
                try:
                    info = entry.stat()
                except FileNotFoundError:
                    info = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(info.st_mode):
                    if (info.st_dev, info.st_ino) not in seen:
                        seen.add((info.st_dev, info.st_ino))
                        pending.append(Path(entry.path))
                elif stat.S_ISREG(info.st_mode) or stat.S_ISLNK(info.st_mode):
                    yield Path(entry.path), info


def _hash_file(path: Path) -> Content:
    size = path.stat().st_size
    hasher = blake3(max_threads=blake3.AUTO) if size >= _MAPPED else blake3()
    if size >= _MAPPED:
        hasher.update_mmap(path)
    else:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                hasher.update(chunk)
    return Content(id="b3:" + hasher.hexdigest(), size=size)


def _hash_folder(folder: Path) -> Content:
    lines, size = [], 0
    for path, info in walk_files(folder):
        if stat.S_ISLNK(info.st_mode):
            target = os.fsencode(path.readlink())
            content = Content(id="link:" + blake3(target).hexdigest(), size=len(target))
        else:
            content = _hash_file(path)
        name = os.fsencode(path.relative_to(folder).as_posix())
        lines.append(b"%s\0%d\0%s\n" % (name, content.size, content.id.encode()))
        size += content.size
    manifest = b"".join(sorted(lines))
    return Content(id="b3d:" + blake3(manifest).hexdigest(), size=size, n_files=len(lines))
