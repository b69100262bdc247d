"""A dataset against a schema."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from lignin.base.errors import UsageError
from lignin.schema.inspect import TableCheck
from lignin.schema.report import Problem, ProblemKind, Report
from lignin.schema.slot import EXTERNAL, SlotMissing, find_slot, parse_slot
from lignin.schema.spec import SchemaSpec
from lignin.schema.tables import Table, TurnedTable, is_piecewise, table_of
from lignin.schema.vocabulary import Registries, Tables

__all__ = ["check", "check_annotation", "check_batches"]

_ATTRIBUTES = {"obs", "var", "uns", "obsm", "varm", "attrs", "tables", "layers"}
_NOTHING = Tables()
_NAMES = {"AnnData": "adata", "MuData": "mdata", "SpatialData": "sdata", "tiledbsoma": "experiment"}


def check(
    data: Any, schema: SchemaSpec, *, registries: Registries = _NOTHING, external: Mapping[str, Any] | None = None, name: str | None = None, examples: int = 5
) -> Report:
    """Everything that is wrong with a dataset, and what is worth knowing. The data stay as they are.

    A pandas or polars frame, an Arrow table, a dictionary of arrays, a dictionary or several (one per row), or, for a
    schema with slots, an AnnData (backed or not: matrices are never read), MuData or SpatialData.

    Args:
        data: the dataset.
        schema: what it must be.
        registries: where terms and registered features are looked up.
        external: what the slot `__external__` checks.
        name: the variable's name in the lines of code that the report proposes.
        examples: how many examples of each problem the report tells.

    Raises:
        UsageError: the object is no dataset of a kind that the schema speaks of.

    >>> from lignin.schema import FeatureSpec, SchemaSpec, check
    >>> schema = SchemaSpec(features=(FeatureSpec(name="dose", dtype=float),))
    >>> check({"dose": 3}, schema).ok
    True
    """
    if not schema.slots:
        return _check_table(table_of(data), schema, registries=registries, name=name or "df", examples=examples)
    name = name or _NAMES.get(getattr(type(data), "otype", type(data).__name__), "data")
    found = [
        _check_slot(external if text == EXTERNAL else data, text, inner, registries=registries, name=name, examples=examples)
        for text, inner in schema.slots.items()
    ]
    return Report(
        problems=tuple(p for report in found for p in report.problems),
        notes=tuple(p for report in found for p in report.notes),
        checked=tuple(c for report in found for c in report.checked),
    )


def check_batches(batches: Iterable[Any], schema: SchemaSpec, *, registries: Registries = _NOTHING, name: str = "df", examples: int = 5) -> Report:
    """Everything that is wrong with a table that comes in pieces, in bounded memory.

    The pieces are Arrow batches, frames, or dictionaries of arrays (chunks of a zarr group), each with the same columns; the
    caller reads them. A table without any piece has no columns.

    Raises:
        UsageError: a piece is no table, or the schema is one of slots.
        FormatError: a piece has other columns than the first.
    """
    if schema.slots:
        raise UsageError("a table in pieces has no slots. Give the schema of one of them.")
    return _check_pieces(batches, schema, registries=registries, name=name, examples=examples)


def check_annotation(values: Mapping[str, Any], schema: SchemaSpec, *, registries: Registries = _NOTHING, examples: int = 5) -> Report:
    """Everything that is wrong with the values that annotate one object.

    As a dictionary is checked, except that a feature of one label takes several in a list, tuple or set.
    """
    return _check_table(table_of(dict(values) or [{}]), schema, registries=registries, name="record", examples=examples, several=True)


def _check_table(
    table: Table, schema: SchemaSpec, *, registries: Registries, name: str, examples: int, slot: str = "", several: bool = False
) -> Report:
    found = TableCheck(table, schema, registries=registries, slot=slot, name=name, examples=examples, several=several)
    found.add(table)
    return found.report()


def _check_pieces(
    batches: Iterable[Any], schema: SchemaSpec, *, registries: Registries, name: str, examples: int, slot: str = ""
) -> Report:
    found: TableCheck | None = None
    for batch in batches:
        table = table_of(batch)
        if found is None:
            found = TableCheck(table, schema, registries=registries, slot=slot, name=name, examples=examples)
        found.add(table)
    if found is None:
        found = TableCheck(table_of([]), schema, registries=registries, slot=slot, name=name, examples=examples)
    return found.report()


def _check_slot(data: Any, text: str, schema: SchemaSpec, *, registries: Registries, name: str, examples: int) -> Report:
    slot = parse_slot(text)
    try:
        part = ({} if data is None else data) if text == EXTERNAL else find_slot(data, slot)
    except SlotMissing as e:
        message = f"there is no {slot} in this {e.args[0]}"
        return Report(problems=(Problem(kind=ProblemKind.MISSING_SLOT, message=message, slot=text),))
    if schema.slots:
        inner = check(part, schema, registries=registries, name=_code(name, slot.path), examples=examples)
        return _inside(inner, text)
    if slot.turned and not hasattr(part, "index"):
        raise UsageError(f"{slot} is no frame, so it can't be turned round. Leave the .T out.")
    told: dict[str, Any] = {"registries": registries, "name": _code(name, slot.path), "examples": examples, "slot": text}
    listed = {feature.name for feature in schema.features}
    if is_piecewise(part) and not (slot.turned and part.named not in listed):
        return _check_pieces(part.pieces(listed), schema, **told)
    return _check_table(TurnedTable(part) if slot.turned else table_of(_frame(part, text)), schema, **told)


def _frame(part: Any, text: str) -> Any:
    """What lies in a slot as a table; coordinates are columns named by number."""
    if getattr(part, "ndim", 0) == 2 and hasattr(part, "__array_interface__"):
        return {str(number): part[:, number] for number in range(part.shape[1])}
    if isinstance(part, Mapping) or hasattr(part, "columns") or type(part).__module__.startswith(("polars", "pyarrow")):
        return part
    raise UsageError(f"what lies in {text} is a {type(part).__name__}: no frame, array or dictionary. Take the slot out of the schema, or name another.")


def _code(name: str, path: tuple[str, ...]) -> str:
    """How code reaches a slot: attributes by name, what lies in dictionaries by key."""
    code, inside = name, False
    for part in path:
        code += f".{part}" if part in _ATTRIBUTES and not inside else f"[{part!r}]"
        # A modality or table is an object with attributes again; what lies in a dictionary is not.
        inside = inside or part in {"uns", "attrs"}
    return code


def _inside(report: Report, slot: str) -> Report:
    """A report on a composite inside another, with both their slots."""
    return Report(
        problems=tuple(replace(p, slot=f"{slot}:{p.slot}") for p in report.problems),
        notes=tuple(replace(p, slot=f"{slot}:{p.slot}") for p in report.notes),
        checked=tuple(replace(c, slot=f"{slot}:{c.slot}") for c in report.checked),
    )
