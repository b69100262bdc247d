"""What a working folder of Snakemake took from the registry and gave to it: one file of lines for each query.

Snakemake compares times, and a version of the registry has none that says when this folder met it: an old
version may become the latest again, a result may be saved anew that is there already. So the folder notes
which version it last worked with, and which time it told Snakemake for it. The same lines say to an import,
which can't know it from Snakemake's records, which version a job read or wrote.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lignin.base.ids import digest
from lignin.recording import FileRef, RefState

__all__ = ["READ", "REMOVED", "TOUCHED", "WRITTEN", "Entry", "Journal", "tick"]

READ, WRITTEN, TOUCHED, REMOVED = "read", "written", "touched", "removed"
_FOLDER = Path(".snakemake", "lignin", "keys")
# Of this, a file's time, a number of Python's and one in Snakemake's metadata are all exact.
_TICK_NS = 1_000_000_000 // 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that was done.

    Attributes:
        at: when, in nanoseconds since 1970.
        did: `read`, `written`, `touched` or `removed`.
        uid: of the version.
        told: the time of the version, for Snakemake, in nanoseconds since 1970.
        ref: the version as runs name it.
    """

    at: int
    did: str
    uid: str
    told: int
    ref: FileRef


class Journal:
    """The notes of one working folder.

    Args:
        folder: the working folder; where Snakemake stands when it asks, unless given.
    """

    def __init__(self, folder: Path = Path()) -> None:
        self._place = folder / _FOLDER

    def last(self, query: str, *, before: float | None = None) -> Entry | None:
        """The last entry of a query; of those that were made before a time, in seconds since 1970."""
        found = None
        for entry in self.entries(query):
            if before is None or entry.at <= before * 1e9:
                found = entry
        return found

    def written(self, query: str, *, told: float) -> Entry | None:
        """The entry of what was saved, by the time that Snakemake was told for it."""
        return next((e for e in self.entries(query) if e.did == WRITTEN and e.told / 1e9 == told), None)

    def entries(self, query: str) -> Iterator[Entry]:
        """All entries of a query, in the order in which they were made."""
        try:
            lines = self._path(query).read_text(encoding="utf-8").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                fields = json.loads(line)
                ref = FileRef(**{**fields["ref"], "state": RefState(fields["ref"]["state"])})
                yield Entry(at=fields["at"], did=fields["did"], uid=fields["uid"], told=fields["told"], ref=ref)
            except (ValueError, TypeError, KeyError):
                # A line that a killed process left half written.
                continue

    def note(self, query: str, entry: Entry) -> None:
        """Add an entry.

        Raises:
            OSError: the folder can't be written.
        """
        path = self._path(query)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({**asdict(entry), "query": query}) + "\n")

    def _path(self, query: str) -> Path:
        return self._place / f"{digest(query)}.jsonl"


def tick(ns: int | None = None) -> int:
    """A time in nanoseconds, now unless given, at the next moment that is exact in all ways to write it."""
    given = time.time_ns() if ns is None else ns
    return -(-given // _TICK_NS) * _TICK_NS
