"""Which run is going on here: what `load()` and `save()` attach to.

Asked in this order, and the innermost answer wins:

1. the context variable, which `@ln.flow()` and `@ln.step()` set: one per thread and asyncio task;
2. the run of this process, which `ln.track()` sets: plain threads see it too;
3. a workflow engine that is executing this very code, by its entry point in the group
   `lignin.runs`; an engine's run that began inside 1 or 2 is deeper, and comes before them;
4. the environment variable `LIGNIN_RUN`, through which a parent process hands its run down; it may
   end with `@` and the uid of the instance that the run is in, and does not count in another one.

A run is named by its uid, or by the text of a `RunKey` (which contains `:`).
"""

import os
import sys
from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lignin.base.installed import EntryPoint, entry_points

__all__ = ["Active", "current_run", "current_run_uid", "reset", "set_process_run", "set_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """A run that is going on.

    Attributes:
        uid: its uid.
        record: the `Run` itself.
        engine: the engine's run that was going on when this one began.
    """

    uid: str
    record: Any = None
    engine: str | None = None


_run: ContextVar[Active | None] = ContextVar("lignin_run", default=None)
# One slot: "process".
_process: dict[str, Active] = {}


def current_run_uid(*, instance: str | None = None) -> str | None:
    """The run that this code belongs to, as a uid or the text of a `RunKey`; `None` outside of any.

    `instance` is the uid of the instance that asks: a run handed down from another one is none there.
    """
    engine = _engine_run()
    active = _run.get() or _process.get("process")
    if active is not None:
        return engine if engine is not None and engine != active.engine else active.uid
    return engine or _inherited(instance)


def current_run() -> Any:
    """The `Run` of `ln.track()`, `@ln.flow()` or `@ln.step()` that this code belongs to, or `None`."""
    active = _run.get() or _process.get("process")
    return active.record if active else None


def set_run(uid: str, *, record: Any = None) -> Token[Active | None]:
    """Make this the run of the present context until `reset` gets the token."""
    return _run.set(Active(uid=uid, record=record, engine=_engine_run()))


def reset(token: Token[Active | None]) -> None:
    """Return to the run before `set_run`; from another context, where nothing was set, it does nothing."""
    try:
        _run.reset(token)
    except ValueError:
        # A coroutine or generator that is closed by the garbage collector is closed elsewhere.
        return


def set_process_run(uid: str | None, *, record: Any = None) -> None:
    """Make this the run of the whole process; `None` ends that."""
    if uid is None:
        _process.pop("process", None)
    else:
        _process["process"] = Active(uid=uid, record=record, engine=_engine_run())


def _inherited(instance: str | None) -> str | None:
    uid, _, home = os.environ.get("LIGNIN_RUN", "").partition("@")
    return None if not uid or (instance and home and home != instance) else uid


def _engine_run() -> str | None:
    for point in entry_points("lignin.runs"):
        # Named for the engine's module: an engine that is not loaded executes nothing here.
        if point.name in sys.modules and (key := _asker(point)()) is not None:
            return str(key)
    return None


@lru_cache(maxsize=16)
def _asker(point: EntryPoint) -> Callable[[], object]:
    try:
        asker: Callable[[], object] = point.load()
    except (ImportError, AttributeError):
        # An adapter that does not fit its engine must not break `save()`.
        return lambda: None
    return asker
