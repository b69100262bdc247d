"""Data made to fit a schema, where that loses nothing: defaults, conversions, and standard names for synonyms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lignin.base.errors import UsageError
from lignin.base.extras import require
from lignin.schema.column import Stored
from lignin.schema.dtype import Categorical, Dtype, Kind, ListOf, Simple
from lignin.schema.feature import FeatureSpec
from lignin.schema.slot import SlotMissing, find_slot, parse_slot
from lignin.schema.spec import SchemaSpec
from lignin.schema.tables import table_of
from lignin.schema.values import convert, fits, is_list, is_missing, plain
from lignin.schema.vocabulary import Registries, Tables

__all__ = ["Change", "Standardized", "standardize"]

_NOTHING = Tables()
_EMPTY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was done to a column: `added`, `filled`, `converted` or `renamed` (terms), and to how many values."""

    column: str
    what: str
    count: int
    slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standardized:
    """The data, and what was changed in them."""

    data: Any
    changes: tuple[Change, ...]


def standardize(data: Any, schema: SchemaSpec, *, registries: Registries = _NOTHING, in_place: bool = False) -> Standardized:
    """New data that are as near to a schema as can be without a loss; what can't be converted stays as it is, for `check` to tell.

    Listed features (and registered ones, where the schema is flexible) get their defaults where values or the whole column are
    missing; features with `coerce` are converted, a column as a whole or not at all; synonyms become the terms they mean.

    Args:
        data: a pandas or polars frame, a dictionary, or, for a schema with slots, an AnnData, MuData or SpatialData.
        schema: what the data are made to fit.
        registries: where terms and registered features are looked up.
        in_place: change the object that was given. Without it, that stays as it is.

    Raises:
        UsageError: the object can't be changed in place, or not otherwise (a backed AnnData).
    """
    if schema.slots:
        return _composite(data, schema, registries, in_place=in_place)
    kind = table_of(data).kind
    if kind == "pandas":
        return _pandas(data if in_place else data.copy(), schema, registries)
    if kind == "records" and isinstance(data, Mapping):
        return _record(data if in_place else dict(data), schema, registries)
    if in_place:
        raise UsageError(f"a table of {kind} can't be changed in place. Leave in_place out, and use what is returned.")
    if kind == "polars":
        return _polars(data, schema, registries)
    raise UsageError(f"a table of {kind} can't be standardized. Give a pandas or polars frame, or a dictionary.")


def _composite(data: Any, schema: SchemaSpec, registries: Registries, *, in_place: bool) -> Standardized:
    if not in_place:
        if getattr(data, "isbacked", False) or not hasattr(data, "copy"):
            raise UsageError("this object is backed by a file, or can't be copied, so it can only be changed in place: in_place=True changes it in memory, not its file.")
        data = data.copy()
    changes: list[Change] = []
    for text, inner in schema.slots.items():
        slot = parse_slot(text)
        try:
            part, parent = find_slot(data, slot), data if len(slot.path) == 1 else find_slot(data, parse_slot(":".join(slot.path[:-1])))
        except SlotMissing:
            continue
        if slot.turned or not (hasattr(part, "iloc") or isinstance(part, Mapping) or inner.slots):
            continue
        done = standardize(part, inner, registries=registries, in_place=bool(inner.slots))
        if done.changes and not inner.slots:
            _put(parent, slot.path[-1], done.data)
        changes += [Change(column=c.column, what=c.what, count=c.count, slot=f"{text}:{c.slot}" if c.slot else text) for c in done.changes]
    return Standardized(data=data, changes=tuple(changes))


def _put(parent: Any, name: str, value: Any) -> None:
    if isinstance(parent, Mapping) or not hasattr(type(parent), name):
        parent[name] = value
    else:
        setattr(parent, name, value)


def _features(names: Iterable[str], schema: SchemaSpec, registries: Registries) -> Mapping[str, FeatureSpec]:
    """The features of a schema, and those registered under other names of the data where it is flexible."""
    listed = {feature.name: feature for feature in schema.features}
    others = [name for name in names if isinstance(name, str) and name not in listed]
    return listed | dict(registries.features(others)) if schema.is_flexible and others else listed


