"""How a tracked process ends, noticed without standing in its way.

| the process … | seen by | outcome |
|---|---|---|
| reaches its end | `atexit`, the main frame returned | completed |
| dies of an exception | `sys.excepthook` | failed; an interrupt: cancelled |
| `sys.exit(n)`, `raise SystemExit(n)` | `atexit`, the main frame was left | by its code |
| gets SIGTERM or SIGHUP | our handler, where there was none | cancelled, then it dies of that signal |
| a marimo kernel is told to end by SIGTERM | our handler, before marimo's | as its cells say |
| a notebook's kernel ends | `atexit`; the last cell counts | failed if it raised, else completed |
| `os._exit`, `os.exec…`, SIGKILL, power cut | nobody: the run stays `running` | `run.info` has host and pid to look for |

Python tells no one the code of a `SystemExit` that leaves the main module. But before it looks at
the exception, the interpreter flushes `sys.stderr`: then the exception is still alive, and the
garbage collector knows it. Where there is no such exception (`sys.exit` of Python 3.11 makes none
until somebody asks) or no such flush (`python -m`, `-c`), the last code given to `sys.exit` counts.
A `SystemExit` that is raised there by hand leaves `completed`, with `exit_code: unknown` in `run.info`.
"""

import atexit
import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from opcode import opname
from types import FrameType, TracebackType
from typing import Any, NoReturn

from lignin.recording import RunStatus
from lignin.tracking.outcome import COMPLETED, Outcome, outcome_of, outcome_of_exit

__all__ = ["Endings"]

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_SECONDS = 5.0
_UNKNOWN = object()


class Endings:
    """Watches this process until `stop()`, and tells `close` once how it ended.

    Args:
        close: gets the outcome; called at the process's end, never from a forked child.
        interactive: an exception is not the end (a prompt, a notebook).
    """

    def __init__(self, close: Callable[[Outcome], None], *, interactive: bool) -> None:
        self._close = close
        self._interactive = interactive
        self._pid = os.getpid()
        self._noted: Outcome | None = None
        self._interrupted = False
        self._exit_code: object = _UNKNOWN
        self._frame = None if interactive else _main_frame()
        self._next_hook = sys.excepthook
        self._next_exit = sys.exit
        self._handled: dict[signal.Signals, Any] = {}
        # The methods that were handed out: each access makes a new bound method, and `stop` compares.
        self._hook, self._exit, self._handler = self._on_exception, self._on_exit, self._on_signal

    def start(self) -> None:
        """Begin to watch."""
        atexit.register(self._at_exit)
        if not self._interactive:
            sys.excepthook = self._hook
            self._replace_exit(self._next_exit, self._exit)
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                held = signal.getsignal(number)
                if held == signal.SIG_DFL or _is_marimos(held):
                    signal.signal(number, self._handler)
                    self._handled[number] = held

    def stop(self) -> None:
        """Stop watching; what others have put over ours since then stays, and passes through."""
        atexit.unregister(self._at_exit)
        if sys.excepthook == self._hook:
            sys.excepthook = self._next_hook
        self._replace_exit(self._exit, self._next_exit)
        if threading.current_thread() is threading.main_thread():
            for number, held in self._handled.items():
                if signal.getsignal(number) == self._handler:
                    signal.signal(number, held)
        self._handled.clear()
        self._frame = None

    def note(self, outcome: Outcome | None) -> None:
        """What the end would be if it came now; `None`: it would be a good one."""
        self._noted = outcome

    def on_flush(self) -> None:
        """Look for a `SystemExit` on its way out: to be called when the interpreter flushes the streams."""
        if self._frame is not None and os.getpid() == self._pid and _was_left(self._frame):
            self._exit_code = _code_that_left(self._frame, default=self._exit_code)

    def _replace_exit(self, old: Any, new: Any) -> None:
        if sys.exit == old:
            sys.exit = new
        # Scripts may hold it under a name of their own: `from sys import exit`.
        names = vars(sys.modules["__main__"])
        for name in [name for name, value in names.items() if type(value) is type(old) and value == old]:
            names[name] = new

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        try:
            self._next_hook(kind, error, trace)
        finally:
            self._noted = outcome_of(error.with_traceback(trace))
            self._interrupted = isinstance(error, KeyboardInterrupt)

    def _on_exit(self, status: Any = None, /) -> NoReturn:
        self._exit_code = status
        raise SystemExit(status)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        held = self._handled.get(signal.Signals(number), signal.SIG_DFL)
        if os.getpid() == self._pid:
            name = signal.Signals(number).name
            outcome = self._outcome() if callable(held) else Outcome(status=RunStatus.CANCELLED, error=f"ended by {name}")
            # In a thread: what was interrupted may hold the database, and must not hold this up for long.
            closer = threading.Thread(target=self._close, args=(outcome,), name="lignin-close", daemon=True)
            closer.start()
            closer.join(_SECONDS)
        if callable(held):
            held(number, frame)
            return
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _at_exit(self) -> None:
        if os.getpid() != self._pid:
            return
        outcome = self._outcome()
        self._close(outcome)
        if self._interrupted:
            _die_of_interrupt()

    def _outcome(self) -> Outcome:
        if self._noted is not None:
            return self._noted
        if self._frame is None or not _was_left(self._frame):
            return COMPLETED
        if self._exit_code is _UNKNOWN:
            return Outcome(status=RunStatus.COMPLETED, info={"exit_code": "unknown"})
        return outcome_of_exit(self._exit_code)


def _is_marimos(handler: Any) -> bool:
    """Whether a signal handler is the one with which a marimo kernel ends its process, past all else."""
    return callable(handler) and str(getattr(handler, "__module__", "")).startswith("marimo.")


def _die_of_interrupt() -> None:
    """Let the process end by SIGINT, as Python does after an interrupt that nobody caught.

    The interpreter notes an interrupt that leaves code it compiles from text, and forgets it when
    more such code is run, as database libraries do.
    """
    with contextlib.suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")


def _main_frame() -> FrameType | None:
    """The frame of the main module, if it is running."""
    main = sys.modules.get("__main__")
    ident = threading.main_thread().ident
    frame = sys._current_frames().get(ident) if ident is not None else None
    found = None
    while frame is not None:
        if frame.f_code.co_name == "<module>" and main is not None and frame.f_globals is vars(main):
            found = frame
        frame = frame.f_back
    return found


def _was_left(frame: FrameType) -> bool:
    """Whether a frame that runs no more ended by an exception: then its last instruction is no return."""
    return not opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN")


def _code_that_left(frame: FrameType, *, default: object) -> object:
    found = default
    for candidate in gc.get_objects():
        # `type()`: an `isinstance` would ask proxies and lazy objects of the user's for their class.
        if not issubclass(type(candidate), SystemExit):
            continue
        # Until Python 3.12 an exception gets its traceback only when it is caught.
        if candidate.__traceback__ is None:
            found = candidate.code
        elif _passed(candidate.__traceback__, frame):
            return candidate.code
    return found


def _passed(trace: TracebackType | None, frame: FrameType) -> bool:
    while trace is not None:
        if trace.tb_frame is frame:
            return True
        trace = trace.tb_next
    return False
