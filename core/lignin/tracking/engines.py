"""Objects of workflow engines that meet `@ln.flow()` or `@ln.step()`: their adapter takes them.

An engine's flow or task has methods of its own (`submit`, `serve`, …) that a wrapper would take
away. So it is given to the adapter that is registered for the engine in the entry point group
`lignin.engines`, under the name of the engine's module; that one attaches its hooks and gives the
same object back.
"""

from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from lignin.base.errors import MissingExtra
from lignin.base.installed import entry_points

__all__ = ["instrumented"]

# Engines that Lignin has an adapter for: without it a wrapper would break their objects.
_KNOWN = {"prefect", "redun"}


def instrumented(thing: Any) -> Any | None:
    """An engine's object with the adapter's hooks on it; `None` for whatever belongs to no engine.

    Raises:
        MissingExtra: it is an engine's object, and its adapter is not installed or can't be loaded.
    """
    if isinstance(thing, FunctionType | BuiltinFunctionType | MethodType):
        return None
    engine = type(thing).__module__.partition(".")[0]
    point = next((point for point in entry_points("lignin.engines") if point.name == engine), None)
    if point is None and engine not in _KNOWN:
        return None
    advice = f"Install it with: pip install 'lignin[{engine}]'"
    if point is None:
        raise MissingExtra(f"this {type(thing).__name__} belongs to {engine}, and Lignin's adapter for {engine} is not installed. {advice}")
    try:
        instrument = point.load()
    except (ImportError, AttributeError) as e:
        raise MissingExtra(f"Lignin's adapter for {engine} can't be loaded: {e}. {advice}") from e
    return instrument(thing)
