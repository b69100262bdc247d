"""The spool: an append-only file of event lines, and how it is read back.

The first line says who writes: `{"v": 1, "event": "spool", "host": …, "node": …, "pid": …, "folder": …}`;
`node` is the machine itself, where `host` may be the name that a cluster's nodes share.
The last line of a spool that was closed is `{"v": 1, "event": "closed"}`: nothing follows it.
Each line goes out in one write to a file opened for appending, so that a process that is killed
tears at most the line it was writing, and a forked child continues in a file of its own. A writer holds
a shared lock on its file while it is open.
"""

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lignin.base.errors import SpoolError
from lignin.base.ids import new_uid
from lignin.base.processes import is_gone
from lignin.base.settings import host_name
from lignin.recording.events import Event
from lignin.recording.recorder import Recorder
from lignin.recording.wire import VERSION, dump, load

__all__ = ["CLOSED", "SUFFIX", "BadLine", "Replay", "Spool", "is_at_rest", "is_closed", "read_head", "read_spool", "replay"]

SUFFIX = ".jsonl"
CLOSED = "closed"
_MAX_PROBLEM = 300


class Spool:
    """A recorder that appends to a file of its own in `folder`. Safe for threads and forks.

    Nothing is written before the first event, so an engine that only looks around leaves nothing.

    Args:
        folder: where spools are kept; made when needed.
        engine: part of the file's name, for people.
    """

    def __init__(self, folder: Path, *, engine: str) -> None:
        self._folder = folder
        self._engine = engine
        self._lock = threading.Lock()
        self._pid = 0
        self._descriptor = -1
        self.path: Path | None = None
        os.register_at_fork(after_in_child=self._forget)

    def record(self, event: Event) -> None:
        """Append one event.

        Raises:
            OSError: the file can't be written (a full disk, a folder without permission).
        """
        line = dump(event).encode() + b"\n"
        with self._lock:
            if self._pid != os.getpid():
                self._begin()
            _write_whole(self._descriptor, line)

    def close(self) -> None:
        """Close the file; a later event opens a new one."""
        with self._lock:
            if self._descriptor >= 0 and self._pid == os.getpid():
                # On a full disk the end stays unsaid; the writer's end is then told by its process.
                with suppress(OSError):
                    _write_whole(self._descriptor, json.dumps({"v": VERSION, "event": CLOSED}).encode() + b"\n")
                os.close(self._descriptor)
            self._descriptor, self._pid = -1, 0

    def _begin(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        path = self._folder / f"{stamp}-{self._engine}-{os.getpid()}-{new_uid(4)}{SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        head = {"v": VERSION, "event": "spool", "host": host_name(), "node": os.uname().nodename, "pid": os.getpid(), "folder": _working_folder()}
        # Some network file systems have no locks; there the process id has to do.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        try:
            _write_whole(descriptor, json.dumps(head).encode() + b"\n")
        except OSError:
            # A full disk must not fill with empty spools, one for each event.
            os.close(descriptor)
            path.unlink()
            raise
        self._descriptor, self._pid, self.path = descriptor, os.getpid(), path

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._descriptor, self._pid, self.path = -1, 0, None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that is no event.

    Attributes:
        number: counted from 1.
        problem: what is wrong with it.
        torn: it is the last one and has no end: its writer was killed, or is still writing.
    """

    number: int
    problem: str
    torn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a replay met: the number of events, and the lines that are none."""

    events: int
    bad: tuple[BadLine, ...]


def read_spool(path: Path) -> Iterator[Event | BadLine]:
    """The events of a spool in the order of its lines, bad lines among them as such.

    Raises:
        SpoolError: the file can't be read at all.
    """
    try:
        with path.open("rb") as stream:
            for number, raw in enumerate(stream, 1):
                if (item := _read_line(raw, number)) is not None:
                    yield item
    except OSError as e:
        raise SpoolError(f"can't read the spool {path}: {e.strerror or e}.") from e


def is_closed(path: Path) -> bool:
    """Whether a spool's last line says that nothing follows."""
    with path.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - 200))
        last = stream.read().rstrip().rsplit(b"\n", 1)[-1]
    head = read_head(last)
    return head is not None and head["event"] == CLOSED


def is_at_rest(path: Path) -> bool:
    """Whether a spool will not grow: it was closed, or its writer was a process of this machine that has ended.

    A container's process has an id that is none out here; but the lock that it holds tells.
    """
    if is_closed(path):
        return True
    with path.open("rb") as stream:
        head = read_head(stream.readline()) or {}
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            # No locks here: the process id has to do.
            pass
    pid = head.get("pid")
    if head.get("node") != os.uname().nodename or not isinstance(pid, int):
        return False
    # A later process of the same id began after the last line was written.
    return is_gone(pid, since=datetime.fromtimestamp(path.stat().st_mtime, UTC))


def replay(path: Path, recorder: Recorder) -> Replay:
    """Give each event of a spool to `recorder`, and report the lines that are none."""
    count, bad = 0, []
    for item in read_spool(path):
        if isinstance(item, BadLine):
            bad.append(item)
        else:
            recorder.record(item)
            count += 1
    return Replay(events=count, bad=tuple(bad))


def _read_line(raw: bytes, number: int) -> Event | BadLine | None:
    if not raw.strip():
        return None
    torn = not raw.endswith(b"\n")
    try:
        line = raw.decode()
        return load(line)
    except SpoolError as e:
        # Asked only here: first and last lines are few, and writers in other languages space and order JSON their own way.
        return None if not torn and read_head(raw) is not None else BadLine(number=number, problem=_short(str(e)), torn=torn)
    except UnicodeDecodeError as e:
        return BadLine(number=number, problem=f"not UTF-8 ({e.reason} at byte {e.start})", torn=torn)


def _short(problem: str) -> str:
    """A line of a message, however long what it speaks of."""
    return problem if len(problem) <= _MAX_PROBLEM else f"{problem[:_MAX_PROBLEM]}…"


def read_head(line: bytes) -> Mapping[str, Any] | None:
    """The fields of a spool's first or last line, who writes and that nothing follows; `None` for another line."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_frame = isinstance(fields, dict) and fields.get("v") == VERSION and fields.get("event") in ("spool", CLOSED)
    return fields if is_frame else None


def _working_folder() -> str:
    """Where the process stands; empty if that folder was deleted."""
    with suppress(FileNotFoundError):
        return str(Path.cwd())
    return ""


def _write_whole(descriptor: int, data: bytes) -> None:
    """Write all of `data`; a line that went out only in part is cut off again, then it raises."""
    written = 0
    try:
        while written < len(data):
            written += os.write(descriptor, data[written:])
    except OSError:
        if written:
            os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
        raise
