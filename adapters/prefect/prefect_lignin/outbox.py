"""The one way out of a process: events to the spool at once, to the catalogue when a flow is over.

Delivery happens in a thread, so that neither a flow's end nor an event loop waits for it, and many
short flows share one delivery. At the end of the process what is left is delivered, for which the
process waits a bounded time.
"""

import atexit
import os
import threading
import time
from multiprocessing import parent_process
from multiprocessing.util import Finalize
from pathlib import Path

from lignin.base.errors import LigninError
from lignin.base.settings import find_instance, spool_folder
from lignin.recording import Courier, Event, Spool, deliver
from prefect_lignin.active import GUARD
from prefect_lignin.settings import Settings

__all__ = ["Outbox", "outbox"]

_FLUSH_SECONDS = 10.0


class Outbox:
    """Takes events, and sees that they arrive. One per process; a forked child gets its own.

    Args:
        settings: how long to wait, and how often to deliver.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pid = os.getpid()
        self._folder = Path.cwd()
        self._spool = Spool(spool_folder(), engine="prefect")
        self._courier = Courier(self._spool, guard=GUARD)
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None
        self._wanted = threading.Event()
        self._leaving = threading.Event()
        self._recorded = 0
        self._delivered = 0

    def record(self, event: Event) -> None:
        """Write one event to the spool."""
        self._recorded += 1
        self._courier.record(event)

    def ask_for_delivery(self) -> None:
        """Have all that was recorded so far delivered soon; returns at once."""
        with self._lock:
            self._wanted.set()
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="lignin-deliver", daemon=True)
                self._worker.start()

    def close(self) -> None:
        """Deliver what is left, and wait for it within the settings' bound."""
        if self._pid != os.getpid():
            return
        with GUARD:
            end = time.monotonic() + self._settings.wait_seconds
            self._leaving.set()
            if (worker := self._worker) is not None:
                worker.join(self._settings.wait_seconds)
            if self._recorded > self._delivered:
                self._deliver(max(end - time.monotonic(), 0.0))

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted.is_set():
                    self._worker = None
                    return
                self._wanted.clear()
            with GUARD:
                self._deliver(self._settings.wait_seconds)
            self._leaving.wait(self._settings.every_seconds)

    def _deliver(self, seconds: float) -> None:
        recorded = self._recorded
        self._courier.flush(min(_FLUSH_SECONDS, seconds))
        if self._spool.path is not None and self._has_instance():
            deliver(self._spool.path, seconds=seconds, folder=self._folder)
            self._delivered = recorded


    def _has_instance(self) -> bool:
        """Whether there is a catalogue to deliver to; without one the spool waits for `lignin init`."""
        try:
            find_instance(self._folder)
        except LigninError:
            return False
        return True


_current: Outbox | None = None
_current_pid = 0
_making = threading.Lock()


def outbox() -> Outbox:
    """The outbox of this process, made on first use."""
    global _current, _current_pid
    if _current is None or _current_pid != os.getpid():
        with _making:
            if _current is None or _current_pid != os.getpid():
                _current, _current_pid = Outbox(Settings.read()), os.getpid()
                atexit.register(_current.close)
                if parent_process() is not None:
                    # A child of multiprocessing leaves without `atexit`.
                    Finalize(None, _current.close, exitpriority=0)
    return _current
