"""The recorder port, and the recorders that need no catalogue."""

import threading
from collections.abc import Sequence
from typing import Protocol

from lignin.recording.events import Event
from lignin.recording.fold import Story, fold

__all__ = ["MemoryRecorder", "Recorder"]


class Recorder(Protocol):
    """Takes events. Idempotent and order-tolerant: the same events, in any order, say the same."""

    def record(self, event: Event) -> None:
        """Take one event."""
        ...


class MemoryRecorder:
    """Keeps events in memory, for tests and for looking at what an adapter says.

    >>> recorder = MemoryRecorder()
    >>> recorder.story().runs()
    ()
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._lock = threading.Lock()

    def record(self, event: Event) -> None:
        """Keep one event."""
        with self._lock:
            self._events.append(event)

    @property
    def events(self) -> Sequence[Event]:
        """All events so far, in the order in which they came."""
        with self._lock:
            return tuple(self._events)

    def story(self) -> Story:
        """What the events say together."""
        return fold(self.events)
