"""Content ids: every byte counts, and the algorithm is named.

`b3:<64 hex>` is the BLAKE3 digest of a file's bytes: the same that the `b3sum` program prints.
`b3d:<64 hex>` is the digest of a folder's manifest: one line per file, sorted by path, of relative
path, size and the file's content id. Renaming or swapping files changes it. A link to a file counts as the
file, a link to a folder as the folder; one that leads nowhere, or to a folder that is in already, counts
as a link.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from blake3 import blake3

from lignin.base.errors import StorageError
from lignin.base.progress import advance, watched

__all__ = ["Content", "Entry", "Stat", "folder_content", "hash_bytes", "hash_copy", "hash_path", "look_at", "walk", "walk_files"]

_LARGE = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_LARGE_CHUNK = 8 * 1024 * 1024
_NOWHERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands in a folder, at any depth.

    Attributes:
        path: of a file, or of a link that counts as one.
        info: its stat; a link's that counts as one is its own.
        link: where such a link leads: to what is not there, by its own text; to a folder that is in
            already, by that folder's path from the root.
        is_inside: whether `link` is such a path from the root.
    """

    path: Path
    info: os.stat_result
    link: str | None = None
    is_inside: bool = False


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
            with watched("read", f"reading {path.name}", total=None):
                return _hash_folder(path)
    except OSError as e:
        raise StorageError(f"can't read {path}: {e.strerror or e}. Check that it exists and may be read.") from e
    raise StorageError(f"{path} is neither a file nor a folder, so it has no content to record.")


def folder_content(contents: Iterable[tuple[bytes, Content]]) -> Content:
    """The content of a folder, from the relative paths and contents of its files, in any order."""
    lines, size = [], 0
    for name, content in contents:
        lines.append(b"%s\0%d\0%s\n" % (name, content.size, content.id.encode()))
        size += content.size
    manifest = b"".join(sorted(lines))
    return Content(id="b3d:" + blake3(manifest).hexdigest(), size=size, n_files=len(lines))


def hash_copy(folder: Path, written: Mapping[Path, Content]) -> Content:
    """The content id of a folder that was written just now, from the contents of its files as they were written.

    Raises:
        OSError: it can't be read.
    """
    return folder_content(_contents(folder, written))


def look_at(path: Path) -> Stat:
    """Size, time and inode of a file or folder.

    Raises:
        OSError: the path is not there or can't be read.
    """
    own = path.stat()
    if not stat.S_ISDIR(own.st_mode):
        return Stat(size=own.st_size, mtime_ns=own.st_mtime_ns, inode=own.st_ino, is_folder=False)
    size, newest = 0, 0
    for entry in walk(path):
        size += 0 if entry.link is not None else entry.info.st_size
        newest = max(newest, entry.info.st_mtime_ns)
    return Stat(size=size, mtime_ns=newest or own.st_mtime_ns, inode=own.st_ino, is_folder=True)


def walk_files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Each file below a folder with its stat, as `walk` finds them."""
    return ((entry.path, entry.info) for entry in walk(folder))


def walk(folder: Path) -> Iterator[Entry]:
    """What a folder holds: its files, and the links that count as such, in no set order.

    What is found does not depend on the order in which a disk lists names: real folders come first,
    then links to folders by name, each folder once. Sockets, pipes and devices hold no data, and engine
    bookkeeping (`.snakemake_timestamp`) is no part of it.
    """
    root = folder.stat()
    seen = {(root.st_dev, root.st_ino): "."}
    pending, links = [folder], list[Path]()
    while pending:
        while pending:
            yield from _list(pending.pop(), folder, seen, pending, links)
        for link in sorted(links):
            info, own = link.stat(), link.relative_to(folder).as_posix()
            known = seen.setdefault((info.st_dev, info.st_ino), own)
            if known != own:
                yield Entry(path=link, info=link.lstat(), link=known, is_inside=True)
            else:
                pending.append(link)
        links.clear()


def _list(place: Path, root: Path, seen: dict[tuple[int, int], str], pending: list[Path], links: list[Path]) -> Iterator[Entry]:
    """The files of one folder; its folders go to `pending`, its links to folders to `links`."""
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.name == ".snakemake_timestamp":
                continue
            path = Path(entry.path)
            try:
                info = entry.stat()
            except OSError as e:
                if not entry.is_symlink() or e.errno not in _NOWHERE:
                    raise
                yield Entry(path=path, info=entry.stat(follow_symlinks=False), link=str(path.readlink()))
                continue
            if stat.S_ISREG(info.st_mode):
                yield Entry(path=path, info=info)
            elif stat.S_ISDIR(info.st_mode) and entry.is_symlink():
                links.append(path)
            elif stat.S_ISDIR(info.st_mode):
                own = path.relative_to(root).as_posix()
                known = seen.setdefault((info.st_dev, info.st_ino), own)
                if known == own:
                    pending.append(path)
                else:
                    yield Entry(path=path, info=info, link=known, is_inside=True)


def _hash_file(path: Path) -> Content:
    # Never mapped into memory: another process that shortens the file would end this one by a signal.
    with path.open("rb", buffering=0) as stream:
        told = os.fstat(stream.fileno()).st_size
        if told >= _LARGE:
            with watched("read", f"reading {path.name}", total=told):
                return _hash_stream(stream, told)
        return _hash_stream(stream, told)


def _hash_stream(stream: FileIO, told: int) -> Content:
    hasher = blake3(max_threads=blake3.AUTO) if told >= _LARGE else blake3()
    size, chunk = 0, memoryview(bytearray(_LARGE_CHUNK if told >= _LARGE else min(told + 1, _CHUNK)))
    while count := stream.readinto(chunk):
        hasher.update(chunk[:count])
        advance("read", count)
        size += count
    return Content(id="b3:" + hasher.hexdigest(), size=size)


def _hash_folder(folder: Path) -> Content:
    return folder_content(_contents(folder, {}))


def _contents(folder: Path, known: Mapping[Path, Content]) -> Iterator[tuple[bytes, Content]]:
    for entry in walk(folder):
        if entry.link is not None:
            content = Content(id="link:" + blake3(os.fsencode(entry.link)).hexdigest(), size=0)
        else:
            held = known.get(entry.path)
            content = held if held is not None and held.size == entry.info.st_size else _hash_file(entry.path)
        yield os.fsencode(entry.path.relative_to(folder).as_posix()), content
