"""The recorder that engines get: events go to the spool at once, contents follow from a thread.

A file's event is written without its content first, so that a killed process loses nothing; a
worker thread then hashes the file where it lies and writes the event again with the content.
Each (path, size, time, inode) is hashed once.
"""

import os
import queue
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lignin.recording.events import Event, FileRef, Produced, Started, Used
from lignin.recording.guard import Guard
from lignin.recording.observe import local_path, read_content
from lignin.recording.policy import Policy, Treatment, policy_here
from lignin.recording.recorder import Recorder

__all__ = ["Courier"]


class Courier:
    """Passes events on, and adds contents from a worker thread.

    Args:
        recorder: where events go, a `Spool` as a rule.
        guard: what keeps our failures from the engine.
        hash_files: `False` leaves hashing to `lignin ingest`.
    """

    def __init__(self, recorder: Recorder, *, guard: Guard, hash_files: bool = True) -> None:
        self._recorder = recorder
        self._guard = guard
        self._hash_files = hash_files
        self._waiting: queue.SimpleQueue[Used | Produced | None] = queue.SimpleQueue()
        self._known: dict[FileRef, FileRef] = {}
        self._lock = threading.Lock()
        self._pending = 0
        self._policy: Policy | None = None
        self._idle = threading.Condition(self._lock)
        self._worker: threading.Thread | None = None

    def record(self, event: Event) -> None:
        """Write an event, and see to its content later. Never raises unless strict."""
        with self._guard:
            if isinstance(event, Started) and event.parent is None and (said := _said_with_run()):
                event = replace(event, info={**event.info, **said})
            self._recorder.record(event)
            if self._hash_files and isinstance(event, Used | Produced) and not event.ref.content_id and local_path(event.ref) and self._is_read(event.ref):
                self._enqueue(event)

    def flush(self, seconds: float) -> bool:
        """Wait until all contents are written, `seconds` at most; whether they are."""
        end = time.monotonic() + seconds
        with self._idle:
            while self._pending:
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self._idle.wait(left)
        return True

    def _is_read(self, ref: FileRef) -> bool:
        """Whether the policy wants the content."""
        if self._policy is None:
            self._policy = policy_here()
        return self._policy.treat(ref) is Treatment.HASH

    def _enqueue(self, event: Used | Produced) -> None:
        with self._lock:
            self._pending += 1
            if self._worker is None or not self._worker.is_alive():
                # A daemon: an engine that exits must not wait for a terabyte to be hashed.
                self._worker = threading.Thread(target=self._work, name="lignin-hash", daemon=True)
                self._worker.start()
        self._waiting.put(event)

    def _work(self) -> None:
        while (event := self._waiting.get()) is not None:
            try:
                with self._guard:
                    self._complete(event)
            finally:
                # Strict or not, nobody may wait for what is over.
                with self._idle:
                    self._pending -= 1
                    if not self._pending:
                        self._idle.notify_all()

    def _complete(self, event: Used | Produced) -> None:
        sighting = event.ref
        found = self._known.get(sighting)
        if found is None:
            found = read_content(sighting)
            self._known[sighting] = found
        if found != sighting:
            self._recorder.record(replace(event, ref=found))


def _said_with_run() -> Mapping[str, Any]:
    """The project and the labels that the environment names for the workflows that are started in it."""
    project = os.environ.get("LIGNIN_PROJECT", "").strip()
    labels = [name for part in os.environ.get("LIGNIN_LABELS", "").split(",") if (name := part.strip())]
    return ({"project": project} if project else {}) | ({"labels": labels} if labels else {})
