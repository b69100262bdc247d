"""The one way out of a process: events to the spool at once, to the catalogue as it ends.

A process that makes many executions delivers in a thread now and then, so that no workflow waits for it.
"""

import atexit
import os
import sys
import threading
import time
from pathlib import Path

from lignin.base.errors import LigninError
from lignin.base.settings import spool_folder
from lignin.recording import Courier, Event, Spool, Started, hand_over, is_strict
from redun_lignin.active import GUARD
from redun_lignin.settings import Settings

__all__ = ["Outbox", "outbox"]

_EVERY_SECONDS = 30.0


class Outbox:
    """Takes events, and sees that they arrive. One per process.

    Args:
        settings: how long to wait, and whether to hash.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pid = os.getpid()
        self._folder = Path.cwd()
        self._spool = Spool(spool_folder(), engine="redun")
        self._courier = Courier(self._spool, guard=GUARD, hash_files=settings.hash_files)
        self._runs: set[str] = set()
        self._recorded = self._delivered = 0
        self._asked = time.monotonic()
        self._worker: threading.Thread | None = None

    def record(self, event: Event) -> None:
        """Write one event to the spool."""
        if isinstance(event, Started):
            self._runs.add(event.run.id)
        self._recorded += 1
        self._courier.record(event)

    def ask_for_delivery(self) -> None:
        """An execution is over. With `LIGNIN_STRICT` it is delivered before this returns.

        Raises:
            LigninError: it could not be, and `LIGNIN_STRICT` is set.
        """
        if is_strict():
            if not self._deliver(self._settings.wait):
                raise LigninError("the execution is not in the catalogue, and LIGNIN_STRICT is set")
        elif time.monotonic() - self._asked > _EVERY_SECONDS and (self._worker is None or not self._worker.is_alive()):
            self._asked = time.monotonic()
            self._worker = threading.Thread(target=self._deliver_guarded, name="lignin-deliver", daemon=True)
            self._worker.start()

    def close(self) -> None:
        """Deliver what is left, and wait for it within the settings' bound; say how it went."""
        if self._pid != os.getpid() or self._recorded == self._delivered:
            return
        with GUARD:
            end = time.monotonic() + self._settings.wait
            if (worker := self._worker) is not None:
                worker.join(self._settings.wait)
            arrived = self._deliver(max(end - time.monotonic(), 0.0), is_last=True)
            if arrived and not self._settings.quiet:
                sys.stderr.write(f"→ lignin: recorded {len(self._runs)} runs\n")

    def _deliver_guarded(self) -> None:
        with GUARD:
            self._deliver(self._settings.wait)

    def _deliver(self, seconds: float, *, is_last: bool = False) -> bool:
        recorded, end = self._recorded, time.monotonic() + seconds
        self._courier.flush(seconds)
        path = self._spool.path
        if is_last:
            self._spool.close()
        arrived = hand_over(path, runs=len(self._runs), seconds=end - time.monotonic(), folder=self._folder, quiet=not is_last)
        if arrived:
            self._delivered = recorded
        return arrived


_current: Outbox | None = None
_current_pid = 0
_making = threading.Lock()


def outbox(settings: Settings) -> Outbox:
    """The outbox of this process, made on first use with these settings."""
    global _current, _current_pid
    with _making:
        if _current is None or _current_pid != os.getpid():
            _current, _current_pid = Outbox(settings), os.getpid()
            atexit.register(_current.close)
        return _current
