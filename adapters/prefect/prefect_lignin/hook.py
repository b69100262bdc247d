"""Prefect's own state hooks, and how they get onto a Flow or Task.

`instrument` puts our hooks first in the lists that Prefect keeps on every Flow and Task. `payload` reads what
a hook is given; from there on all is plain values. Names of parameters matter: the process
that serves a deployment calls `(flow, flow_run, state)` by keyword.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar, overload

import prefect
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext, TaskRunContext
from prefect.flows import Flow
from prefect.tasks import Task

from lignin.base.clock import now
from lignin.base.errors import UsageError
from lignin.recording import RunKey, RunStatus, encode_params
from prefect_lignin.active import GUARD, run_key
from prefect_lignin.files import Sighting, sightings
from prefect_lignin.function_code import make_portable, path_parameters
from prefect_lignin.ledger import Ledger
from prefect_lignin.origins import Origins
from prefect_lignin.outbox import outbox
from prefect_lignin.payload import (
    assets,
    coerced_parameters,
    error_in_flight,
    error_of,
    flow_opening,
    is_persisted,
    result_origin,
    result_place,
    results,
    task_opening,
)
from prefect_lignin.settings import Settings
from prefect_lignin.translate import Closing, status_of

__all__ = ["flow", "instrument", "instrument_all", "task"]

P = ParamSpec("P")
R = TypeVar("R")
AnyRunnable = TypeVar("AnyRunnable", bound="Flow[..., Any] | Task[..., Any]")

# Told by the process that ran the flow; a crash or a cancellation may be told by another one.
_ENDS_HERE = {RunStatus.COMPLETED, RunStatus.FAILED}

class _LogFilter(logging.Filter):
    """Drops the two lines that Prefect logs, and sends to its server, for each call of a hook of ours.

    What it says of a hook that failed stays.
    """

    def attach(self) -> None:
        for name in ("prefect.engine", "prefect.flow_runs", "prefect.task_runs"):
            logging.getLogger(name).addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or "ook 'lignin_" not in str(record.msg)


_LOG_FILTER = _LogFilter()

_ledger = Ledger(lambda event: outbox().record(event))
_origins = Origins()


def instrument(obj: AnyRunnable) -> AnyRunnable:
    """Have a Flow or Task recorded; returns the same object. Doing so twice changes nothing.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(obj, Flow):
        own = _FLOW_HOOKS
    elif isinstance(obj, Task):
        own = _TASK_HOOKS
    else:
        raise UsageError(f"instrument() takes a Prefect Flow or Task, not {type(obj).__name__}. Decorate the function with @flow or @task first.")
    for attribute, hook in own.items():
        hooks = getattr(obj, attribute)
        # By name: who clears `sys.modules` has this module twice.
        if not any(getattr(other, "__name__", "") == hook.__name__ and other.__module__ == hook.__module__ for other in hooks):
            # A list of our own: the user may have given the same list to several flows.
            setattr(obj, attribute, [hook, *hooks])
    make_portable(obj.fn)
    _LOG_FILTER.attach()
    return obj


def instrument_all() -> None:
    """Have every Flow and Task recorded that is made from now on in this process."""
    for kind in (Flow, Task):
        if not hasattr(kind.__init__, "_lignin"):
            kind.__init__ = _instrumenting(kind.__init__)  # type: ignore[method-assign]  # Prefect names no place for hooks of all runs


def _instrumenting(init: Callable[..., None]) -> Callable[..., None]:
    @wraps(init)
    def make(self: Any, *args: Any, **options: Any) -> None:
        init(self, *args, **options)
        with GUARD:
            instrument(self)

    make._lignin = True  # type: ignore[attr-defined]  # a mark of ours on our own function
    return make