def _pandas(frame: Any, schema: SchemaSpec, registries: Registries) -> Standardized:
    pandas = require("pandas", extra="all")
    changes: list[Change] = []
    for name, feature in _features(frame.columns, schema, registries).items():
        if name not in frame.columns:
            if not is_missing(feature.default):
                frame[name] = feature.default
                changes.append(Change(column=name, what="added", count=len(frame)))
            continue
        if not isinstance(frame[name], pandas.Series):
            # Of columns by one name, none is the one.
            continue
        series = frame[name]
        values, done = _values(series.array, feature, schema, registries, typed=_typed(table_of(frame[[name]]).column(0).stored, feature.dtype))
        if done:
            frame[name] = _series(pandas, values, feature, series)
            changes += done
    return Standardized(data=frame, changes=tuple(changes))


def _polars(frame: Any, schema: SchemaSpec, registries: Registries) -> Standardized:
    polars = require("polars", extra="polars")
    changes: list[Change] = []
    columns = []
    for name, feature in _features(frame.columns, schema, registries).items():
        if name not in frame.columns:
            if not is_missing(feature.default):
                columns.append(polars.lit(feature.default, dtype=_polars_type(polars, feature.dtype)).alias(name))
                changes.append(Change(column=name, what="added", count=len(frame)))
            continue
        series = frame[name]
        values, done = _values(series, feature, schema, registries, typed=_typed(table_of(frame.select(name)).column(0).stored, feature.dtype))
        if done:
            try:
                columns.append(polars.Series(name, values, dtype=_polars_type(polars, feature.dtype), strict=True))
            except (TypeError, OverflowError, polars.exceptions.PolarsError):
                # A column that polars can't hold as a whole stays as it is; nothing becomes a null.
                continue
            changes += done
    return Standardized(data=frame.with_columns(columns) if columns else frame, changes=tuple(changes))


def _record(record: Any, schema: SchemaSpec, registries: Registries) -> Standardized:
    changes: list[Change] = []
    for name, feature in _features(record, schema, registries).items():
        if name not in record:
            if not is_missing(feature.default):
                record[name] = feature.default
                changes.append(Change(column=name, what="added", count=1))
            continue
        values, done = _values([record[name]], feature, schema, registries, typed=False)
        if done:
            record[name] = values[0]
            changes += done
    return Standardized(data=record, changes=tuple(changes))


def _values(source: Iterable[Any], feature: FeatureSpec, schema: SchemaSpec, registries: Registries, *, typed: bool) -> tuple[list[Any], list[Change]]:
    """A column's values as they should be, and what that changes; no values where it changes nothing."""
    name, dtype = feature.name, feature.dtype
    fill = feature.default if not is_missing(feature.default) else None
    coerce = (feature.coerce or schema.coerce) and not typed
    if fill is None and not coerce and not _targets(dtype):
        return [], []
    values = list(source)
    changes: list[Change] = []
    if fill is not None and (absent := [at for at, value in enumerate(values) if is_missing(value)]):
        for at in absent:
            values[at] = fill
        changes.append(Change(column=name, what="filled", count=len(absent)))
    if coerce:
        values, number = _converted(values, dtype)
        changes += [Change(column=name, what="converted", count=number)] if number else []
    if renames := _renames(values, dtype, registries):
        values, number = _renamed(values, renames)
        changes.append(Change(column=name, what="renamed", count=number))
    return (values, changes) if changes else ([], [])


def _converted(values: list[Any], dtype: Dtype) -> tuple[list[Any], int]:
    """All values converted, or, where one can't be, all as they are."""
    held: dict[tuple[type, Any], Any] = {}
    found: list[Any] = []
    number = 0
    for value in values:
        if is_missing(value):
            found.append(None)
            continue
        try:
            key = (type(value), value)
            new = held[key] if key in held else held.setdefault(key, convert(value, dtype))
        except TypeError:
            # A list or dictionary is no key.
            new = _try(convert, value, dtype)
        except ValueError:
            return values, 0
        if new is None:
            return values, 0
        number += not fits(value, dtype) or type(new) is not type(plain(value))
        found.append(new)
    return (found, number) if number else (values, 0)


