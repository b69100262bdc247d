"""Which redun execution the calling code is part of, asked without importing redun.

redun's executors do not tell a task which job it is, so what a task saves itself belongs to the workflow's run:
through `active_run` in the scheduler's process, through `LIGNIN_RUN` in the processes that it starts.
"""

import os
import threading
from contextlib import suppress

from lignin.base.context import current_run_uid
from lignin.recording import Guard, RunKey

__all__ = ["GUARD", "active_run", "caller", "enter", "leave"]

GUARD = Guard("redun")
OWN, PARENT = "LIGNIN_RUN", "LIGNIN_PARENT"

_lock = threading.Lock()
_running: list[tuple[RunKey, str | None]] = []


def active_run() -> RunKey | None:
    """The execution that goes on in this process, the innermost of several; `None` outside of any."""
    with _lock:
        return _running[-1][0] if _running else None


def caller() -> RunKey | None:
    """The run that a new execution belongs to: one around it, or the one that started this process."""
    text = (current_run_uid() or os.environ.get(PARENT) or "").partition("@")[0]
    if not text:
        return None
    if ":" not in text:
        return RunKey(engine="lignin", scope="", id=text)
    with suppress(ValueError):
        return RunKey.parse(text)
    return None


def enter(run: RunKey) -> None:
    """An execution begins."""
    with _lock:
        _running.append((run, os.environ.get(OWN)))
        os.environ[OWN] = str(run)


def leave(run: RunKey) -> None:
    """An execution is over: the environment is again as it was before."""
    with _lock:
        place = next((place for place, (held, _) in enumerate(_running) if held == run), None)
        if place is None:
            return
        before = _running.pop(place)[1]
        if place < len(_running):
            # Others began inside of it and go on; the first of them takes over what is to be restored.
            _running[place] = (_running[place][0], before)
        elif before is None:
            os.environ.pop(OWN, None)
        else:
            os.environ[OWN] = before
