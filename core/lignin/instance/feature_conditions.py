"""Questions about the values of features as SQL conditions, which the indexes of the tables of values answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
)

from lignin.base.errors import UnknownField, UsageError
from lignin.base.texts import shown
from lignin.instance.beginning import begins_with
from lignin.instance.comparisons import COMPARISONS, among, compare, compile_json
from lignin.instance.feature_values import column_of, encode_one, field_of, innermost
from lignin.instance.specs import feature_spec
from lignin.instance.values import boolean, number, plain, text_value
from lignin.model import INDEXED_TEXT, REGISTRIES, VALUES, Feature, Registry, Trashable
from lignin.schema import Categorical, FeatureSpec, Kind, Simple

__all__ = ["feature_condition", "values_to_order"]

Compile = Callable[[type[Registry], Mapping[str, Any]], ColumnElement[bool]]

_ONE = {"exact", "gt", "gte", "lt", "lte"}
_UTC = "+00:00"


def feature_condition(registry: type[Registry], feature: Feature, *, lookup: str, value: Any, inner: Compile) -> ColumnElement[bool]:
    """The condition that a record has a value of a feature that a lookup finds, in whichever part of a dataset.

    Args:
        registry: artifacts, runs or records.
        feature: whose values.
        lookup: what follows its name: a comparison, a field of its terms, a name inside its dictionaries; `ne` for values of which none is this.
        value: to compare them with.
        inner: what makes conditions on the terms' registries.

    Raises:
        UnknownField: the feature's values can't be asked so.
        UsageError: they can't be compared with that.
    """
    if registry.__name__ not in VALUES:
        raise UsageError(f"a {registry.__name__} has no values of features; artifacts, runs and records have")
    spec, table = feature_spec(feature), VALUES[registry.__name__]
    column = table.c[column_of(spec.dtype)]
    own = table.c[f"{registry.__tablename__}_id"]
    # In words that partial indexes are told by.
    here = select(own).where(table.c.feature_id == feature.id, column.is_not(None))
    path = lookup.split("__") if lookup else []
    comparison = path.pop() if path and path[-1] in {*COMPARISONS, "ne"} else "exact"
    value = plain(value)
    if not path and (comparison == "isnull" or (value is None and comparison in {"exact", "ne"})):
        is_absent = comparison != "ne" if value is None else boolean(f"{feature.name}__isnull", value)
        return not_(registry.id.in_(here)) if is_absent else registry.id.in_(here)
    if comparison == "ne":
        same = _found(here, table, spec, path=path, comparison="exact", value=value, inner=inner)
        return and_(registry.id.in_(here), not_(registry.id.in_(same)))
    return registry.id.in_(_found(here, table, spec, path=path, comparison=comparison, value=value, inner=inner))


def values_to_order(registry: type[Registry], feature: Feature, *, descending: bool) -> Any:
    """What to order records by: of several values the first in that order."""
    spec, table = feature_spec(feature), VALUES[registry.__name__]
    column = table.c[column_of(spec.dtype)]
    first = func.max if descending else func.min
    mine = (table.c[f"{registry.__tablename__}_id"] == registry.id) & (table.c.feature_id == feature.id)
    inner = innermost(spec.dtype)
    if not isinstance(inner, Categorical) or column.key != "target_id":
        if column.key == "json":
            raise UsageError(f"the feature {feature.name!r} is {spec.dtype}: dictionaries have no order")
        return select(first(column)).where(mine).correlate(registry).scalar_subquery()
    texts = []
    for name in dict.fromkeys(target.registry for target in inner.targets if target.registry in REGISTRIES):
        target: Any = REGISTRIES[name].__table__.alias()
        text = target.c[field_of(spec.dtype, name)]
        texts.append(select(first(text)).where(mine, table.c.registry == name, table.c.target_id == target.c.id).correlate(registry.__table__).scalar_subquery())
    return func.coalesce(*texts) if len(texts) > 1 else texts[0]


def _found(here: Select[Any], table: Any, spec: FeatureSpec, *, path: list[str], comparison: str, value: Any, inner: Compile) -> Select[Any]:
    dtype = innermost(spec.dtype)
    if column_of(spec.dtype) == "target_id":
        return here.where(_terms(table, spec, path=path, comparison=comparison, value=value, inner=inner))
    if isinstance(dtype, Simple) and dtype.kind is Kind.DICT:
        return here.where(compile_json(table.c.json, path, comparison, value))
    if path:
        lookups = ", ".join(COMPARISONS)
        raise UnknownField(f"the feature {spec.name!r} is {spec.dtype} and has no {'__'.join(path)!r}. Its lookups are: {lookups}", field=spec.name, known=COMPARISONS)
    column = table.c[column_of(spec.dtype)]
    if column.key != "text":
        return here.where(compare(column, comparison, _numbers(spec, comparison, value)))
    if isinstance(dtype, Simple) and dtype.kind is Kind.DATETIME and comparison in _ONE | {"in", "range"}:
        comparison, value = _moments(spec, comparison, value)
        return here.where(_text(column, comparison, value))
    if comparison in _ONE:
        return here.where(_text(column, comparison, encode_one(spec, value)))
    if comparison in {"in", "range"}:
        return here.where(_text(column, comparison, [encode_one(spec, one) for one in _several(spec, comparison, value)]))
    return here.where(_text(column, comparison, text_value(spec.name, comparison, value)))


def _terms(table: Any, spec: FeatureSpec, *, path: list[str], comparison: str, value: Any, inner: Compile) -> ColumnElement[bool]:
    """Values whose terms are records, or have a text in the feature's field, or fulfil a lookup of their own."""
    dtype = innermost(spec.dtype)
    assert isinstance(dtype, Categorical)
    names = list(dict.fromkeys(target.registry for target in dtype.targets if target.registry in REGISTRIES))
    values: list[Any] = [value]
    if comparison == "in" and not path:
        values = [] if hasattr(value, "selected_ids") else list(_several(spec, comparison, value))
    records = [one for one in values if isinstance(one, Registry)]
    for record in records:
        if type(record).__name__ not in names or record.id is None:
            raise UsageError(f"the feature {spec.name!r} is {spec.dtype}, and can't be {record!r}")
    texts = [one for one in values if not isinstance(one, Registry)]
    clauses: list[ColumnElement[bool]] = []
    for name in names:
        target: Any = REGISTRIES[name]
        parts: list[Any] = []
        if hasattr(value, "selected_ids"):
            parts = [value.selected_ids()] if value.registry is target else []
        elif path:
            parts = [select(target.id).where(inner(target, {"__".join([*path, comparison]): value}))]
        elif texts:
            lookup = {f"{field_of(spec.dtype, name)}__{comparison}": texts if comparison == "in" else texts[0]}
            parts = [select(target.id).where(inner(target, lookup), *_living(target))]
        ids = [record.id for record in records if type(record) is target]
        found = [table.c.target_id.in_(part) for part in (*parts, *([ids] if ids else []))]
        # Of one registry all are; and no other index is to be taken for that of the feature.
        clauses += found if len(names) == 1 else [and_(func.coalesce(table.c.registry, "") == name, part) for part in found]
    return or_(*clauses) if clauses else false()


