"""Prefect 3 in the lineage tree: flows and tasks are recorded by Prefect's own state hooks.

    from prefect_lignin import flow, task      # instead of: from prefect import flow, task
    instrument(existing_flow)                  # or: a flow or task that is there already
    PREFECT_PLUGINS_ENABLED=1 python script.py # or: no change at all

Each way returns the Flow or Task that Prefect made, so `.submit`, `.map`, `.serve`, `.deploy` and
`.with_options` are all there. Importing this package does not import Prefect; the first use of
`flow`, `task` or `instrument` does.
"""

import importlib
from typing import TYPE_CHECKING, Any

from prefect_lignin.active import active_run

if TYPE_CHECKING:
    from prefect_lignin.hook import flow, instrument, task

__all__ = ["active_run", "flow", "instrument", "task"]


def __getattr__(name: str) -> Any:
    if name in {"flow", "instrument", "task"}:
        return getattr(importlib.import_module("prefect_lignin.hook"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
