"""Which Prefect run the calling code is part of, asked without importing Prefect."""

import importlib
import sys
from types import TracebackType
from typing import Any

from lignin.recording import Guard, RunKey
from prefect_lignin.settings import Settings

__all__ = ["GUARD", "active_run", "innermost", "run_key"]


class _Wall(Guard):
    """A guard whose strictness Prefect can't overlook: it logs what a hook raises and goes on, but not past an exit."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        swallowed = super().__exit__(kind, error, trace)
        if isinstance(error, Exception) and not swallowed:
            raise SystemExit(f"lignin (prefect): LIGNIN_STRICT is set, and recording failed: {type(error).__name__}: {error}") from error
        return swallowed


GUARD = _Wall("prefect")


def active_run() -> RunKey | None:
    """The flow or task run that this code executes in; `None` outside, or before Prefect is imported.

    Who asks will write of that run. So a flow or task that is not recorded yet gets its hooks now:
    its end then tells of the whole run.
    """
    contexts = sys.modules.get("prefect.context")
    flow_context = getattr(contexts, "FlowRunContext", None)
    task_context = getattr(contexts, "TaskRunContext", None)
    if flow_context is None or task_context is None or not Settings.read().enabled:
        return None
    flow, task = flow_context.get(), task_context.get()
    run = innermost(flow, task)
    if run is not None:
        with GUARD:
            # By name: Prefect is there, and importing this module alone must not bring it.
            instrument = importlib.import_module("prefect_lignin.hook").instrument
            for running in (getattr(flow, "flow", None), getattr(task, "task", None)):
                if running is not None:
                    instrument(running)
    return run


def innermost(flow_context: Any, task_context: Any) -> RunKey | None:
    """Of the two contexts that may be set at once, the run that is nearer to the code.

    A task's context stays visible inside a subflow that the task calls; it is then the subflow's
    that counts, and the task belongs to another flow run.
    """
    flow_run = getattr(flow_context, "flow_run", None)
    task_run = getattr(task_context, "task_run", None)
    if task_run is not None and (flow_run is None or task_run.flow_run_id == flow_run.id):
        return run_key(task_run.id, task_run.run_count)
    return None if flow_run is None else run_key(flow_run.id, flow_run.run_count)


def run_key(own_id: object, attempt: int) -> RunKey:
    """The key of an attempt. Prefect's ids are unique everywhere, so there is no scope."""
    return RunKey(engine="prefect", scope="", id=str(own_id), attempt=max(attempt, 1))
