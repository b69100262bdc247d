"""`record.features`: what is said of an artifact, run or record, and what was found in a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from lignin.instance.annotate import (
    add_values,
    leaves_nothing,
    remove_values,
    set_values,
    update_values,
)
from lignin.instance.check_values import by_name
from lignin.instance.found_slots import found_slots
from lignin.instance.read_values import names_of, one_value, told, values_of
from lignin.instance.sheets import check_changed, sheet_of
from lignin.model import Artifact, Feature, Record, Registry, Schema

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["RecordFeatures"]


class RecordFeatures:
    """The values of features of one record.

    Values are given by the names of features, or by the features themselves:

        artifact.features.add_values({"gc_content": 0.55, "cell_type": ["T cell", "B cell"]})
    """

    def __init__(self, instance: Instance, record: Registry) -> None:
        self._instance = instance
        self._record = record

    def add_values(self, values: Mapping[Any, Any]) -> None:
        """Add values. A feature of labels takes more of them; a feature of one value that has another is refused.

        Raises:
            ValidationError: a feature or term is not registered, or a value is not of its feature's dtype; the report names all of them, and the
                code that mends it. Nothing is stored then.
            Locked: the record is locked.
        """
        self._check_row(values, lambda held: {**held, **by_name(values)})
        add_values(self._instance, self._record, values)

    def update_values(self, values: Mapping[Any, Any]) -> None:
        """Put values in the place of those of the same features; `None`, and what is empty, removes them.

        Raises:
            ValidationError, Locked: as `add_values`.
        """
        self._check_row(values, lambda held: {**held, **by_name(values)})
        update_values(self._instance, self._record, values)

    def set_values(self, values: Mapping[Any, Any]) -> None:
        """Make these all that people said; what was found in the dataset stays.

        Raises:
            ValidationError, Locked: as `add_values`.
        """
        self._check_row(values, lambda _: values)
        set_values(self._instance, self._record, values)

    def remove_values(self, features: Any, *, value: Any = None) -> None:
        """Remove all values of one or several features, or one value of one feature.

        Raises:
            NotFound: there is none.
            UsageError: it was found in the dataset.
            Locked: the record is locked.
        """
        listed = [features] if isinstance(features, str | Feature) or not isinstance(features, Iterable) else list(features)
        if value is None or (_is_row(self._record) and leaves_nothing(self._instance, self._record, listed, value=value)):
            gone = [feature.name if isinstance(feature, Feature) else feature for feature in listed]
            self._check_row({}, lambda held: {name: kept for name, kept in held.items() if name not in gone})
        remove_values(self._instance, self._record, listed, value=value)

    def get_values(self, *, external_only: bool = False) -> dict[str, Any]:
        """All values by the names of their features. Several labels are a set, a list is a list.

        Args:
            external_only: leave out what was found in the dataset.
        """
        columns = values_of(self._instance, self._record, external_only=external_only)
        names = names_of([column.feature for column in columns])
        return {name: column.values[self._record.id] for name, column in zip(names, columns, strict=True)}

    @property
    def slots(self) -> dict[str, Schema]:
        """The features that were found in the parts of the dataset, by part."""
        return dict(found_slots(self._instance, self._record)) if isinstance(self._record, Artifact) else {}

    def describe(self) -> str:
        """Print the values as a tree; returns the text."""
        tree = Tree(Text("Features", style="bold"))
        for name, value in self.get_values().items():
            tree.add(Text(f"{name}: {told(value)}"))
        console = Console(highlight=False)
        console.print(tree)
        with console.capture() as captured:
            console.print(tree)
        return captured.get()

    def _check_row(self, said: object, after: Callable[[dict[str, Any]], Mapping[Any, Any]]) -> None:
        """The row of a sheet keeps to its schema; of what is none, nothing is asked. What is no mapping is refused by whoever stores it."""
        record = self._record
        if isinstance(said, Mapping) and isinstance(record, Record) and _is_row(record):
            check_changed(self._instance, record, after(self.get_values()))

    def __getitem__(self, feature: str | Feature) -> Any:
        return one_value(values_of(self._instance, self._record), self._record, key=feature)

    def __contains__(self, feature: object) -> bool:
        columns = values_of(self._instance, self._record)
        return any(c.feature.id == feature.id if isinstance(feature, Feature) else c.feature.name == feature for c in columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self.get_values())

    def __repr__(self) -> str:
        return f"features of {type(self._record).__name__} {self._record.uid}: {self.get_values()!r}"


def _is_row(record: Registry) -> bool:
    return sheet_of(record) is not None
