"""From a path to a `FileRef`, and from a `FileRef` to its content."""

import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

from lignin.base.content import hash_path, look_at
from lignin.base.errors import StorageError
from lignin.base.settings import host_name
from lignin.recording.events import FileRef, RefState

__all__ = ["local_path", "observe", "read_content", "to_uri"]


def observe(path: str | os.PathLike[str], *, temporary: bool = False, key: str | None = None) -> FileRef:
    """A reference to a local file or folder as it stands now, without reading it.

    Args:
        path: relative paths are taken from the working directory; links at its end are not
            followed, so that a location keeps its name.
        temporary: the engine has said that it will delete the file.
        key: a given key, by a user or a policy.

    Returns:
        a reference in state `missing` where nothing is there.
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    uri = to_uri(place)
    try:
        seen = look_at(place)
    except OSError:
        return FileRef(uri=uri, host=host_name(), state=RefState.MISSING, key=key)
    return FileRef(
        uri=uri,
        host=host_name(),
        size=seen.size,
        mtime_ns=seen.mtime_ns,
        inode=seen.inode,
        state=RefState.TEMPORARY if temporary else RefState.PRESENT,
        key=key,
    )


def read_content(ref: FileRef) -> FileRef:
    """The same reference with its content id, hashed where it lies.

    The state says so where the file is gone (`missing`), or where size, time or inode are no longer
    those of the reference, before or after the reading (`changed`). A reference that another
    machine or store made comes back as it is.
    """
    path = local_path(ref)
    if ref.content_id or path is None or ref.state in {RefState.MISSING, RefState.CHANGED}:
        return ref
    if not _stands(path, ref):
        return replace(ref, state=RefState.CHANGED if path.exists() else RefState.MISSING)
    try:
        content = hash_path(path)
    except StorageError:
        return replace(ref, state=RefState.CHANGED if path.exists() else RefState.MISSING)
    if not _stands(path, ref) or (ref.size is not None and content.size != ref.size):
        return replace(ref, state=RefState.CHANGED)
    return replace(ref, content_id=content.id, n_files=content.n_files)


def to_uri(path: Path) -> str:
    """The `file://` URI of an absolute path; any byte that a file name may hold survives."""
    return "file://" + quote(os.fsencode(path))


def local_path(ref: FileRef) -> Path | None:
    """The path on this machine, or `None` for what lies elsewhere."""
    if not ref.uri.startswith("file://") or ref.host not in {None, host_name()}:
        return None
    return Path(os.fsdecode(_unquoted(ref.uri.removeprefix("file://"))))


def _unquoted(text: str) -> bytes:
    return unquote(text, encoding="latin-1").encode("latin-1")


def _stands(path: Path, ref: FileRef) -> bool:
    try:
        seen = look_at(path)
    except OSError:
        return False
    return all(
        told is None or told == found
        for told, found in ((ref.size, seen.size), (ref.mtime_ns, seen.mtime_ns), (ref.inode, seen.inode))
    )
