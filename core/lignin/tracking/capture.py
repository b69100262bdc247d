"""The log of a run: what goes to standard output and error while it runs, kept on the way through.

While anything is captured, `sys.stdout` and `sys.stderr` are `Tee` objects that pass everything on
first. A tracked script's log takes the whole process; a flow's takes the context it runs in, so
that flows side by side do not mix. Writing takes no lock: a signal handler or a forked child could
meet it locked. Two threads that write at once may at worst move the cut between head and tail a
little. Handlers of `logging` that write to the streams are led through too. What other processes
write to the terminal themselves is not seen.
"""

import contextlib
import io
import logging
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, TextIO

from lignin.base.redact import redact_text

__all__ = ["Log", "Tee", "capture_context", "capture_process", "release_context", "release_process", "without_escapes"]

HEAD = TAIL = 512 * 1024
# What colours a terminal, and moves its cursor.
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[^\[\]\n])")


class Log:
    """A text with a bounded head and tail; what falls between is dropped, and counted."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._head_size = self._tail_size = self._dropped = 0

    def add(self, text: str) -> None:
        """Append text."""
        room = HEAD - self._head_size
        if room > 0:
            self._head.append(text[:room])
            self._head_size += len(text[:room])
            text = text[room:]
        if text:
            self._tail.append(text)
            self._tail_size += len(text)
            self._trim()

    def text(self) -> str:
        """The log so far, redacted and without colours; of each line that was written over (a progress bar) the last state."""
        head, tail = "".join(self._head), "".join(self._tail)
        dropped = self._dropped + max(0, len(tail) - TAIL)
        cut = f"\n… {dropped} characters cut here …\n" if dropped else ""
        # A colour right before its name would hide a secret.
        plain = without_escapes(head + cut + tail[-TAIL:])
        whole = redact_text("\n".join(map(_last_state, plain.split("\n"))))
        return whole.replace("\0", "\\0").encode(errors="backslashreplace").decode()

    def _trim(self) -> None:
        while self._tail_size > TAIL and len(self._tail) > 1:
            # Another thread may have taken the last one.
            with contextlib.suppress(IndexError):
                gone = len(self._tail.popleft())
                self._tail_size -= gone
                self._dropped += gone


def without_escapes(text: str) -> str:
    """A text without what colours a terminal and moves its cursor."""
    return _ESCAPES.sub("", text) if "\x1b" in text else text


def _last_state(line: str) -> str:
    return line.rstrip("\r").rsplit("\r", 1)[-1]


_process: dict[str, Log] = {}
_context: ContextVar[Log | None] = ContextVar("lignin_log", default=None)
_installed: dict[str, "Tee"] = {}
# Logs that are still being written, by identity: the streams are put back when none is left.
_open: dict[int, Log] = {}
_watchers: dict[str, Callable[[], None]] = {}
_locks = {"switch": threading.Lock()}
# Another thread may hold it while this one forks; in the child nobody would let it go.
os.register_at_fork(after_in_child=lambda: _locks.update(switch=threading.Lock()))


class Tee(io.TextIOBase):
    """A text stream that passes all on to another one, and what is written to the open logs too.

    Everything else (`isatty`, `fileno`, `buffer`, `encoding`, `reconfigure`, …) is the other's.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        object.__setattr__(self, "_below", stream)

    def write(self, text: str) -> int:
        """Write to the stream below, then to the logs."""
        written = self._below.write(text)
        # One of ours that lies under another one of ours leaves the logs to that.
        if any(self is tee for tee in _installed.values()):
            for log in (_process.get("process"), _context.get()):
                if log is not None:
                    log.add(text)
        return len(text) if written is None else written

    def writelines(self, lines: Any) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the stream below."""
        self._below.flush()
        watcher = _watchers.get("flush")
        # No Python below us: the interpreter itself flushes, after the main module has ended.
        if watcher is not None and sys._getframe().f_back is None:
            watcher()

    def close(self) -> None:
        """Close the stream below; only a user asks for that."""
        self._below.close()

    def __del__(self) -> None:
        """Leave the stream below open: the base class would close it."""

    def __getattribute__(self, name: str) -> Any:
        # The base class has many of these names itself, so `__getattr__` would never be asked.
        if name in _OWN:
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "_below"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        # IPython puts a `write` of its own over a stream's, and later puts back the one it found.
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            setattr(self._below, name, value)


_OWN = {"write", "writelines", "flush", "close", "_below", "__class__", "__del__", "__dict__"}


def capture_process(log: Log, *, at_last_flush: Callable[[], None]) -> None:
    """Let everything that this process writes from now on go into `log` as well.

    `at_last_flush` is called when the interpreter flushes the streams after the main module.
    """
    _process["process"] = log
    _watchers["flush"] = at_last_flush
    _install(log)


def release_process() -> None:
    """End `capture_process`."""
    log = _process.pop("process", None)
    _watchers.clear()
    if log is not None:
        _uninstall(log)


def capture_context(log: Log) -> Token[Log | None]:
    """Let what this context (thread, asyncio task) writes go into `log` as well."""
    _install(log)
    return _context.set(log)


def release_context(log: Log, token: Token[Log | None]) -> None:
    """End `capture_context`."""
    # A coroutine that the garbage collector closes is closed in another context.
    with contextlib.suppress(ValueError):
        _context.reset(token)
    _uninstall(log)


def _install(log: Log) -> None:
    with _locks["switch"]:
        _open[id(log)] = log
        _put_over()


def _put_over() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Tee):
            _installed[name] = Tee(stream)
            setattr(sys, name, _installed[name])
            _lead_handlers(stream, _installed[name])


def _uninstall(log: Log) -> None:
    with _locks["switch"]:
        _open.pop(id(log), None)
        if not _open:
            _take_off()


def _take_off() -> None:
    # Where someone has put a stream of their own over ours, it stays; ours then only passes on.
    for name in ("stdout", "stderr"):
        tee = _installed.pop(name, None)
        if tee is not None and getattr(sys, name) is tee:
            setattr(sys, name, tee._below)
        if tee is not None:
            _lead_handlers(tee, tee._below)


def _lead_handlers(old: "TextIO | Tee", new: "TextIO | Tee") -> None:
    """Handlers that were made before hold the stream as it was then."""
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.StreamHandler) and handler.stream is old:
                handler.setStream(new)