def _living(target: Any) -> Sequence[ColumnElement[bool]]:
    """In the words of the index of names: those that are not in the trash."""
    return (target.branch_id > literal_column("0"),) if issubclass(target, Trashable) else ()


def _several(spec: FeatureSpec, comparison: str, value: Any) -> Iterable[Any]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise UsageError(f"{spec.name}__{comparison} takes a list of values, not {shown(value)}")
    listed = [plain(one) for one in value]
    if comparison == "range" and len(listed) != 2:
        raise UsageError(f"{spec.name}__range takes two values, (lowest, highest), not {shown(value)}")
    return listed


def _numbers(spec: FeatureSpec, comparison: str, value: Any) -> Any:
    if comparison in {"in", "range"}:
        return [_number(spec, one) for one in _several(spec, comparison, value)]
    return _number(spec, value) if comparison in _ONE else text_value(spec.name, comparison, value)


def _number(spec: FeatureSpec, value: Any) -> Any:
    dtype = innermost(spec.dtype)
    if isinstance(dtype, Simple) and dtype.kind is Kind.BOOL:
        return int(boolean(spec.name, value))
    return number(spec.name, encode_one(spec, value) if isinstance(value, str) else value)


def _moments(spec: FeatureSpec, comparison: str, value: Any) -> tuple[str, Any]:
    """Moments as texts; a time without a zone counts as UTC, and is kept without."""

    def asked(one: Any) -> str:
        return str(encode_one(spec, one)).removesuffix(_UTC)

    if comparison == "range":
        low, high = _several(spec, comparison, value)
        return "range", [asked(low), asked(high) + _UTC]
    if comparison in {"exact", "in"}:
        listed = _several(spec, comparison, value) if comparison == "in" else [value]
        return "in", [form for one in listed for form in (asked(one), asked(one) + _UTC)]
    return comparison, asked(value) + (_UTC if comparison in {"gt", "lte"} else "")


def _text(column: Any, comparison: str, value: Any) -> ColumnElement[bool]:
    """By the indexed beginning, in the words of the index, and by the whole where that could differ."""
    first: Any = func.substr(column, literal_column("1"), literal_column(str(INDEXED_TEXT)), type_=String)
    match comparison:
        case "exact" if isinstance(value, str):
            return first == value if len(value) < INDEXED_TEXT else and_(first == value[:INDEXED_TEXT], column == value)
        case "in":
            indexed = among(first, sorted({one[:INDEXED_TEXT] for one in value}))
            return indexed if all(len(one) < INDEXED_TEXT for one in value) else and_(indexed, among(column, value))
        case "gt" | "gte":
            return and_(first >= value[:INDEXED_TEXT], compare(column, comparison, value))
        case "lt" | "lte":
            return and_(first <= value[:INDEXED_TEXT], compare(column, comparison, value))
        case "range":
            low, high = value
            return and_(first >= low[:INDEXED_TEXT], first <= high[:INDEXED_TEXT], compare(column, "range", value))
        case "startswith":
            return and_(begins_with(first, value[:INDEXED_TEXT]), begins_with(column, value))
    return compare(column, comparison, value)
