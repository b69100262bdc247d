"""A column of a pandas frame, looked at with NumPy and without copies where that is possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lignin.base.extras import require
from lignin.schema.arrow_column import ArrowColumn
from lignin.schema.column import Column, OddText, Stored, ValuesColumn, odd_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["pandas_column"]

_BY_KIND = {"b": Stored.BOOL, "i": Stored.INT, "u": Stored.INT, "f": Stored.FLOAT, "M": Stored.DATETIME}
_AT_ONCE = 100_000
# What pandas finds in a column of objects, where it finds one thing only.
_INFERRED = {
    "string": Stored.STR, "bytes": Stored.BYTES, "boolean": Stored.BOOL, "integer": Stored.INT, "floating": Stored.FLOAT, "date": Stored.DATE,
    "empty": Stored.EMPTY, "decimal": Stored.OTHER, "period": Stored.OTHER, "interval": Stored.OTHER, "timedelta": Stored.OTHER, "time": Stored.OTHER,
    "complex": Stored.OTHER,
}


def pandas_column(series: pd.Series[Any]) -> Column:
    """The column that a pandas Series is."""
    dtype: Any = series.dtype
    if type(dtype).__name__ == "ArrowDtype":
        return ArrowColumn(require("pyarrow", extra="all").chunked_array(series.array.__arrow_array__()))
    if type(dtype).__name__ == "SparseDtype":
        series = series.astype(dtype.subtype)
    if type(dtype).__name__ == "CategoricalDtype":
        return CategoryColumn(series)
    column = PandasColumn(series)
    if column.stored is Stored.MIXED:
        absent: Any = series.isna().to_numpy()
        return ValuesColumn(series.to_numpy(dtype=object)[~absent].tolist(), told=column.told, missing=int(absent.sum()))
    return column


class PandasColumn:
    """A Series whose values are of one kind."""

    def __init__(self, series: pd.Series[Any]) -> None:
        self._series = series
        self._numpy = require("numpy", extra="all")

    @cached_property
    def stored(self) -> Stored:
        """What the values are; of objects, what pandas finds them all to be."""
        dtype: Any = self._series.dtype
        if type(dtype).__name__ == "StringDtype":
            return Stored.STR if len(self._present) else Stored.EMPTY
        if dtype.kind != "O":
            return _BY_KIND.get(dtype.kind, Stored.OTHER)
        types = require("pandas", extra="all").api.types
        found = _INFERRED.get(types.infer_dtype(self._series, skipna=True), Stored.MIXED)
        # pandas calls times dates where dates, or its own sign for a missing value, stand beside them.
        return Stored.MIXED if found is Stored.DATE and any(isinstance(value, datetime) for value in self._present) else found

    @property
    def told(self) -> str:
        """The dtype's name; of objects, also what they are."""
        name = str(self._series.dtype)
        # Mixed values tell their types themselves.
        return f"object ({self.stored})" if name == "object" and self.stored not in {Stored.MIXED, Stored.EMPTY} else name

    @property
    def zone(self) -> str | None:
        """The time zone of datetimes."""
        zone = getattr(self._series.dtype, "tz", None)
        return None if zone is None else str(zone)

    def __len__(self) -> int:
        return len(self._series)

    def missing(self) -> int:
        """How many values are missing."""
        return len(self._series) - len(self._present)

    def infinite(self) -> int:
        """How many numbers are infinite."""
        return int(self._numpy.isinf(self._floats).sum()) if self.stored is Stored.FLOAT else 0

    def fractional(self) -> int:
        """How many numbers are no whole ones, or infinite."""
        with self._numpy.errstate(invalid="ignore"):
            return int((self._numpy.modf(self._floats)[0] != 0).sum()) + self.infinite()

    def timed(self) -> int:
        """How many datetimes are not at midnight."""
        return int((self._present != self._present.dt.normalize()).sum())

    def tally(self) -> Mapping[Any, int]:
        """The distinct values and how often each occurs."""
        return _tally(self._present)

    def numbers(self) -> Any:
        """The finite numbers."""
        return self._floats[self._numpy.isfinite(self._floats)]

    def values(self) -> Iterator[Any]:
        """The values, one by one."""
        return iter(self._present)

    def items(self) -> Column:
        """The items of all lists, in one column."""
        return ValuesColumn(self._present).items()

    def odd_text(self) -> OddText:
        """The texts that were read with the wrong encoding."""
        array: Any = self._present.to_numpy(dtype=object)
        # Slices, since a Series gives its values one by one slowly.
        return odd_text(array[at : at + _AT_ONCE].tolist() for at in range(0, len(array), _AT_ONCE))

    @cached_property
    def _present(self) -> pd.Series[Any]:
        absent = self._series.isna()
        return self._series[~absent] if absent.any() else self._series

    @cached_property
    def _floats(self) -> Any:
        return self._present.to_numpy(dtype=float)


