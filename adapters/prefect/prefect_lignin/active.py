"""Which Prefect run the calling code is part of, asked without importing Prefect."""

import sys
from typing import Any

from lignin.recording import RunKey

__all__ = ["active_run", "innermost", "run_key"]


def active_run() -> RunKey | None:
    """The flow or task run that this code executes in; `None` outside, or before Prefect is imported."""
    contexts = sys.modules.get("prefect.context")
    flow_context = getattr(contexts, "FlowRunContext", None)
    task_context = getattr(contexts, "TaskRunContext", None)
    if flow_context is None or task_context is None:
        return None
    return innermost(flow_context.get(), task_context.get())


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
