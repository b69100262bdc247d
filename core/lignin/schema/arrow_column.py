"""A column of an Arrow table or batch: also those of polars, of parquet files and of NumPy chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from types import ModuleType
from typing import Any

from lignin.base.extras import require
from lignin.schema.column import Column, OddText, Stored, ValuesColumn, odd_text

__all__ = ["ArrowColumn"]


class ArrowColumn:
    """An array, or several in one column. Texts that are no UTF-8 count as bytes."""

    def __init__(self, array: Any) -> None:
        self._arrow: ModuleType = require("pyarrow", extra="all")
        self._compute: ModuleType = require("pyarrow.compute", extra="all")
        array = array if isinstance(array, self._arrow.ChunkedArray) else self._arrow.chunked_array([array])
        kind = array.type
        self._told = str(kind)
        if isinstance(kind, self._arrow.BaseExtensionType):
            array = self._arrow.chunked_array([chunk.storage for chunk in array.chunks], type=kind.storage_type)
        self._array = self._plain(array)

    def _plain(self, array: Any) -> Any:
        """The array in a layout that computations are there for, and as bytes where what should be UTF-8 is none."""
        types, kind = self._arrow.types, array.type
        inner = kind.value_type if types.is_dictionary(kind) else kind
        if self._is_text(inner):
            try:
                array.validate(full=True)
            except self._arrow.ArrowInvalid:
                self._told = f"{self._told} that is not UTF-8"
                array = array.cast(inner) if types.is_dictionary(kind) else array
                return self._arrow.chunked_array([self._bytes(chunk) for chunk in array.chunks], type=self._arrow.large_binary())
            return array.cast(self._arrow.large_string()) if types.is_string_view(kind) else array
        if types.is_float16(kind):
            return array.cast(self._arrow.float32())
        if types.is_dictionary(kind):
            return array.cast(kind.value_type)
        if types.is_list_view(kind) or types.is_large_list_view(kind):
            return array.cast(self._arrow.large_list(kind.value_type))
        return array

    def _bytes(self, chunk: Any) -> Any:
        raw = self._arrow.binary_view() if self._arrow.types.is_string_view(chunk.type) else self._arrow.large_binary()
        return chunk.cast(raw).cast(self._arrow.large_binary())

    @cached_property
    def stored(self) -> Stored:
        """What the values are, by the array's type."""
        types, kind = self._arrow.types, self._array.type
        if types.is_null(kind) or self.missing() == len(self):
            return Stored.EMPTY
        if types.is_dictionary(kind) or self._is_text(kind):
            return Stored.STR
        tests = (
            (types.is_boolean, Stored.BOOL), (types.is_integer, Stored.INT), (types.is_floating, Stored.FLOAT), (types.is_date, Stored.DATE),
            (types.is_timestamp, Stored.DATETIME), (types.is_struct, Stored.DICT), (types.is_map, Stored.DICT), (types.is_list, Stored.LIST),
            (types.is_large_list, Stored.LIST), (types.is_fixed_size_list, Stored.LIST), (types.is_binary, Stored.BYTES), (types.is_large_binary, Stored.BYTES),
        )
        return next((stored for test, stored in tests if test(kind)), Stored.OTHER)

    @property
    def told(self) -> str:
        """The array's type."""
        return self._told

    @property
    def zone(self) -> str | None:
        """The time zone of datetimes."""
        return getattr(self._array.type, "tz", None)

    def __len__(self) -> int:
        return len(self._array)

    def missing(self) -> int:
        """How many values are missing; NaN is."""
        return len(self._array) - len(self._present)

    def infinite(self) -> int:
        """How many numbers are infinite."""
        return self._count(self._compute.is_inf(self._present)) if self.stored is Stored.FLOAT else 0

    def fractional(self) -> int:
        """How many numbers are no whole ones, or infinite."""
        return self._count(self._compute.not_equal(self._compute.trunc(self._present), self._present)) + self.infinite()

    def timed(self) -> int:
        """How many datetimes are not at midnight."""
        whole = self._compute.floor_temporal(self._present, unit="day")
        return self._count(self._compute.not_equal(whole, self._present))

    def tally(self) -> Mapping[Any, int]:
        """The distinct values and how often each occurs."""
        found = self._compute.value_counts(self._present)
        return dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))

    def numbers(self) -> Any:
        """The finite numbers."""
        numbers = self._present.cast(self._arrow.float64(), safe=False).to_numpy()
        return numbers[require("numpy", extra="all").isfinite(numbers)]

    def values(self) -> Iterator[Any]:
        """The values, one by one."""
        maps = self._arrow.types.is_map(self._array.type)
        for chunk in self._present.chunks:
            for value in chunk.to_pylist():
                yield dict(value) if maps else value

    def items(self) -> Column:
        """The items of all lists, in one column."""
        if self.stored is not Stored.LIST:
            return ValuesColumn(self.values()).items()
        return ArrowColumn(self._compute.list_flatten(self._array))

    def odd_text(self) -> OddText:
        """The texts that were read with the wrong encoding."""
        return odd_text(self._marked())

    def _marked(self) -> Iterator[list[str]]:
        # Arrow's texts can be stored, so only the mark of a reader that could not read is looked for.
        decoded = self._present
        if self._arrow.types.is_dictionary(decoded.type):
            decoded = decoded.cast(decoded.type.value_type)
        marked = self._compute.match_substring(decoded, "\ufffd")
        if self._count(marked):
            yield decoded.filter(marked).to_pylist()

    @cached_property
    def _present(self) -> Any:
        present = self._array.drop_null() if self._array.null_count else self._array
        if self._arrow.types.is_dictionary(present.type):
            # A category may itself be a null.
            present = present.filter(self._compute.is_valid(present.cast(present.type.value_type)))
        if self._arrow.types.is_floating(present.type):
            bad = self._compute.is_nan(present)
            present = present.filter(self._compute.invert(bad)) if self._count(bad) else present
        return present

    def _is_text(self, kind: Any) -> bool:
        types = self._arrow.types
        return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))

    def _count(self, mask: Any) -> int:
        return int(self._compute.sum(mask).as_py() or 0)
