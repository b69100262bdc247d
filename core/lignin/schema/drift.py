"""What changed between two datasets of one kind: columns, types, terms, missing values, distributions."""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lignin.base.extras import require
from lignin.schema.column import Column, Stored
from lignin.schema.tables import Table, table_of

__all__ = ["ColumnDrift", "Drift", "TableDrift", "drift"]

# Columns with more distinct texts are not compared by their texts.
_MOST_TERMS = 100_000
_TOLD = 20
_PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)
_FRAMES = ("obs", "tables")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """A column in both datasets, or in one of them.

    Attributes:
        name: of the column.
        types: how it is stored before and after; `None` where it is not there.
        missing: the share of missing values before and after.
        appeared, vanished: texts or truths that occur only after, or only before; at most 20 of each, in alphabetical order.
        n_appeared, n_vanished: how many there are.
        distance: between the distributions, from 0 to 1; `None` where they can't be compared. Of numbers, the Kolmogorov–Smirnov
            statistic: the greatest difference, over all x, between the shares of finite values that are at most x. Of texts and
            truths, the total variation: half the sum over all values of the difference of their shares.
        quantiles: of numbers, minimum, quartiles and maximum of the finite values before and after (linear between neighbours).
    """

    name: str
    types: tuple[str | None, str | None]
    missing: tuple[float, float] = (0.0, 0.0)
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    n_appeared: int = 0
    n_vanished: int = 0
    distance: float | None = None
    quantiles: tuple[tuple[float, ...], tuple[float, ...]] | None = None

    @property
    def changes(self) -> tuple[str, ...]:
        """What differs, in words; nothing where all is equal."""
        before, after = self.types
        if before is None or after is None:
            return (f"added ({after})",) if before is None else (f"removed ({before})",)
        found = [f"{before} → {after}"] if before != after else []
        if self.missing[0] != self.missing[1]:
            found.append(f"missing {self.missing[0]:.1%} → {self.missing[1]:.1%}")
        for sign, terms, number in (("+", self.appeared, self.n_appeared), ("−", self.vanished, self.n_vanished)):
            if number:
                found.append(f"{sign}{number:,}: {', '.join(terms[:3])}{', …' if number > 3 else ''}")
        if self.distance:
            median = f", median {self.quantiles[0][2]:.4g} → {self.quantiles[1][2]:.4g}" if self.quantiles else ""
            found.append(f"distance {self.distance:.3f}{median}")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """The column as JSON has it."""
        return {
            "name": self.name, "types": list(self.types), "missing": list(self.missing), "appeared": list(self.appeared), "vanished": list(self.vanished),
            "n_appeared": self.n_appeared, "n_vanished": self.n_vanished, "distance": self.distance,
            "quantiles": None if self.quantiles is None else [list(part) for part in self.quantiles],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDrift:
    """A table in both datasets.

    Attributes:
        slot: where in a composite dataset.
        rows: how many before and after.
        names_appeared, names_vanished: how many row names are there only after, or only before; 0 where rows are only numbered.
        columns: all columns, those of before first, in their order.
    """

    slot: str = ""
    rows: tuple[int, int]
    names_appeared: int = 0
    names_vanished: int = 0
    columns: tuple[ColumnDrift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What changed between two datasets."""

    tables: tuple[TableDrift, ...]

    @property
    def changed(self) -> tuple[ColumnDrift, ...]:
        """The columns of which anything differs."""
        return tuple(column for table in self.tables for column in table.columns if column.changes)

    def beyond(self, distance: float) -> tuple[ColumnDrift, ...]:
        """The columns whose schema differs, or whose distributions, or shares of missing values, are further apart than a distance."""
        return tuple(
            column for column in self.changed
            if column.types[0] != column.types[1] or (column.distance or 0) > distance or abs(column.missing[0] - column.missing[1]) > distance
        )

    def text(self, *, width: int = 80) -> str:
        """The changes for a person."""
        return "\n".join(line for table in self.tables for line in _lines(table, width))

    def to_dict(self) -> dict[str, Any]:
        """The changes as JSON has them."""
        return {
            "tables": [
                {
                    "slot": table.slot, "rows": list(table.rows), "names_appeared": table.names_appeared, "names_vanished": table.names_vanished,
                    "columns": [column.to_dict() for column in table.columns],
                }
                for table in self.tables
            ]
        }

    def to_dataframe(self) -> Any:
        """The changes as a pandas frame, a row for each column."""
        rows = [
            {
                "slot": table.slot, "column": c.name, "type_before": c.types[0], "type_after": c.types[1], "missing_before": c.missing[0], "missing_after": c.missing[1],
                "appeared": c.n_appeared, "vanished": c.n_vanished, "distance": c.distance, "changes": "; ".join(c.changes),
            }
            for table in self.tables
            for c in table.columns
        ]
        return require("pandas", extra="all").DataFrame(rows)

    def __str__(self) -> str:
        return self.text()


def drift(before: Any, after: Any) -> Drift:
    """What changed from one dataset to another: frames, or those of AnnData, MuData and SpatialData. No matrix is read.

    Raises:
        UsageError: one of them is no dataset of such a kind.
    """
    old, new = dict(_parts(before)), dict(_parts(after))
    empty = table_of([])
    return Drift(tables=tuple(_compare(slot, old.get(slot, empty), new.get(slot, empty)) for slot in dict.fromkeys([*old, *new])))


def _parts(data: Any) -> Iterator[tuple[str, Table]]:
    # A frame may have a column of any name, so the type is asked.
    kind = type(data)
    if not any(hasattr(kind, name) for name in _FRAMES) or hasattr(kind, "iloc"):
        yield "", table_of(data)
        return
    for slot in ("obs", "var"):
        if hasattr(kind, slot):
            yield slot, table_of(getattr(data, slot))
    for name, part in data.mod.items() if hasattr(kind, "mod") else ():
        yield from _inside(name, part)
    for name, part in data.tables.items() if hasattr(kind, "tables") else ():
        yield from _inside(f"tables:{name}", part)
    for name, part in data.ms.items() if hasattr(kind, "ms") else ():
        yield f"ms:{name}", table_of(part)


def _inside(name: str, part: Any) -> Iterator[tuple[str, Table]]:
    for slot, table in _parts(part):
        yield f"{name}:{slot}", table


def _compare(slot: str, old: Table, new: Table) -> TableDrift:
    before, after = _columns(old), _columns(new)
    index = old.index(), new.index()
    appeared = vanished = 0
    if index[0] is not None and index[1] is not None and index[0].stored is index[1].stored is Stored.STR:
        names = set(index[0].tally()), set(index[1].tally())
        appeared, vanished = len(names[1] - names[0]), len(names[0] - names[1])
    columns = tuple(_column(name, _at(old, before, name), _at(new, after, name)) for name in dict.fromkeys([*before, *after]))
    return TableDrift(slot=slot, rows=(_rows(old), _rows(new)), names_appeared=appeared, names_vanished=vanished, columns=columns)


def _columns(table: Table) -> Mapping[str, int]:
    """Where each column stands; of several by one name, the first."""
    found: dict[str, int] = {}
    for position, name in enumerate(table.names):
        found.setdefault(str(name), position)
    return found


def _at(table: Table, columns: Mapping[str, int], name: str) -> Column | None:
    return table.column(columns[name]) if name in columns else None


def _rows(table: Table) -> int:
    index = table.index()
    return len(index) if index is not None else len(table.column(0)) if table.names else 0


def _column(name: str, old: Column | None, new: Column | None) -> ColumnDrift:
    types = (None if old is None else old.told, None if new is None else new.told)
    if old is None or new is None:
        return ColumnDrift(name=name, types=types)
    missing = (old.missing() / max(len(old), 1), new.missing() / max(len(new), 1))
    kinds = {old.stored, new.stored}
    if kinds <= {Stored.INT, Stored.FLOAT}:
        distance, quantiles = _numbers(old.numbers(), new.numbers())
        return ColumnDrift(name=name, types=types, missing=missing, distance=distance, quantiles=quantiles)
    if kinds <= {Stored.STR, Stored.BOOL, Stored.EMPTY}:
        return _terms(name, types, missing, *({} if column.stored is Stored.EMPTY else column.tally() for column in (old, new)))
    return ColumnDrift(name=name, types=types, missing=missing)


def _numbers(old: Any, new: Any) -> tuple[float | None, tuple[tuple[float, ...], tuple[float, ...]] | None]:
    numpy = require("numpy", extra="all")
    if not len(old) or not len(new):
        return None, None
    old, new = numpy.sort(old), numpy.sort(new)
    # Between two neighbours of the pooled values neither share changes, so these are all the x that matter.
    shares = [numpy.concatenate([side.searchsorted(x, side="right") / len(side) for x in (old, new)]) for side in (old, new)]
    distance = float(numpy.abs(shares[0] - shares[1]).max())
    quantiles = tuple(tuple(float(q) for q in numpy.quantile(side, _PARTS)) for side in (old, new))
    return distance, (quantiles[0], quantiles[1])


def _terms(name: str, types: tuple[str | None, str | None], missing: tuple[float, float], old: Mapping[Any, int], new: Mapping[Any, int]) -> ColumnDrift:
    if max(len(old), len(new)) > _MOST_TERMS:
        return ColumnDrift(name=name, types=types, missing=missing)
    appeared, vanished = (sorted(map(str, set(a) - set(b))) for a, b in ((new, old), (old, new)))
    totals = sum(old.values()), sum(new.values())
    distance = None
    if all(totals):
        distance = sum(abs(old.get(value, 0) / totals[0] - new.get(value, 0) / totals[1]) for value in {*old, *new}) / 2
    return ColumnDrift(
        name=name, types=types, missing=missing, appeared=tuple(appeared[:_TOLD]), vanished=tuple(vanished[:_TOLD]), n_appeared=len(appeared),
        n_vanished=len(vanished), distance=distance,
    )


def _lines(table: TableDrift, width: int) -> Iterator[str]:
    changed = [column for column in table.columns if column.changes]
    rows = f"{table.rows[0]:,} rows" if table.rows[0] == table.rows[1] else f"{table.rows[0]:,} → {table.rows[1]:,} rows"
    names = f", row names +{table.names_appeared:,} −{table.names_vanished:,}" if table.names_appeared or table.names_vanished else ""
    where = f"{table.slot}: " if table.slot else ""
    yield from textwrap.wrap(f"{where}{rows}{names}, {len(changed)} of {len(table.columns)} columns changed", width, subsequent_indent="    ")
    for column in changed:
        yield from textwrap.wrap(f"  {column.name}: {'; '.join(column.changes)}", width, subsequent_indent="    ", break_on_hyphens=False)
