"""Which run computed a result that Prefect keeps: what a cached task points back to.

Prefect's result record does not say. So the computing run is noted by the place of its result, in
memory and, for results on a local disk, in a small file beside the spool. The note holds the time
of the result's file: a result that someone else has computed anew since then is not claimed.
"""

import json
import threading
from collections import OrderedDict
from datetime import datetime
from pathlib import Path

from lignin.base.ids import digest
from lignin.base.settings import spool_folder
from lignin.recording import RunKey

__all__ = ["Origins"]

_MAX_KEPT = 50_000


class Origins:
    """Notes of who computed what. Safe for threads."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, RunKey] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, place: str, run: RunKey, *, lasting: bool) -> None:
        """Note that `run` computed the result at `place`; `lasting` for other processes too."""
        with self._lock:
            self._runs[place] = run
            self._runs.move_to_end(place)
            while len(self._runs) > _MAX_KEPT:
                self._runs.popitem(last=False)
        written = _written_ns(place) if lasting else None
        if written is not None:
            file = _file_for(place)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps({"run": str(run), "written_ns": written}), encoding="utf-8")

    def find(self, place: str, *, by: datetime | None = None) -> RunKey | None:
        """The run that computed the result at `place`, if it is known for certain; `by` when it was there already."""
        with self._lock:
            known = self._runs.get(place)
        if known is not None:
            return known
        try:
            note = json.loads(_file_for(place).read_text(encoding="utf-8"))
            written = note["written_ns"]
            is_known = written == _written_ns(place) and (by is None or written <= by.timestamp() * 1e9)
            return RunKey.parse(note["run"]) if is_known else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _file_for(place: str) -> Path:
    return spool_folder() / "prefect-results" / digest(place)


def _written_ns(place: str) -> int | None:
    path = Path(place)
    try:
        return path.stat().st_mtime_ns if path.is_absolute() else None
    except OSError:
        return None
