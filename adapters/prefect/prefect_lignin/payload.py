"""What Prefect's objects say, as plain values: contexts, runs, states, futures and annotations.

Nothing here waits, asks the server, or loads a result that is kept elsewhere.
"""

import platform
import sys
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import prefect
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext, TaskRunContext
from prefect.filesystems import LocalFileSystem
from prefect.flows import Flow
from prefect.futures import PrefectFuture
from prefect.results import (  # type: ignore[attr-defined]  # public there, without an __all__
    ResultRecord,
    ResultRecordMetadata,
)
from prefect.settings import PREFECT_UI_URL
from prefect.tasks import Task
from prefect.utilities.annotations import BaseAnnotation

from lignin.base.settings import host_name
from lignin.recording import RunKey, RunStatus
from prefect_lignin.active import innermost, run_key
from prefect_lignin.files import Sighting, look, look_at_uri, sightings
from prefect_lignin.function_code import code_of
from prefect_lignin.translate import Opening

__all__ = [
    "assets",
    "coerced_parameters",
    "error_in_flight",
    "error_of",
    "flow_opening",
    "is_persisted",
    "outcome",
    "resolved",
    "result_origin",
    "result_place",
    "results",
    "task_opening",
]

_MAX_ITEMS = 10_000
_MAX_DEPTH = 6


def resolved(value: Any, *, depth: int = 0) -> Any:
    """`value` with each future, state and annotation in lists, tuples, sets and dicts replaced by what it stands for."""
    if isinstance(value, PrefectFuture):
        value = value.state
    if isinstance(value, State):
        return resolved(outcome(value), depth=depth + 1) if depth < _MAX_DEPTH else None
    if isinstance(value, BaseAnnotation):
        return resolved(value.unwrap(), depth=depth)
    if depth >= _MAX_DEPTH or not isinstance(value, list | tuple | set | dict) or len(value) > _MAX_ITEMS:
        return value
    kind = type(value)
    if isinstance(value, dict):
        return value if kind is not dict else {key: resolved(inner, depth=depth + 1) for key, inner in value.items()}
    # Subclasses, such as named tuples, are made in ways that we do not know.
    return kind(resolved(inner, depth=depth + 1) for inner in value) if kind in {list, tuple, set} else value


def outcome(state: State[Any]) -> Any:
    """What a state holds: a result, an exception, or `None` for a result that is kept elsewhere."""
    data = state.data
    if isinstance(data, ResultRecord):
        return data.result
    return None if isinstance(data, ResultRecordMetadata) else data


def flow_opening(flow: Flow[..., Any], flow_run: Any, *, attempt: int, at: datetime, earlier: Opening | None) -> Opening:
    """A flow's start, seen before it runs, between two attempts, or from its end.

    Args:
        flow: whose function runs.
        flow_run: as Prefect has it.
        attempt: counted from 1; Prefect's own count lags behind at the start.
        at: when.
        earlier: the attempt before, if this process has seen it.
    """
    coerced = coerced_parameters(flow_run.id)
    # Before a flow runs, the contexts are those of its caller; inside of it, a task that called it is left.
    caller = FlowRunContext.get() if coerced is None else None
    parent = innermost(caller, TaskRunContext.get()) if earlier is None else earlier.parent
    return Opening(
        run=run_key(flow_run.id, attempt),
        # Prefect makes names up (`turquoise-ant`); one that the user has given is worth more than the flow's.
        name=flow_run.name if flow.flow_run_name else flow.name,
        at=at,
        parent=parent,
        code=code_of(flow.fn, kind="workflow"),
        params=flow_run.parameters if coerced is None else coerced,
        info=_flow_info(flow, flow_run, attempt=attempt),
        environment=_environment(),
    )


