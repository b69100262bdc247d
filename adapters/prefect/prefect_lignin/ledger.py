"""The runs that are under way in this process: what makes one run of several notices.

Prefect tells of a task's retry by a second "running", and of a signal by a "running" for the
attempt that is running already. The ledger knows which attempt is open.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from lignin.recording import Event, RunKey, RunStatus
from prefect_lignin.files import Sighting, look
from prefect_lignin.translate import Closing, Opening, begin, ended, finish, is_held_back

__all__ = ["Ledger"]

_MAX_COMMITS = 50_000


class Ledger:
    """Open runs by Prefect's id. Each run is told of by one thread at a time; many run at once.

    Args:
        record: where events go.
    """

    def __init__(self, record: Callable[[Event], None]) -> None:
        self._record = record
        self._open: dict[str, Opening] = {}
        self._roots: set[str] = set()
        self._rolled_back: set[RunKey] = set()
        self._commits: OrderedDict[str, RunKey] = OrderedDict()
        self._lock = threading.Lock()

    def opening(self, own_id: object) -> Opening | None:
        """The open attempt of a run."""
        return self._open.get(str(own_id))

    def open(self, opening: Opening, *, error: str | None = None) -> None:
        """Tell of an attempt. An earlier one that is open has failed, with `error`."""
        earlier = self._open.get(opening.run.id)
        if earlier is not None:
            self.close(earlier.run, Closing(status=RunStatus.FAILED, at=opening.at, error=error))
        with self._lock:
            self._open[opening.run.id] = opening
            if opening.parent is None and opening.code is not None and opening.code.kind == "workflow":
                self._roots.add(opening.run.id)
        for event in begin(opening):
            self._record(event)

    def close(self, run: RunKey, closing: Closing) -> bool:
        """Tell how a run ended; whether that was the last flow under way that no other has called."""
        with self._lock:
            opening = self._open.pop(run.id, None)
            was_root = run.id in self._roots
            self._roots.discard(run.id)
            is_last = was_root and not self._roots
        if opening is None:
            self._record(ended(run, closing))
        else:
            for event in finish(opening, closing):
                self._record(event)
        return is_last

    def held_back(self, opening: Opening) -> tuple[Sighting, ...]:
        """The inputs that were held back at the start, as they stand now."""
        again = (look(seen.place, role=seen.role) for seen in opening.files if is_held_back(seen))
        return tuple(seen for seen in again if seen is not None)

    def note_commit(self, transaction: str, run: RunKey) -> None:
        """Note which run a transaction belongs to, in case it is rolled back later."""
        with self._lock:
            self._commits[transaction] = run
            while len(self._commits) > _MAX_COMMITS:
                self._commits.popitem(last=False)

    def take_commit(self, transaction: str) -> RunKey | None:
        """The run that a transaction belongs to; forgotten by asking."""
        with self._lock:
            return self._commits.pop(transaction, None)

    def mark_rolled_back(self, run: RunKey) -> None:
        """A run that is still open is being undone."""
        with self._lock:
            self._rolled_back.add(run)

    def take_rolled_back(self, run: RunKey) -> bool:
        """Whether a run has been undone while it was open; forgotten by asking."""
        with self._lock:
            if run in self._rolled_back:
                self._rolled_back.discard(run)
                return True
            return False
