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

    def query(self, registry: type[Any]) -> Any:
        """All records of a registry, as a query set."""
        ...

    def save(self, record: Any, **options: Any) -> None:
        """Store a record."""
        ...

    def save_many(self, records: Iterable[Any]) -> None:
        """Store many records."""
        ...

    def delete(self, record: Any, *, permanent: bool | None = None, storage: bool | None = None) -> None:
        """Trash a record, or delete it for good."""
        ...

    def restore(self, record: Any) -> None:
        """Take a record out of the trash."""
        ...

    def construct(self, record: Any, data: Any, options: Mapping[str, Any]) -> None:
        """Inspect what a new record is made of."""
        ...

    def move(self, artifacts: Iterable[Any], storage: Any) -> Any:
        """Bring artifacts to a storage location, with their bytes."""
        ...

    def replace(self, artifact: Any, data: Any, options: Mapping[str, Any]) -> None:
        """Inspect the new content of an artifact."""
        ...

    def construct_folder(self, folder: Any, *, key: str | None, options: Mapping[str, Any]) -> Any:
        """New records, one for each file of a folder."""
        ...

    def lazy(self, *, suffix: str | None, options: Mapping[str, Any]) -> Any:
        """A place in storage to write to, which becomes a record."""
        ...

    def follow(self, record: Any, relation: Any) -> Any:
        """The record at the other end of a to-one relation."""
        ...

    def members(self, record: Any, relation: Any) -> Any:
        """The records at the other end of a to-many relation."""
        ...

    def features(self, record: Any) -> Any:
        """What is said of a record in values of features."""
        ...

    def describe(self, record: Any) -> Any:
        """Print a record with its context."""
        ...

    def load(self, artifact: Any, **options: Any) -> Any:
        """An object in memory."""
        ...

    def open(self, artifact: Any, **options: Any) -> Any:
        """An object without loading it."""
        ...

    def cache(self, artifact: Any, *, verify: bool = False, is_run_input: Any = None) -> Path:
        """A local path with the bytes."""
        ...

    def path(self, artifact: Any) -> Any:
        """Where the bytes lie."""
        ...

    def versions(self, record: Any) -> Any:
        """All versions of a record's family."""
        ...

    def notes(self, record: Any) -> Any:
        """What people wrote about a record."""
        ...

    def hierarchy(self, record: Any, *, along: str, depth: int | None = None) -> Any:
        """What is above or below a record, at any distance."""
        ...

    def infer_features(self, data: Any, *, dtypes: Mapping[str, Any], type: Any) -> list[Any]:  # noqa: A002 - as the field
        """A feature for each column of a table."""
        ...

    def infer_schema(self, data: Any, *, name: str | None, dtypes: Mapping[str, Any]) -> Any:
        """A schema that a table satisfies."""
        ...

    def slots(self, schema: Any) -> Mapping[str, Any]:
        """The schemas of a schema's parts."""
        ...

    def spec_of(self, schema: Any) -> Any:
        """All that a schema checks, as a value."""
        ...

    def change_schema(self, schema: Any, *, act: str, features: Any, optional: bool | None = None) -> None:
        """Change which features a schema lists."""
        ...

    def optional_features(self, schema: Any) -> Any:
        """The features of a schema that may be absent."""
        ...

    def look_up(self, registry: type[Any], values: Any, *, field: Any, within: Any) -> Any:
        """Which values are terms of a registry, and what the others were meant to be."""
        ...

    def from_values(self, registry: type[Any], values: Any, *, options: Mapping[str, Any]) -> list[Any]:
        """The records that values name, and new ones where asked for."""
        ...

    def import_sheet(self, data: Any, *, type: Any, dtypes: Mapping[str, Any]) -> Any:  # noqa: A002 - as the field
        """The rows of a frame on their way into a sheet."""
        ...

    def sheet_frame(self, sheet: Any, *, recurse: bool = False) -> Any:
        """A sheet as a frame."""
        ...

    def sheet_artifact(self, sheet: Any, *, key: str | None, recurse: bool) -> Any:
        """A sheet as an artifact."""
        ...

    def start_run(self, *, code: Any, **options: Any) -> Any:
        """Begin a run of a script, notebook or function."""
        ...

    def end_run(self, run: Any, *, status: Any, **options: Any) -> None:
        """End such a run."""
        ...


class Graph(Protocol):
    """Questions about lineage. `lignin.lineage` implements it."""

    def lineage(self, record: Any, *, direction: str, depth: int | None) -> Any:
        """The graph around a record as a frame."""
        ...

    def view(self, record: Any, **options: Any) -> Any:
        """The graph around a record as a picture."""
        ...


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
