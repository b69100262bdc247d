"""One record on its way into a sheet, with its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lignin.base.errors import UsageError
from lignin.base.texts import shown
from lignin.instance.check_values import by_name, check_values
from lignin.instance.specs import spec_of
from lignin.instance.vocabularies import InstanceRegistries
from lignin.model import Record, Registry
from lignin.schema import Report, SchemaSpec, check_annotation

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["check_changed", "check_joining", "check_row", "sheet_of"]


def check_row(instance: Instance, record: Record, values: Any) -> None:
    """Check the values that a new record is made with, and keep them for its save.

    Raises:
        ValidationError: they are not what their features, or the sheet that the record is for, ask for.
        UsageError: this is no mapping from features to values.
    """
    if values is not None and not isinstance(values, Mapping):
        raise UsageError(f"features is a dict from features to values, {{'name': value}}, not {shown(values)}")
    if sheet_of(record) is not None:
        _check_sheet(instance, record, by_name(values or {}))
    if values is not None:
        record.__dict__["_said"] = check_values(instance, values)


def check_joining(instance: Instance, record: Record) -> None:
    """Check the values of a saved record that is about to join a sheet.

    Raises:
        ValidationError: they are not what the sheet asks for.
    """
    if sheet_of(record) is not None:
        _check_sheet(instance, record, instance.features(record).get_values())


def sheet_of(record: Registry) -> Record | None:
    """The sheet whose row a record is."""
    if not isinstance(record, Record) or record.is_type or record.type_id is None:
        return None
    sheet = record.type
    return sheet if sheet is not None and sheet.schema_id is not None else None


def check_changed(instance: Instance, record: Record, values: Mapping[Any, Any]) -> None:
    """Check the values that the row of a sheet is about to have. What may be missing may be left out.

    Raises:
        ValidationError: they are not what the sheet asks for.
    """
    _check_sheet(instance, record, by_name(values), is_row=True)


def _check_sheet(instance: Instance, record: Record, values: Mapping[str, Any], *, is_row: bool = False) -> None:
    assert record.type is not None and record.type.schema is not None
    spec = spec_of(instance, record.type.schema)
    # Of a row that is there, a value that is missing left nothing behind.
    given = {**dict.fromkeys(spec.required if is_row else ()), **values}
    if spec.index is not None:
        given[spec.index.name] = record.name
        spec = replace(spec, features=(spec.index, *spec.features), index=None)
    report = check_annotation(given, _closed(spec), registries=InstanceRegistries(instance))
    Report(problems=report.problems).raise_problems()


def _closed(spec: SchemaSpec) -> SchemaSpec:
    """A schema that refuses what it does not know, rather than note it."""
    return spec if spec.is_flexible else replace(spec, maximal_set=True)

