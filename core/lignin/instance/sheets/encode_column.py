"""A column of a frame as rows of values, all of one feature: each distinct value is brought to its form once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lignin.instance.feature_values import Row, column_of, encoder, innermost
from lignin.model import Feature
from lignin.schema import Categorical, FeatureSpec, Kind, Simple, Target
from lignin.schema.values import is_list, is_missing

__all__ = ["EncodedColumn", "encode_column", "targets_of", "texts_of"]

_WHOLE = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedColumn:
    """The values of one feature, in the order of their rows.

    Attributes:
        feature: its record; not saved yet where it is made with the sheet.
        column: which column of the table of values holds them.
        rows: the row of the frame that each belongs to.
        positions: its place among several of one row.
        values: what that column holds.
        registries: of terms, whose ids `values` are: the registry of each.
    """

    feature: Feature
    column: str
    rows: Sequence[int]
    positions: Sequence[int]
    values: Sequence[Any]
    registries: Sequence[str] | None

    def between(self, begin: int, end: int) -> EncodedColumn:
        """Those of some rows of the frame."""
        first, last = bisect_left(self.rows, begin), bisect_left(self.rows, end)
        return self._at(range(first, last))

    def without(self, rows: frozenset[int]) -> EncodedColumn:
        """Those of all other rows."""
        return self if not rows else self._at([place for place, row in enumerate(self.rows) if row not in rows])

    def only(self, rows: frozenset[int]) -> EncodedColumn:
        """Those of these rows."""
        return self._at([place for place, row in enumerate(self.rows) if row in rows])

    def _at(self, places: Sequence[int]) -> EncodedColumn:
        picked: Any = (lambda values: values[places.start : places.stop]) if isinstance(places, range) else lambda values: [values[place] for place in places]
        registries = None if self.registries is None else picked(self.registries)
        return EncodedColumn(
            feature=self.feature, column=self.column, rows=picked(self.rows), positions=picked(self.positions), values=picked(self.values), registries=registries
        )


def encode_column(feature: Feature, spec: FeatureSpec, values: Sequence[Any], *, terms: Mapping[str, tuple[str, int]]) -> EncodedColumn:
    """The values of a checked column.

    Args:
        feature: whose they are.
        spec: what they are.
        values: one for each row; missing ones leave nothing.
        terms: for each term the name of its registry and its id there.

    Raises:
        UsageError: a value that no row can hold.
    """
    column = column_of(spec.dtype)
    same = _same(spec)
    encode = _remembered(encoder(spec, terms=terms))
    rows: list[int] = []
    positions: list[int] = []
    held: list[Any] = []
    registries: list[str] = []
    for row, value in enumerate(values):
        kind = type(value)
        if kind is same and -_WHOLE < value < _WHOLE:
            rows.append(row)
            positions.append(0)
            held.append(value)
            continue
        if kind is not str and is_missing(value):
            continue
        for found in encode(value):
            rows.append(row)
            positions.append(found["position"])
            held.append(found[column])
            if column == "target_id":
                registries.append(found["registry"])
    return EncodedColumn(feature=feature, column=column, rows=rows, positions=positions, values=held, registries=registries if column == "target_id" else None)


def targets_of(spec: FeatureSpec) -> Sequence[Target]:
    """The registries that the terms of a feature come from."""
    inner = innermost(spec.dtype)
    return inner.targets if isinstance(inner, Categorical) else ()


def texts_of(values: Sequence[Any]) -> Sequence[str]:
    """The distinct texts among values, and in lists among them."""
    return list(dict.fromkeys(t for value in values for t in (value if is_list(value) else (value,)) if isinstance(t, str)))


def _same(spec: FeatureSpec) -> type[Any] | None:
    """The type whose values need no other form: of numbers, which seldom repeat, the question is cheaper than to remember them."""
    kind = spec.dtype.kind if isinstance(spec.dtype, Simple) else None
    return {Kind.FLOAT: float, Kind.NUM: float, Kind.INT: int}.get(kind) if kind is not None else None


def _remembered(encode: Callable[[Any], tuple[Row, ...]]) -> Callable[[Any], tuple[Row, ...]]:
    known: dict[tuple[type, Any], tuple[Row, ...]] = {}

    def work(value: Any) -> tuple[Row, ...]:
        try:
            key = (type(value), value)
            found = known.get(key)
        except TypeError:
            # A list or dictionary is no key.
            return encode(value)
        if found is None:
            found = known[key] = encode(value)
        return found

    return work
