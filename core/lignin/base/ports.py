"""The ports through which a record reaches the open instance and the graph.

A record's methods are one line each: `current().save(self)`. What answers stands in a higher
layer and is loaded by name on first use, as a plug-in would be, so that importing a record brings
no database, and no layer imports upwards.
"""

import importlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

__all__ = ["Catalogue", "Graph", "current", "graph", "use"]


class Catalogue(Protocol):
    """An open instance, as records and façade see it. `lignin.instance` implements it."""

    def query(self, registry: type[Any]) -> Any: ...
    def save(self, record: Any, **options: Any) -> None: ...
    def save_many(self, records: Iterable[Any]) -> None: ...
    def delete(self, record: Any, *, permanent: bool | None = None, storage: bool | None = None) -> None: ...
    def restore(self, record: Any) -> None: ...
    def construct(self, record: Any, data: Any, options: Mapping[str, Any]) -> None: ...
    def follow(self, record: Any, relation: Any) -> Any: ...
    def members(self, record: Any, relation: Any) -> Any: ...
    def describe(self, record: Any) -> Any: ...
    def load(self, artifact: Any, **options: Any) -> Any: ...
    def open(self, artifact: Any, **options: Any) -> Any: ...
    def cache(self, artifact: Any) -> Path: ...
    def path(self, artifact: Any) -> Any: ...
    def versions(self, record: Any) -> Any: ...


class Graph(Protocol):
    """Questions about lineage. `lignin.lineage` implements it."""

    def lineage(self, record: Any, *, direction: str, depth: int | None) -> Any: ...
    def view(self, record: Any, **options: Any) -> Any: ...


_open: dict[str, tuple[int, Any]] = {}


def current() -> Catalogue:
    """The open instance; opened on first use from where the process stands.

    Raises:
        NoInstance: there is none to open.
    """
    return cast(Catalogue, _provided("lignin.instance"))


def graph() -> Graph:
    """The questions one can ask of the open instance's lineage."""
    return cast(Graph, _provided("lignin.lineage"))


def use(provider: str, implementation: Any | None) -> None:
    """Let `implementation` answer for `provider` in this process; `None` forgets what did."""
    if implementation is None:
        _open.pop(provider, None)
    else:
        _open[provider] = (os.getpid(), implementation)


def _provided(provider: str) -> Any:
    # A forked child opens its own: a database connection must not cross a fork.
    held = _open.get(provider)
    if held is None or held[0] != os.getpid():
        use(provider, importlib.import_module(provider).provide(held[1] if held else None))
        held = _open[provider]
    return held[1]
