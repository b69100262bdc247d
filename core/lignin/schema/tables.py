"""Frames, batches, arrays and dictionaries as tables of columns: what the checks walk over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeGuard

from lignin.base.errors import UsageError
from lignin.base.extras import require
from lignin.base.texts import shown
from lignin.schema.arrow_column import ArrowColumn
from lignin.schema.column import Column, Stored, ValuesColumn
from lignin.schema.dtype import Categorical, Dtype, Kind, ListOf, Simple
from lignin.schema.dtype_of import dtype_of_stored, dtype_of_value
from lignin.schema.pandas_column import pandas_column
from lignin.schema.values import is_missing

__all__ = ["PiecewiseTable", "RecordsTable", "Table", "TurnedTable", "dtype_of_column", "is_piecewise", "table_of"]

_SIMPLE = {
    Stored.BOOL: Kind.BOOL, Stored.INT: Kind.INT, Stored.FLOAT: Kind.FLOAT, Stored.STR: Kind.STR, Stored.DATE: Kind.DATE, Stored.DICT: Kind.DICT,
}

# Types that Arrow does not have.
_ONLY_POLARS = {"Object", "Int128", "UInt128"}


class Table(Protocol):
    """Columns of equal length. `kind` says who holds them, and so in which words a fix is written."""

    kind: str
    names: Sequence[Any]

    def column(self, position: int) -> Column:
        """The column at a position, of those that have the names."""
        ...

    def index(self) -> Column | None:
        """The names of the rows, where there are any."""
        ...


class PiecewiseTable(Protocol):
    """A table that lies elsewhere, and comes in pieces. `named` is the column that names the rows, where that is a column like others."""

    named: str | None

    def pieces(self, wanted: Collection[str]) -> Iterator[Any]:
        """Its pieces, each a table; those columns of which are wanted that it would otherwise take for the names of the rows."""
        ...

    def to_memory(self) -> Any:
        """The table as one."""
        ...


class PandasTable:
    """A pandas frame."""

    kind = "pandas"

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.names: Sequence[Any] = list(frame.columns)

    def column(self, position: int) -> Column:
        """The column at a position."""
        return pandas_column(self._frame.iloc[:, position])

    def index(self) -> Column | None:
        """The row names."""
        return pandas_column(self._frame.index.to_series())


class PolarsTable:
    """A polars frame, one column of it after the other as Arrow has it."""

    kind = "polars"

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.names: Sequence[Any] = list(frame.columns)

    def column(self, position: int) -> Column:
        """The column at a position."""
        series = self._frame.to_series(position)
        if str(series.dtype) in _ONLY_POLARS:
            return ValuesColumn(series.to_list(), told=str(series.dtype))
        return ArrowColumn(series.to_arrow())

    def index(self) -> Column | None:
        """None: polars names no rows."""
        return None


class ArrowTable:
    """A table or batch of Arrow. Columns that pandas wrote as the row names are none of its own."""

    kind = "arrow"

    def __init__(self, table: Any) -> None:
        self._table = table
        # pandas names here the columns it made of an index; an index of plain numbers is described instead.
        told = (table.schema.pandas_metadata or {}).get("index_columns", ())
        self._index = [name for name in told if isinstance(name, str) and table.schema.names.count(name) == 1]
        self._positions = [at for at, name in enumerate(table.schema.names) if name not in self._index]
        self.names: Sequence[Any] = [table.schema.names[at] for at in self._positions]

    def column(self, position: int) -> Column:
        """The column at a position."""
        return ArrowColumn(self._table.column(self._positions[position]))

    def index(self) -> Column | None:
        """The column that pandas wrote as the row names, where it is one."""
        return ArrowColumn(self._table.column(self._index[0])) if len(self._index) == 1 else None


class ArraysTable:
    """NumPy arrays of one dimension by name: a chunk of a zarr group, a record of many values."""

    kind = "arrays"

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._arrays = list(arrays.values())
        self.names: Sequence[Any] = list(arrays)

    def column(self, position: int) -> Column:
        """The column at a position."""
        array = self._arrays[position]
        # NumPy's own kinds of text are those that pandas does not take as they are.
        series = array.astype(object) if array.dtype.kind in "TUS" else array
        return pandas_column(require("pandas", extra="all").Series(series))

    def index(self) -> Column | None:
        """None: arrays name no rows."""
        return None


class RecordsTable:
    """Dictionaries, one for each row. An empty list or dictionary counts as missing, as a key that is not there does."""

    kind = "records"

    def __init__(self, records: Iterable[Mapping[str, Any]], *, names: Sequence[Any] | None = None) -> None:
        self._records = list(records)
        self.names: Sequence[Any] = list(dict.fromkeys(key for record in self._records for key in record)) if names is None else names

    def column(self, position: int) -> Column:
        """The values under a key."""
        name = self.names[position]
        found = (record.get(name) for record in self._records)
        return ValuesColumn((None if isinstance(value, list | tuple | set | dict) and not value else value for value in found), told="value")

    def index(self) -> Column | None:
        """None: the records have no names."""
        return None


class TurnedTable:
    """A frame turned round: its row names are the columns, of which nothing is looked at but the names."""

    kind = "turned"

    def __init__(self, frame: Any) -> None:
        self.names: Sequence[Any] = list(frame.index)

    def column(self, position: int) -> Column:
        """No values: an empty column."""
        return ValuesColumn(())

    def index(self) -> Column | None:
        """None."""
        return None


def is_piecewise(data: Any) -> TypeGuard[PiecewiseTable]:
    """Whether an object is a table that comes in pieces."""
    return hasattr(type(data), "pieces") and hasattr(type(data), "to_memory")


def table_of(data: Any) -> Table:
    """The table that an object is.

    Raises:
        UsageError: it is none.
    """
    if is_piecewise(data):
        data = data.to_memory()
    module, name = type(data).__module__.partition(".")[0], type(data).__name__
    if (module, name) == ("polars", "LazyFrame"):
        raise UsageError("a lazy frame has no values yet. Check `frame.collect()`, or its batches with check_batches(frame.collect_batches(), …).")
    if module == "polars":
        return PolarsTable(data)
    if module == "pyarrow" and hasattr(data, "schema"):
        return ArrowTable(data)
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        return PandasTable(data)
    if isinstance(data, Mapping):
        if data and all(hasattr(value, "dtype") and getattr(value, "ndim", 0) == 1 for value in data.values()):
            return ArraysTable(data)
        return RecordsTable([data])
    if isinstance(data, Iterable) and not isinstance(data, str | bytes | Iterator):
        listed = list(data)
        if all(isinstance(record, Mapping) for record in listed):
            return RecordsTable(listed)
    raise UsageError(f"{shown(data)} ({module}.{name}) is no table. Give a pandas or polars frame, an Arrow table, or dictionaries.")


def dtype_of_column(column: Column) -> Dtype | None:
    """The dtype that a column's values show; `None` where they show none, or several."""
    stored = column.stored
    if stored is Stored.DATETIME:
        return Simple(kind=Kind.DATETIME, zone=column.zone)
    if stored is Stored.STR and column.told.startswith(("category", "dictionary")):
        return Categorical()
    if stored in _SIMPLE:
        return Simple(kind=_SIMPLE[stored])
    if stored is Stored.LIST:
        item = dtype_of_column(column.items())
        return None if item is None else ListOf(item=item)
    if stored is Stored.EMPTY:
        return dtype_of_stored(column.told)
    found = {dtype_of_value(value) for value in column.values() if not is_missing(value)} if stored is Stored.MIXED else set()
    if found and all(isinstance(dtype, Simple) and dtype.kind in {Kind.INT, Kind.FLOAT} for dtype in found):
        return Simple(kind=Kind.FLOAT if len(found) > 1 else next(iter(found)).kind)  # type: ignore[union-attr]  # all are Simple
    return found.pop() if len(found) == 1 else None
