"""No change to the pipeline: Prefect loads this when `PREFECT_PLUGINS_ENABLED=1`.

Prefect's plug-ins run once, when Prefect is imported, and have no hook for runs. Its telemetry has
one, but OpenTelemetry keeps the first tracer provider that anyone sets: a plug-in that sets one
takes the user's own traces away, and it is silent for timed-out runs. So the plug-in lets every
Flow and Task carry the same native state hooks that `prefect_lignin.flow` puts on one: they are
added when the object is made. Copies, bound methods and `with_options` go the same way, and so do
the processes that serve deployments, since Prefect's environment reaches them.
"""

from typing import Any

from prefect.plugins import register_hook

from prefect_lignin.active import GUARD
from prefect_lignin.hook import instrument_all
from prefect_lignin.settings import Settings

__all__ = ["setup_environment"]


@register_hook
def setup_environment(*, ctx: Any) -> None:
    """Have every flow and task of this process recorded."""
    if Settings.read().enabled:
        with GUARD:
            instrument_all()