class CategoryColumn:
    """A categorical Series: its categories stand for the values. Those that do not occur are not looked at."""

    def __init__(self, series: pd.Series[Any]) -> None:
        numpy = require("numpy", extra="all")
        codes: Any = series.cat.codes.to_numpy()
        counts = numpy.bincount(codes + 1, minlength=len(series.cat.categories) + 1)
        self._missing = int(counts[0])
        used = counts[1:] > 0
        self._length = len(series)
        self._counts = counts[1:][used]
        self._inner = pandas_column(series.cat.categories[used].to_series())

    @property
    def stored(self) -> Stored:
        """What the categories are."""
        return self._inner.stored

    @property
    def told(self) -> str:
        """The dtype, and that of the categories."""
        return f"category of {self._inner.told if self.stored in {Stored.MIXED, Stored.OTHER} else self.stored}"

    @property
    def zone(self) -> str | None:
        """The time zone of datetimes."""
        return self._inner.zone

    def __len__(self) -> int:
        return self._length

    def missing(self) -> int:
        """How many values are missing."""
        return self._missing

    def infinite(self) -> int:
        """How many numbers are infinite."""
        return sum(self._times(value) for value in self._inner.values() if value in {float("inf"), float("-inf")}) if self.stored is Stored.FLOAT else 0

    def fractional(self) -> int:
        """How many numbers are no whole ones, or infinite."""
        return sum(self._times(value) for value in self._inner.values() if not float(value).is_integer())

    def timed(self) -> int:
        """How many datetimes are not at midnight."""
        return sum(self._times(value) for value in self._inner.values() if value != value.normalize())

    def tally(self) -> Mapping[Any, int]:
        """The categories that occur and how often each does; of mixed ones the texts."""
        if self.stored is Stored.MIXED:
            return {value: times for value, times in self._tally.items() if isinstance(value, str)}
        return self._tally

    def numbers(self) -> Any:
        """The finite numbers."""
        return ValuesColumn(self.values()).numbers()

    def values(self) -> Iterator[Any]:
        """The values, one by one, sorted by category."""
        return (value for value, times in zip(self._inner.values(), self._counts, strict=True) for _ in range(int(times)))

    def items(self) -> Column:
        """The items of all lists, in one column."""
        return ValuesColumn(self.values()).items()

    def odd_text(self) -> OddText:
        """The texts that were read with the wrong encoding."""
        odd = self._inner.odd_text()
        return OddText(broken={text: self._times(text) for text in odd.broken}, replaced={text: self._times(text) for text in odd.replaced})

    @cached_property
    def _tally(self) -> Mapping[Any, int]:
        return dict(zip(self._inner.values(), map(int, self._counts), strict=True))

    def _times(self, value: Any) -> int:
        return self._tally[value]


def _tally(present: pd.Series[Any]) -> Mapping[Any, int]:
    if present.dtype == object:
        # Of objects pandas makes what it takes them for.
        return Counter(present.to_numpy(dtype=object).tolist())
    counted = present.value_counts(sort=False)
    return dict(zip(counted.index, map(int, counted), strict=True))