@overload
def flow(function: Callable[P, R], /, **options: Any) -> Flow[P, R]: ...
@overload
def flow(function: None = None, /, **options: Any) -> Callable[[Callable[P, R]], Flow[P, R]]: ...
def flow(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """`prefect.flow`, recorded. Takes the same options and returns the same Flow."""
    if function is None:
        return lambda decorated: instrument(prefect.flow(decorated, **options))
    return instrument(prefect.flow(function, **options))


@overload
def task(function: Callable[P, R], /, **options: Any) -> Task[P, R]: ...
@overload
def task(function: None = None, /, **options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """`prefect.task`, recorded. Takes the same options and returns the same Task."""
    if function is None:
        return lambda decorated: instrument(prefect.task(decorated, **options))
    return instrument(prefect.task(function, **options))


# --- flows -----------------------------------------------------------------------------------


def lignin_flow_running(flow: Flow[..., Any], flow_run: Any, state: State[Any]) -> None:
    """An attempt of a flow begins. Prefect counts it only after this hook."""
    if not _is_enabled():
        return
    with GUARD:
        instrument(flow)  # `with_options(on_completion=…)` has dropped that hook of ours
        opening = flow_opening(flow, flow_run, attempt=flow_run.run_count + 1, at=state.timestamp, earlier=_ledger.opening(flow_run.id))
        files = _files(opening.params, path_parameters(flow.fn))
        _ledger.open(replace(opening, files=files), error=error_in_flight())


def lignin_flow_ended(flow: Flow[..., Any], flow_run: Any, state: State[Any]) -> None:
    """A flow has come to its end, here or, told by the process that served it, elsewhere."""
    if not _is_enabled():
        return
    with GUARD:
        status = status_of(state.type.value, state.name or "")
        if status is None:
            return
        opening = _ledger.opening(flow_run.id)
        if opening is None and status in _ENDS_HERE:
            began = flow_run.start_time or state.timestamp
            opening = flow_opening(flow, flow_run, attempt=max(flow_run.run_count, 1), at=began, earlier=None)
            _ledger.open(opening)
        run = opening.run if opening else run_key(flow_run.id, flow_run.run_count)
        params: dict[str, Any] | None = None
        files: tuple[Sighting, ...] = ()
        made: tuple[Sighting, ...] = ()
        if opening is not None:
            params = coerced_parameters(flow_run.id)
            path_typed = path_parameters(flow.fn)
            files = _files(opening.params if params is None else params, path_typed)
            made = results(state, path_typed) if status is RunStatus.COMPLETED else ()
            # As they are told: a frame can't be compared, and may be no more what it was.
            if params is not None and encode_params(params) == encode_params(opening.params):
                params = None
        closing = Closing(status=status, at=state.timestamp, error=error_of(state, status), params=params, files=files, results=made)
        if _ledger.close(run, closing):
            outbox().ask_for_delivery()


# --- tasks -----------------------------------------------------------------------------------


def lignin_task_running(task: Task[..., Any], task_run: Any, state: State[Any]) -> None:
    """An attempt of a task begins; or the attempt that runs is being torn down."""
    if not _is_enabled():
        return
    with GUARD:
        instrument(task)  # `with_options(on_completion=…)` has dropped that hook of ours
        run = run_key(task_run.id, task_run.run_count)
        earlier = _ledger.opening(task_run.id)
        if earlier is not None and earlier.run == run:
            _close_torn_down(run)
            return
        opening = task_opening(task, task_run, at=state.timestamp, opened=_ledger.opening)
        files = (*_files(opening.params, path_parameters(task.fn)), *assets(task, "asset_deps"))
        _ledger.open(replace(opening, files=files), error=error_in_flight())


def lignin_task_ended(task: Task[..., Any], task_run: Any, state: State[Any]) -> None:
    """A task has completed, come from the cache, or failed for good."""
    if not _is_enabled():
        return
    with GUARD:
        status = status_of(state.type.value, state.name or "")
        if status is None:
            return
        run = run_key(task_run.id, task_run.run_count)
        opening = _ledger.opening(task_run.id)
        if opening is None:
            opening = task_opening(task, task_run, at=task_run.start_time or state.timestamp, opened=_ledger.opening)
            _ledger.open(opening)
            files = _files(opening.params, path_parameters(task.fn))
        else:
            files = _ledger.held_back(opening)
        made: tuple[Sighting, ...] = ()
        if status in {RunStatus.COMPLETED, RunStatus.CACHED}:
            made = (*results(state, path_parameters(task.fn)), *assets(task, "assets"))
        if _ledger.take_rolled_back(run):
            status = RunStatus.ROLLED_BACK
        place, origin = result_place(state), result_origin(state)
        reused = _origins.find(origin) if origin and status is RunStatus.CACHED else None
        info = {"result": place} if place and (status is RunStatus.CACHED or is_persisted()) else {}
        _ledger.close(
            run,
            Closing(status=status, at=state.timestamp, error=error_of(state, status), files=files, results=made, info=info, reused=reused),
        )
        if place and origin and status is RunStatus.COMPLETED:
            _origins.note(origin, run, lasting=is_persisted())
            _ledger.note_commit(_transaction_key(task_run.flow_run_id, place), run)


def lignin_task_rolled_back(transaction: Any) -> None:
    """A task's transaction is undone: after it has completed, or in the midst of a generator."""
    if not _is_enabled() or not transaction.key:
        return
    with GUARD:
        context, flow_context = TaskRunContext.get(), FlowRunContext.get()
        flow_run_id = flow_context.flow_run.id if flow_context is not None and flow_context.flow_run is not None else None
        run = _ledger.take_commit(_transaction_key(flow_run_id, transaction.key))
        if run is not None:
            _ledger.close(run, Closing(status=RunStatus.ROLLED_BACK, at=now()))
        elif context is not None:
            _ledger.mark_rolled_back(run_key(context.task_run.id, context.task_run.run_count))


def _files(params: Mapping[str, Any], path_typed: frozenset[str]) -> tuple[Sighting, ...]:
    """The files in parameters; a value that breaks whoever looks at it costs them, and not the run."""
    with GUARD:
        return sightings(params, path_typed=path_typed)
    return ()


def _close_torn_down(run: RunKey) -> None:
    """Prefect calls the hooks again while an exit or a signal goes through a running task."""
    error = sys.exc_info()[1]
    if error is not None and not isinstance(error, Exception | GeneratorExit):
        _ledger.close(run, Closing(status=RunStatus.CRASHED, at=now(), error=f"{type(error).__name__}: {error}"))


def _transaction_key(flow_run_id: object, place: str) -> str:
    """A transaction knows the last part of where its result is kept."""
    return f"{flow_run_id}:{place.rpartition('/')[2]}"


@lru_cache(maxsize=1)
def _is_enabled() -> bool:
    return Settings.read().enabled


_FLOW_HOOKS: dict[str, Callable[..., None]] = {
    "on_running_hooks": lignin_flow_running,
    "on_completion_hooks": lignin_flow_ended,
    "on_failure_hooks": lignin_flow_ended,
    "on_crashed_hooks": lignin_flow_ended,
    "on_cancellation_hooks": lignin_flow_ended,
}
_TASK_HOOKS: dict[str, Callable[..., None]] = {
    "on_running_hooks": lignin_task_running,
    "on_completion_hooks": lignin_task_ended,
    "on_failure_hooks": lignin_task_ended,
    "on_rollback_hooks": lignin_task_rolled_back,
}
