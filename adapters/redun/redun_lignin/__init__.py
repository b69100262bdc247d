"""redun in the lineage tree: every execution and job is recorded, the workflow stays as it is.

    [scheduler]
    setup_scheduler = redun_lignin::setup       # in redun.ini: no change to any task

    scheduler = ObservedScheduler(config=…)     # or: where you make a scheduler yourself
    backend = observe(MyBackend)(config=…)      # or: with a backend of your own

Importing this package does not import redun; the first use of one of these names does.
"""

import importlib
from typing import TYPE_CHECKING, Any

from redun_lignin.active import active_run

if TYPE_CHECKING:
    from redun_lignin.hook import ObservedBackend, ObservedScheduler, instrument, observe, setup

__all__ = ["ObservedBackend", "ObservedScheduler", "active_run", "instrument", "observe", "setup"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("redun_lignin.hook"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
