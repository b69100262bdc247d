"""Bars for what takes long: hashing and transfers. On a terminal only, after a second, and never inside an engine.

Whoever begins something long says so with `watched`; the loops that read and copy say with `advance` how far they are.
One bar at a time: what begins inside of another, or beside it in another thread, counts for that one.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from lignin.base.context import current_run_uid
from lignin.base.messages import is_said

__all__ = ["Act", "advance", "watched"]

AFTER_SECONDS = 1.0

# What is counted: bytes that were read, or bytes that were copied.
Act = str


class _Meter:
    """Counts, and shows a bar once the work has taken a second."""

    def __init__(self, act: Act, what: str, total: int | None) -> None:
        self.act = act
        self._what, self._total = what, total
        self._begun, self._done = time.monotonic(), 0
        self._lock = threading.Lock()
        self._bar: Any = None
        self._task: Any = None

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            if self._bar is None:
                if time.monotonic() - self._begun < AFTER_SECONDS:
                    return
                self._show()
            done = self._done if self._total is None else min(self._done, self._total)
            self._bar.update(self._task, completed=done)

    def end(self) -> None:
        with self._lock:
            if self._bar is not None:
                self._bar.stop()

    def _show(self) -> None:
        rich = import_module("rich.progress")
        console = import_module("rich.console").Console(stderr=True)
        columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), rich.DownloadColumn(), rich.TransferSpeedColumn(), rich.TimeRemainingColumn())
        self._bar = rich.Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task(self._what, total=self._total)
        self._bar.start()


_held = threading.Lock()
_meters: dict[str, _Meter] = {}


@contextlib.contextmanager
def watched(act: Act, what: str, *, total: int | None) -> Iterator[None]:
    """Show how far this is, once it has taken a second.

    Args:
        act: `read` or `copied`: which bytes count.
        what: for people.
        total: how many bytes there are, if that is known.
    """
    if not _is_shown() or not _held.acquire(blocking=False):
        yield
        return
    meter = _meters["meter"] = _Meter(act, what, total)
    try:
        yield
    finally:
        _meters.pop("meter", None)
        _held.release()
        meter.end()


def advance(act: Act, count: int) -> None:
    """Say that so many more bytes were read or copied; does next to nothing where no bar is wanted."""
    meter = _meters.get("meter")
    if meter is not None and meter.act == act:
        meter.add(count)


def _is_shown() -> bool:
    stream = sys.stderr
    try:
        if stream is None or not stream.isatty() or not is_said("→"):
            return False
    except ValueError:
        # A closed stream is no terminal.
        return False
    # A run that is named by an engine's key: the terminal is the engine's.
    return ":" not in (current_run_uid() or "")


def _forget() -> None:
    """In a forked child the parent's bar is not ours, and its lock may never be released."""
    global _held  # noqa: PLW0603 - the one place that renews it
    _meters.clear()
    _held = threading.Lock()


os.register_at_fork(after_in_child=_forget)