def _try(act: Callable[[Any, Dtype], Any], value: Any, dtype: Dtype) -> Any:
    try:
        return act(value, dtype)
    except ValueError:
        return None


def _renames(values: list[Any], dtype: Dtype, registries: Registries) -> Mapping[str, str]:
    """The standard names of those values that are synonyms. A value that any of the vocabularies knows is none."""
    vocabularies = [one for target in _targets(dtype) if (one := registries.vocabulary(target)) is not None]
    if not vocabularies:
        return _EMPTY
    texts = dict.fromkeys(text for value in values for text in (value if is_list(value) else (value,)) if isinstance(text, str))
    unknown = set(texts).difference(*(vocabulary.known(list(texts)) for vocabulary in vocabularies))
    found: dict[str, str] = {}
    for vocabulary in vocabularies:
        found |= vocabulary.standard([text for text in texts if text in unknown and text not in found])
    return found


def _renamed(values: list[Any], renames: Mapping[str, str]) -> tuple[list[Any], int]:
    found = [_rename(value, renames) for value in values]
    return found, sum(1 for old, new in zip(values, found, strict=True) if old is not new)


def _rename(value: Any, renames: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return renames.get(value, value)
    if is_list(value) and any(isinstance(text, str) and text in renames for text in value):
        return [renames.get(text, text) if isinstance(text, str) else text for text in value]
    return value


def _typed(stored: Stored, dtype: Dtype) -> bool:
    """Whether a column is stored as its dtype wants it already."""
    return isinstance(dtype, Simple) and stored.value == dtype.kind.value and dtype.zone is None


def _targets(dtype: Dtype) -> tuple[Any, ...]:
    while isinstance(dtype, ListOf):
        dtype = dtype.item
    return dtype.targets if isinstance(dtype, Categorical) else ()


def _series(pandas: Any, values: list[Any], feature: FeatureSpec, old: Any) -> Any:
    """The values as pandas stores their dtype, with missing ones or without."""
    hole = any(is_missing(value) for value in values)
    kind = feature.dtype.kind if isinstance(feature.dtype, Simple) else None
    series = pandas.Series(values, index=old.index, name=old.name, dtype=object)
    stored = {Kind.INT: "Int64" if hole else "int64", Kind.BOOL: "boolean" if hole else "bool", Kind.DATETIME: "datetime64[us]"}
    wanted = stored.get(kind) if kind is not None else None
    if isinstance(feature.dtype, Categorical) and isinstance(old.dtype, pandas.CategoricalDtype):
        wanted = "category"
    elif kind in {Kind.FLOAT, Kind.NUM} and all(isinstance(value, float) or is_missing(value) for value in values):
        wanted = "float64"
    if wanted is None or not all(is_missing(value) or fits(value, feature.dtype) for value in values):
        return series
    try:
        return series.astype(wanted)
    except (TypeError, ValueError, OverflowError):
        # Values that pandas has no array for (times of several zones, numbers too great) stay objects of the right type.
        return series


def _polars_type(polars: Any, dtype: Dtype) -> Any:
    """What polars stores a dtype as; `None` where it is left to find that out."""
    match dtype:
        case ListOf(item=item):
            inner = _polars_type(polars, item)
            return None if inner is None else polars.List(inner)
        case Categorical():
            return polars.String
        case Simple(kind=kind):
            known = {
                Kind.INT: polars.Int64, Kind.FLOAT: polars.Float64, Kind.BOOL: polars.Boolean, Kind.DATE: polars.Date, Kind.STR: polars.String,
                Kind.PATH: polars.String, Kind.URL: polars.String,
            }
            return known.get(kind)