def coerced_parameters(flow_run_id: object) -> dict[str, Any] | None:
    """A flow's parameters as it gets them; `None` outside of its own context."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None or context.flow_run.id != flow_run_id or context.parameters is None:
        return None
    found: dict[str, Any] = resolved(context.parameters)
    return found


def _flow_info(flow: Flow[..., Any], flow_run: Any, *, attempt: int) -> dict[str, Any]:
    return {
        "flow": flow.name,
        "run_name": flow_run.name,
        "flow_id": str(flow_run.flow_id),
        "flow_version": flow_run.flow_version or flow.version,
        "deployment_id": str(flow_run.deployment_id) if flow_run.deployment_id else None,
        "run_count": attempt,
        "tags": sorted(flow_run.tags),
        "link": _link("flow-run", flow_run.id),
    }


def task_opening(
    task: Task[..., Any], task_run: Any, *, at: datetime, opened: Callable[[object], Opening | None]
) -> Opening:
    """A task's start, seen from inside of it; `opened` knows the runs that are under way."""
    context = TaskRunContext.get()
    return Opening(
        run=run_key(task_run.id, task_run.run_count),
        name=task_run.name if task.task_run_name else task.name,
        at=at,
        parent=_task_parent(task_run, opened),
        code=code_of(task.fn, kind="task"),
        params=resolved(context.parameters) if context is not None else {},
        info=_task_info(task, task_run),
    )


def _task_parent(task_run: Any, opened: Callable[[object], Opening | None]) -> RunKey | None:
    for parent in task_run.task_inputs.get("__parents__", ()):
        opening = opened(parent.id)
        return opening.run if opening else run_key(parent.id, 1)
    if task_run.flow_run_id is None:
        return None
    return run_key(task_run.flow_run_id, task_run.flow_run_run_count)


def _task_info(task: Task[..., Any], task_run: Any) -> dict[str, Any]:
    return {
        "task": task.name,
        "run_name": task_run.name,
        "task_key": task.task_key,
        "flow_run_id": str(task_run.flow_run_id) if task_run.flow_run_id else None,
        "run_count": task_run.run_count,
        "tags": sorted(task_run.tags),
        "link": _link("task-run", task_run.id),
    }


def assets(task: Task[..., Any], attribute: str) -> tuple[Sighting, ...]:
    """The files among the assets that a task declares."""
    keys = [str(asset.key) for asset in getattr(task, attribute, None) or ()]
    found = (look(key, role="asset") if key.startswith("file://") else look_at_uri(key, role="asset") for key in keys)
    return tuple(seen for seen in found if seen is not None)


def result_place(state: State[Any]) -> str | None:
    """Where Prefect keeps a result, or would keep it: the same for the same computation."""
    metadata = getattr(state.data, "metadata", None)
    return getattr(metadata, "storage_key", None)


def result_origin(state: State[Any]) -> str | None:
    """What tells a result that is kept from all others: its file, if it is one on a disk, else its place in its storage."""
    place, block = result_place(state), getattr(state.data.metadata, "storage_block_id", None) if isinstance(state.data, ResultRecord) else None
    if place is None or block is None:
        return place
    context = TaskRunContext.get()
    storage = context.result_store.result_storage if context is not None else None
    if isinstance(storage, LocalFileSystem):
        return str(Path(storage.basepath or ".").expanduser().resolve() / place)
    return f"{block}/{place}"


def is_persisted() -> bool:
    """Whether the task that runs here has its result kept."""
    context = TaskRunContext.get()
    return context is not None and bool(context.persist_result)


def results(state: State[Any], path_typed: frozenset[str]) -> tuple[Sighting, ...]:
    """The files in a result that are there."""
    return sightings({"": resolved(outcome(state))}, path_typed=frozenset({""}) if "return" in path_typed else frozenset())


def error_in_flight() -> str | None:
    """What an immediate retry answers to: Prefect calls the hook while it handles the exception."""
    error = sys.exc_info()[1]
    return None if error is None else f"{type(error).__name__}: {error}"


def error_of(state: State[Any], status: RunStatus) -> str | None:
    """What went wrong, for a run that did not end well."""
    if status in {RunStatus.COMPLETED, RunStatus.CACHED, RunStatus.ROLLED_BACK}:
        return None
    error = outcome(state)
    if status is RunStatus.FAILED and state.name == "Failed" and isinstance(error, BaseException):
        return f"{type(error).__name__}: {error}"
    return f"{state.name}: {state.message}" if state.message else state.name


def _link(kind: str, own_id: object) -> str | None:
    base = _ui()
    return f"{base}/runs/{kind}/{own_id}" if base else None


@lru_cache(maxsize=1)
def _ui() -> str | None:
    url: str | None = PREFECT_UI_URL.value()
    return url


@lru_cache(maxsize=1)
def _environment() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "prefect": prefect.__version__,
        "platform": platform.platform(),
        "host": host_name(),
    }


