"""What was seen while a spool was read, beside the spool: to read it again says the same.

A work folder may be gone, a script changed, by the time a spool is read for a second time. The
journal is a file of JSON lines, `<spool>.state`; a lock on it keeps two readers apart. Where it can't be
written, it is kept in memory.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from lignin.base.errors import UsageError

__all__ = ["SUFFIX", "Journal", "Locked", "read_notes"]

SUFFIX = ".state"


class Locked(UsageError):
    """Another process reads this spool right now."""


class Journal:
    """Notes by kind and name, each the last one told.

    Args:
        path: of the file; `None` keeps all in memory.
        wait: wait for another reader to end, rather than raise.
    """

    def __init__(self, path: Path | None, *, wait: bool = False) -> None:
        self._stream: IO[bytes] | None = None
        self._notes: dict[tuple[str, str], Any] = {}
        if path is None:
            return
        with suppress(OSError):
            self._stream = path.open("a+b")
        if self._stream is None:
            return
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as e:
            self._stream.close()
            raise Locked(f"{path.name.removesuffix(SUFFIX)} is being ingested by another process. Wait for it to end.") from e
        except OSError:
            # Some network file systems have no locks; reading twice changes nothing.
            pass
        self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def get(self, kind: str, name: str = "") -> Any:
        """What was noted, or `None`."""
        return self._notes.get((kind, name))

    def note(self, kind: str, value: Any, *, name: str = "") -> None:
        """Note something; a later note of the same name replaces it."""
        self._notes[kind, name] = value
        if self._stream is not None:
            line = json.dumps({"kind": kind, "name": name, "value": value}, separators=(",", ":"))
            # A full disk: it stays in memory.
            with suppress(OSError):
                self._stream.write(line.encode() + b"\n")
                self._stream.flush()

    def _read(self) -> None:
        assert self._stream is not None
        self._stream.seek(0)
        whole = self._stream.read()
        self._notes.update(_parsed(whole))
        if whole and not whole.endswith(b"\n"):
            self._stream.seek(0, os.SEEK_END)
            with suppress(OSError):
                self._stream.write(b"\n")


def read_notes(path: Path) -> Mapping[tuple[str, str], Any]:
    """What a journal holds, whoever writes it now; empty where there is none."""
    try:
        return _parsed(path.read_bytes())
    except OSError:
        return {}


def _parsed(whole: bytes) -> dict[tuple[str, str], Any]:
    notes: dict[tuple[str, str], Any] = {}
    for raw in whole.split(b"\n"):
        with suppress(ValueError, KeyError, TypeError):
            noted = json.loads(raw)
            notes[noted["kind"], noted["name"]] = noted["value"]
    return notes
