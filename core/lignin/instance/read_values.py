"""The values of features that artifacts, runs and records have: one statement for the values, one for the features, one for each registry of terms."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, String, func, select, type_coerce
from sqlalchemy.orm import Session

from lignin.base.errors import NotFound
from lignin.instance.comparisons import among
from lignin.instance.feature_values import column_of, decoder, field_of, innermost
from lignin.model import REGISTRIES, VALUES, Feature, Registry
from lignin.schema import Categorical, Dtype, ListOf, parse_dtype

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Column", "names_of", "one_value", "read_columns", "told", "values_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The values of one feature.

    Attributes:
        feature: its record.
        dtype: what they are.
        values: by the id of the artifact, run or record. Several labels are a set, a list is a list.
    """

    feature: Feature
    dtype: Dtype
    values: Mapping[int, Any]


def values_of(instance: Instance, record: Registry, *, external_only: bool = False) -> Sequence[Column]:
    """All values of one record, by the names of their features.

    Args:
        instance: where.
        record: saved.
        external_only: leave out what was found in the dataset.
    """
    if record.id is None:
        return ()
    found = instance.database.read(lambda session: read_columns(session, type(record), owners=[record.id], external_only=external_only))
    return sorted(found, key=lambda column: column.feature.name)


def names_of(features: Sequence[Feature], *, taken: Collection[str] = ()) -> Sequence[str]:
    """What each is called where several of one name, of different types, or fields, stand beside each other."""
    names = [feature.name for feature in features]
    return [name if names.count(name) == 1 and name not in taken else f"{name} ({feature.uid})" for name, feature in zip(names, features, strict=True)]


def read_columns(
    session: Session, registry: type[Registry], *, owners: Select[Any] | Sequence[int], features: Collection[int] | None = None, external_only: bool = False
) -> Sequence[Column]:
    """The values of many records: of all features that occur, or of some."""
    table = VALUES[registry.__name__]
    own = table.c[f"{registry.__tablename__}_id"]
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    # SQLite's JSON comes as text, and is read where there is any: most rows have none.
    stored: Any = type_coerce(table.c.json, String) if is_sqlite else table.c.json
    columns = (own, table.c.feature_id, table.c.integer, table.c.number, table.c.text, stored, table.c.target_id, table.c.registry)
    mine = select(*columns).where(own.in_(owners))
    if features is not None:
        mine = mine.where(table.c.feature_id.in_(list(features)))
    if external_only:
        mine = mine.where(table.c.slot == "")
    # In the order of the primary key: sorted already, and so are the items of lists.
    mine = mine.order_by(own, table.c.feature_id, table.c.slot, table.c.position)
    grouped: dict[int, list[Any]] = {}
    for row in session.connection().execute(mine).all():
        grouped.setdefault(row[1], []).append(row)
    wanted = sorted(grouped if features is None else features)
    rows = session.scalars(select(Feature).where(Feature.id.in_(wanted)).order_by(Feature.id)).all() if wanted else ()
    dtypes = {feature.id: parse_dtype(str(feature.dtype)) for feature in rows}
    texts = _texts(session, {own_id: grouped.get(own_id, ()) for own_id in dtypes}, dtypes)
    return [Column(feature=f, dtype=dtypes[f.id], values=_fold(grouped.get(f.id, ()), dtypes[f.id], texts.get(f.id, {}))) for f in rows]


_PLACES = {"integer": 2, "number": 3, "text": 4, "json": 5, "target_id": 6}


def _fold(rows: Sequence[Any], dtype: Dtype, texts: Mapping[tuple[str, int], str]) -> Mapping[int, Any]:
    """The values of one feature by owner, of rows in order."""
    place, read = _PLACES[column_of(dtype)], decoder(dtype)
    if place == _PLACES["json"]:
        read = _read_json
    held: Iterable[tuple[int, Any]]
    if place == _PLACES["target_id"]:
        held = ((row[0], row[4] if row[7] is None else texts.get((row[7], row[6])) or f"{row[7]} {row[6]}, which is not there") for row in rows)
    else:
        held = ((row[0], read(row[place])) for row in rows)
    if isinstance(dtype, ListOf):
        lists: dict[int, Any] = {}
        for owner, value in held:
            lists.setdefault(owner, []).append(value)
        return lists
    if not isinstance(dtype, Categorical):
        return dict(held)
    labels: dict[int, Any] = {}
    for owner, value in held:
        there = labels.setdefault(owner, value)
        if there is not value and there != value:
            labels[owner] = there | {value} if isinstance(there, set) else {there, value}
    return labels


def _read_json(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) else stored


def _texts(session: Session, rows: Mapping[int, Sequence[Any]], dtypes: Mapping[int, Dtype]) -> Mapping[int, Mapping[tuple[str, int], str]]:
    """What the terms are called, by feature: in the field that its dtype names."""
    ids: dict[tuple[str, str], set[int]] = {}
    asked: dict[int, set[tuple[str, str]]] = {}
    for feature_id, dtype in dtypes.items():
        inner = innermost(dtype)
        if not isinstance(inner, Categorical) or not inner.targets:
            continue
        for name, target_id in {(row[7], row[6]) for row in rows[feature_id] if row[7] in REGISTRIES}:
            place = (name, field_of(dtype, name))
            ids.setdefault(place, set()).add(target_id)
            asked.setdefault(feature_id, set()).add(place)
    told: dict[tuple[str, str], dict[tuple[str, int], str]] = {}
    for (name, field), wanted in ids.items():
        target: Any = REGISTRIES[name]
        found = session.execute(select(target.id, func.coalesce(getattr(target, field), target.uid)).where(among(target.id, sorted(wanted))))
        told[name, field] = {(name, own): text for own, text in found.tuples()}
    return {feature_id: {key: text for place in places for key, text in told[place].items()} for feature_id, places in asked.items()}


def one_value(columns: Sequence[Column], record: Registry, *, key: Any) -> Any:
    """The value of one feature, by name or as a record.

    Raises:
        NotFound: the record has none; the message names those that it has.
    """
    for column in columns:
        if (column.feature.id == key.id) if isinstance(key, Feature) else (column.feature.name == key):
            return column.values[record.id]
    name = key.name if isinstance(key, Feature) else key
    known = ", ".join(column.feature.name for column in columns) or "none"
    raise NotFound(f"{type(record).__name__} {record.uid} has no value of {name!r}. It has: {known}")


def told(value: Any) -> str:
    """A value for people: labels in order, with commas between them."""
    return ", ".join(sorted(map(str, value))) if isinstance(value, set) else str(value)
