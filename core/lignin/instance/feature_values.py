"""Values of features between Python and the rows that hold them: see `lignin.model.value` for the columns. Nothing is asked of a database here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from lignin.base.errors import UsageError
from lignin.base.redact import redact, redact_url
from lignin.base.texts import problem_of_text, shown
from lignin.model import REGISTRIES, Registry
from lignin.schema import Categorical, Dtype, FeatureSpec, Kind, ListOf, Simple
from lignin.schema.values import convert, is_list, is_missing, plain

__all__ = ["STORED", "Row", "column_of", "decoder", "encode", "encode_one", "encoder", "field_of", "innermost", "is_absent"]

STORED = ("integer", "number", "text", "json", "registry", "target_id")
"""The columns of a row that hold its value."""

_EMPTY: Mapping[str, Any] = {"position": 0, **dict.fromkeys(STORED)}
_COLUMNS = {
    Kind.INT: "integer", Kind.BOOL: "integer", Kind.FLOAT: "number", Kind.NUM: "number", Kind.DICT: "json",
    Kind.STR: "text", Kind.PATH: "text", Kind.URL: "text", Kind.DATE: "text", Kind.DATETIME: "text",
}  # fmt: skip
_MAX_DEPTH = 100

Row = Mapping[str, Any]
"""What of a row says its value: `STORED`, and `position`."""


def innermost(dtype: Dtype) -> Simple | Categorical:
    """What the items of a list are, or the dtype itself."""
    while isinstance(dtype, ListOf):
        dtype = dtype.item
    return dtype


def column_of(dtype: Dtype) -> str:
    """Which of the columns holds values of a dtype: one of `STORED`; `target_id` for the terms of registries."""
    inner = innermost(dtype)
    if isinstance(inner, Categorical):
        # Terms of a registry that is not installed are those of a table, which has no records to point to.
        return "target_id" if any(target.registry in REGISTRIES for target in inner.targets) else "text"
    return _COLUMNS[inner.kind]


def field_of(dtype: Dtype, registry: str) -> str:
    """The field of a registry whose values are the terms of a dtype."""
    inner = innermost(dtype)
    targets = inner.targets if isinstance(inner, Categorical) else ()
    return next((target.field for target in targets if target.registry == registry and target.field), None) or REGISTRIES[registry].label


def is_absent(value: Any) -> bool:
    """Whether a value leaves no row: None, NaN, NaT, and what is empty."""
    return is_missing(value) or ((is_list(value) or isinstance(value, Mapping)) and len(value) == 0)


def encode(feature: FeatureSpec, value: Any, *, terms: Mapping[str, tuple[str, int]] | None = None) -> tuple[Row, ...]:
    """The rows of one value: all of `STORED`, and `position`. See `encoder`."""
    return encoder(feature, terms=terms)(value)


def encoder(feature: FeatureSpec, *, terms: Mapping[str, tuple[str, int]] | None = None) -> Callable[[Any], tuple[Row, ...]]:
    """What makes rows of the values of a feature.

    The values were checked before (`lignin.schema.check_annotation`); what can be converted without loss is.

    Args:
        feature: whose values they are.
        terms: of a dtype with registries: for each term that may occur, the name of its registry and the id of its record there.
            A saved record needs no entry.

    Raises:
        UsageError: rows can't hold lists of lists.

    The function that it returns gives no row for a value that is missing, and raises UsageError for one that no row can hold.
    """
    dtype = feature.dtype
    item = dtype.item if isinstance(dtype, ListOf) else dtype
    if isinstance(item, ListOf):
        raise UsageError(f"the feature {feature.name!r} is {dtype}: lists of lists can't be kept as values. Register it as list[{innermost(dtype)}], or as dict.")
    is_several = isinstance(dtype, ListOf | Categorical)
    column = column_of(dtype)
    one = _one_term(feature, terms or {}) if column == "target_id" else lambda value: {**_EMPTY, column: encode_one(feature, value)}

    def rows(value: Any) -> tuple[Row, ...]:
        value = plain(value)
        if is_absent(value):
            return ()
        if not (is_several and is_list(value)):
            if isinstance(dtype, ListOf):
                raise UsageError(f"the feature {feature.name!r} is {dtype}, and takes a list, not {shown(value)}")
            return (one(value),)
        found = _in_order(value) if isinstance(dtype, ListOf) else _distinct(value)
        return tuple({**one(inner), "position": position} for position, inner in enumerate(found))

    return rows


def encode_one(feature: FeatureSpec, value: Any) -> Any:
    """What the column of a feature holds for one value, or one item of a list; of a term, its text.

    Raises:
        UsageError: it can't be held.
    """
    inner = innermost(feature.dtype)
    try:
        found = convert(value, inner)
    except (ValueError, OverflowError) as e:
        raise UsageError(f"the feature {feature.name!r} is {feature.dtype}, and can't be {shown(value)}") from e
    return _text(feature, found) if isinstance(inner, Categorical) else _encoded(feature, inner.kind, found)


def decoder(dtype: Dtype) -> Callable[[Any], Any]:
    """What makes a Python value of what the column of a dtype holds; of a term, whose text is asked for elsewhere, that text."""
    inner = innermost(dtype)
    if isinstance(inner, Categorical):
        return _same
    match inner.kind:
        case Kind.BOOL:
            return bool
        case Kind.DATE:
            return date.fromisoformat
        case Kind.DATETIME if inner.zone not in {None, "UTC"}:
            zone = ZoneInfo(str(inner.zone))
            return lambda text: _moment(text).astimezone(zone)
        case Kind.DATETIME:
            return _moment
    return _same


def _same(value: Any) -> Any:
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.replace(tzinfo=UTC)


def _in_order(value: Any) -> Sequence[Any]:
    return sorted(value, key=repr) if isinstance(value, set | frozenset) else list(value)


def _distinct(value: Any) -> Sequence[Any]:
    """The labels of one object are a set: each counts once."""
    return list(dict.fromkeys(_in_order(value)))


def _one_term(feature: FeatureSpec, terms: Mapping[str, tuple[str, int]]) -> Callable[[Any], Row]:
    def one(value: Any) -> Row:
        if isinstance(value, Registry):
            if value.id is None:
                raise UsageError(f"save {value!r} before you make it a value of {feature.name!r}: it is not in the database yet")
            return {**_EMPTY, "registry": type(value).__name__, "target_id": value.id}
        try:
            registry, row_id = terms[value]
        except (KeyError, TypeError) as e:
            raise UsageError(f"the feature {feature.name!r} is {feature.dtype}, and {shown(value)} is none of its terms") from e
        return {**_EMPTY, "registry": registry, "target_id": row_id}

    return one


def _encoded(feature: FeatureSpec, kind: Kind, value: Any) -> Any:
    match kind:
        case Kind.INT:
            if not -(2**63) <= value < 2**63:
                raise UsageError(f"the feature {feature.name!r} can't be {shown(value)}: it has more than 64 bits")
            return int(value)
        case Kind.BOOL:
            return int(value)
        case Kind.FLOAT | Kind.NUM:
            return _number(feature, value)
        case Kind.DATE:
            return value.isoformat()
        case Kind.DATETIME:
            return _told_moment(feature, value)
        case Kind.DICT:
            return redact(_json(feature, value, 0))
        case Kind.URL:
            return redact_url(_text(feature, value))
    return redact(_text(feature, str(value)))


def _number(feature: FeatureSpec, value: Any) -> float:
    """The nearest number of 64 bits, which of a whole number must be itself."""
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if isinstance(value, int) and (not isfinite(number) or int(number) != value):
        raise UsageError(f"the feature {feature.name!r} is {feature.dtype}, and {shown(value)} has more digits than such a number holds. Use a feature of int, or give a float.")
    return number


def _told_moment(feature: FeatureSpec, value: datetime) -> str:
    if getattr(value, "nanosecond", 0):
        raise UsageError(f"the feature {feature.name!r} can't be {shown(value)}: times are kept to the microsecond. Round it first: value.round('us')")
    if value.tzinfo is None:
        return value.isoformat(timespec="microseconds")
    try:
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError as e:
        raise UsageError(f"the feature {feature.name!r} can't be {shown(value)}: in UTC it lies outside the years 1 to 9999") from e


def _text(feature: FeatureSpec, value: str) -> str:
    if problem := problem_of_text(value):
        raise UsageError(f"the feature {feature.name!r} can't be {shown(value)}: {problem}")
    return str.__str__(value)


def _json(feature: FeatureSpec, value: Any, depth: int) -> Any:
    """What JSON can say, with NumPy's scalars as Python's, and nothing that would read back as something else."""
    value = plain(value)
    match value:
        case None | bool() | int():
            return value
        case float() if isfinite(value):
            return value
        case str():
            return _text(feature, value)
        case dict() | Mapping() if depth < _MAX_DEPTH and all(isinstance(name, str) for name in value):
            return {_text(feature, name): _json(feature, inner, depth + 1) for name, inner in value.items()}
        case list() | tuple() if depth < _MAX_DEPTH:
            return [_json(feature, inner, depth + 1) for inner in value]
    raise UsageError(f"the feature {feature.name!r} takes what JSON can say (texts, finite numbers, lists, dicts with names that are texts), not {shown(value)}")
