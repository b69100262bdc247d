"""Values behind Prefect's futures, states and annotations, without waiting and without raising."""

from typing import Any

from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.results import (  # type: ignore[attr-defined]  # public there, without an __all__
    ResultRecord,
    ResultRecordMetadata,
)
from prefect.utilities.annotations import BaseAnnotation

__all__ = ["outcome", "resolved"]

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
