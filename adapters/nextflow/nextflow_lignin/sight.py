"""A look at the files that a run is said to have read and written: claims are made of them."""

import re
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lignin.base.clock import from_iso, now, to_iso
from lignin.base.redact import redact_url
from lignin.base.settings import host_name
from lignin.recording import FileRef, Produced, RefState, Used, observe, to_uri
from nextflow_lignin.account import hash_in_path
from nextflow_lignin.files import Found
from nextflow_lignin.journal import Journal

__all__ = ["Sight", "is_here"]

# Clocks of file servers differ a little, and times are cut.
_SLACK = timedelta(seconds=2)
_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://.+")
_SAFE = "/:?#[]@!$&'()*+,;=%~"


def is_here(host: str | None) -> bool:
    """Whether a machine by this name is the one that we are on."""
    return host is None or host in {host_name(), socket.gethostname()} or host.partition(".")[0] == socket.gethostname().partition(".")[0]


class Sight:
    """Looks at files, once for each moment that matters, and remembers what it saw.

    Args:
        host: the machine that the run's paths are of.
        journal: keeps what was seen.
    """

    def __init__(self, host: str | None, *, journal: Journal) -> None:
        self._is_here = is_here(host)
        self._host = host_name() if self._is_here else str(host)
        self._journal = journal

    def claim(self, found: Found) -> Used | Produced | None:
        """The claim about a file; `None` for a parameter that is no file."""
        ref = self._ref(found)
        if ref is None:
            return None
        return (Produced if found.written else Used)(run=found.run, ref=ref, role=found.role)

    def _ref(self, found: Found) -> FileRef | None:
        if _URI.fullmatch(found.path) and not found.path.startswith("file:"):
            return FileRef(uri=quote(redact_url(found.path), safe=_SAFE).rstrip("/"), size=found.size)
        path = _local(found.path)
        if path is None:
            return None
        if not self._is_here:
            # It is for that machine to look.
            return None if found.if_file else FileRef(uri=to_uri(path), host=self._host, size=found.size)
        seen = self._look(path, found)
        return None if found.if_file and seen.state is RefState.MISSING else seen

    def _look(self, path: Path, found: Found) -> FileRef:
        uri = to_uri(path)
        name = f"{uri} {found.size} {found.mtime_ms}{' ?' if found.if_file else ''}"
        noted: Sequence[Any] = self._journal.get("seen", name) or []
        for at, *fields in noted:
            # What was seen before the run was done with it says nothing of what became of it.
            if from_iso(at) >= found.by:
                return _judge(found, _read(uri, self._host, fields))
        ref = observe(path)
        is_folder = path.is_dir()
        fields = [ref.size, ref.mtime_ns, ref.inode, ref.state.value, is_folder]
        self._journal.note("seen", [*noted, [to_iso(now()), *fields]], name=name)
        return _judge(found, _read(uri, self._host, fields))


def _read(uri: str, host: str, fields: Sequence[Any]) -> tuple[FileRef, bool]:
    size, mtime_ns, inode, state, is_folder = fields
    return FileRef(uri=uri, host=host, size=size, mtime_ns=mtime_ns, inode=inode, state=RefState(state)), bool(is_folder)


def _judge(found: Found, seen: tuple[FileRef, bool]) -> FileRef:
    """What can be claimed of a file, now that it was seen."""
    ref, is_folder = seen
    if found.if_file and is_folder:
        # Marked as a folder, which no parameter's text is taken for.
        return FileRef(uri=ref.uri, host=ref.host, state=RefState.MISSING)
    if ref.state is RefState.MISSING:
        return FileRef(uri=ref.uri, host=ref.host, size=found.size, state=RefState.MISSING)
    assert ref.mtime_ns is not None
    is_later = ref.mtime_ns > _nanoseconds(found.by + _SLACK)
    is_other = not is_folder and (
        (found.size is not None and ref.size != found.size) or (found.mtime_ms is not None and ref.mtime_ns // 1_000_000 != found.mtime_ms)
    )
    if is_later or is_other:
        told = None if found.mtime_ms is None else found.mtime_ms * 1_000_000
        return FileRef(uri=ref.uri, host=ref.host, size=found.size, mtime_ns=told, state=RefState.CHANGED)
    # Work folders are Nextflow's to clean: what is in them is on the way, which a policy may treat as such.
    return ref if hash_in_path(found.path) is None else replace(ref, state=RefState.TEMPORARY)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000


def _local(path: str) -> Path | None:
    """An absolute local path, without steps through `.` and `..`."""
    bare = path.removeprefix("file://") if path.startswith("file://") else path.removeprefix("file:")
    if not bare.startswith("/") or "\0" in bare:
        return None
    place = Path(bare)
    return Path(*(step for step in place.parts if step != ".")) if ".." not in place.parts else place.resolve()
