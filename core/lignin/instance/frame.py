"""Records as a data frame, with fields across relations where they are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, String, select, type_coerce, union_all
from sqlalchemy.orm import Session, aliased

from lignin.base.errors import UnknownField
from lignin.formats.tables import build_frame, nullable_column, parse_times
from lignin.instance.conditions import ALIASES, link_table
from lignin.instance.database import Database
from lignin.instance.read_values import Column, names_of, read_columns
from lignin.instance.value_links import linked_by_values
from lignin.model import REGISTRIES, Feature, Registry, ToMany, ToOne
from lignin.model.types import JsonObject, UtcDateTime

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_columns", "to_frame"]

# How the catalogue finds and orders things, of no use in a frame.
_HIDDEN = {"id", "relpath", "mtime_ns", "family", "origin_id", "used_at", "source_code", "scope", "told", "told_end"}
_COMMON = ("version_tag", "is_latest", "is_locked", "created_at")


def frame_columns(registry: type[Registry]) -> tuple[str, ...]:
    """The fields of a frame: uid and the registry's own, then those all share, then keys of others."""
    names = [name for name in registry.fields() if name not in _HIDDEN]
    own = [n for n in names if n not in _COMMON and not n.endswith("_id")] + [n for n in names if n == "external_id"]
    shared = [n for n in _COMMON if n in names]
    keys = [n for n in names if n.endswith("_id") and n != "external_id"]
    return ("uid", *(n for n in own if n != "uid"), *shared, *keys)


def to_frame(
    database: Database, registry: type[Registry], *, asked: Callable[[Session], Select[Any]], include: Sequence[str], features: Sequence[Feature] | None = ()
) -> pd.DataFrame:
    """What a statement selects as a frame: one query, and one more for each included relation of many.

    Args:
        database: where to ask.
        registry: whose records they are.
        asked: the statement that selects them.
        include: fields, and fields across relations.
        features: whose values to add, each in a column; `None` for all that occur among the rows.
    """
    for name in include:
        if not isinstance(name, str):
            raise _unknown(registry, name)
    across = [name for name in include if "__" in name or name in registry.relations()]
    own = [name for name in include if name not in across]
    for name in own:
        if name not in registry.fields():
            raise _unknown(registry, name)
    columns = (*dict.fromkeys(("uid", registry.label, *own)),) if include or features is None or features else frame_columns(registry)
    singles = [name for name in across if not _is_many(registry, name)]
    selected = [getattr(registry, "id"), *(getattr(registry, c) for c in columns)]  # noqa: B009 - as the others
    joins: list[tuple[Any, Any]] = []
    for name in singles:
        beside, column = _beside(registry, name)
        joins += beside
        selected.append(column)
    names = ["id", *columns, *singles]
    read = [_plain(c, is_sqlite=database.is_sqlite) for c in selected]

    def work(session: Session) -> tuple[Sequence[Any], Mapping[str, Sequence[Any]], Sequence[Column]]:
        wanted = statement = asked(session)
        ids = statement.with_only_columns(registry.id)
        for there, condition in joins:
            wanted = wanted.outerjoin(there, condition)
        # Not through the session: these are values, not records, and there may be a million.
        rows = session.connection().execute(wanted.with_only_columns(*read)).all()
        related = {name: session.execute(_along(registry, name, ids)).all() for name in across if name not in singles}
        return rows, related, _values(session, registry, ids, features=features)

    rows, related, annotated = database.read(work)
    every: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [[] for _ in names]
    data = {name: _read_back(column, values, is_sqlite=database.is_sqlite) for name, column, values in zip(names, selected, every, strict=True)}
    index = data.pop("id")
    for name, pairs in related.items():
        found: dict[int, set[Any]] = {}
        for owner, value in pairs:
            found.setdefault(owner, set()).add(value)
        data[name] = [found.get(own_id) for own_id in index]
    said = names_of([column.feature for column in annotated], taken={*columns, *across})
    for name, values in zip(said, annotated, strict=True):
        data[name] = nullable_column([values.values.get(own_id) for own_id in index], kind=str(values.dtype))
    return build_frame({name: data[name] for name in (*columns, *across, *said)}, index=index)


def _values(session: Session, registry: type[Registry], ids: Select[Any], *, features: Sequence[Feature] | None) -> Sequence[Column]:
    if features is None:
        return read_columns(session, registry, owners=_unordered(ids))
    order = [feature.id for feature in features]
    found = read_columns(session, registry, owners=_unordered(ids), features=order) if features else ()
    return sorted(found, key=lambda column: order.index(column.feature.id))


def _unordered(ids: Select[Any]) -> Select[Any]:
    """The ids as a subselect; the order matters where they are cut only, and then inside."""
    return ids.order_by(None) if ids._limit_clause is None and ids._offset_clause is None else select(ids.subquery())


def _plain(column: Any, *, is_sqlite: bool) -> Any:
    """A column as the driver gives it: SQLite's times and JSON come as text, and are read at once in `_read_back`."""
    return type_coerce(column, String).label(None) if is_sqlite and isinstance(column.type, UtcDateTime | JsonObject) else column


def _read_back(column: Any, values: Sequence[Any], *, is_sqlite: bool) -> Any:
    if is_sqlite and isinstance(column.type, UtcDateTime):
        return parse_times(values)
    if is_sqlite and isinstance(column.type, JsonObject):
        return [None if value is None or value == "null" else json.loads(value) for value in values]
    return values


def _beside(registry: type[Registry], path: str) -> tuple[Sequence[tuple[Any, Any]], Any]:
    """What a chain of single relations leads to, each with what joins it to the one before, and the column there."""
    steps, field = _steps(registry, path)
    joins: list[tuple[Any, Any]] = []
    here: Any = registry
    for _, relation in steps:
        there: Any = aliased(REGISTRIES[relation.target])
        assert isinstance(relation, ToOne)
        joins.append((there, there.id == getattr(here, relation.key)))
        here = there
    return joins, getattr(here, field)


def _steps(registry: type[Registry], path: str) -> tuple[list[tuple[type[Registry], ToOne | ToMany]], str]:
    first, _, rest = path.partition("__")
    path = ALIASES.get(registry.__name__, {}).get(first, first) + ("__" + rest if rest else "")
    steps: list[tuple[type[Registry], ToOne | ToMany]] = []
    place, names = registry, path.split("__")
    while names and names[0] in place.relations():
        relation = place.relations()[names.pop(0)]
        assert isinstance(relation, ToOne | ToMany)
        steps.append((place, relation))
        place = REGISTRIES[relation.target]
    field = names.pop(0) if names else place.label
    if names or field not in place.fields():
        raise _unknown(registry, path)
    return steps, field


def _is_many(registry: type[Registry], path: str) -> bool:
    return any(isinstance(relation, ToMany) for _, relation in _steps(registry, path)[0])


def _along(registry: type[Registry], path: str, ids: Select[Any]) -> Any:
    """Pairs of a record's id and what a path leads to: by its link tables, and by what features say."""
    steps, field = _steps(registry, path)
    ways = [_walk(registry, [relation for _, relation in steps], field, links, ids) for links in product(*(_links(*step) for step in steps))]
    return ways[0] if len(ways) == 1 else union_all(*ways)


def _links(place: type[Registry], relation: ToOne | ToMany) -> Sequence[Any]:
    """What links the two ends of a relation, each with the columns of its own and its other end; `None` where a key does."""
    if isinstance(relation, ToOne) or relation.through is None:
        return (None,)
    link = link_table(relation).alias()
    said = linked_by_values(place, relation)
    plain = (link, link.c[relation.own], link.c[relation.other])
    if said is None:
        return (plain,)
    values = said.subquery()
    return plain, (values, values.c.own, values.c.other)


def _walk(registry: type[Registry], relations: Sequence[ToOne | ToMany], field: str, links: Sequence[Any], ids: Select[Any]) -> Select[Any]:
    start: Any = aliased(registry)
    here, joins = start, []
    for relation, link in zip(relations, links, strict=True):
        there: Any = aliased(REGISTRIES[relation.target])
        if link is not None:
            table, own, other = link
            joins += [(table, own == here.id), (there, there.id == other)]
        elif isinstance(relation, ToOne):
            joins.append((there, there.id == getattr(here, relation.key)))
        else:
            joins.append((there, getattr(there, relation.other) == here.id))
        here = there
    question = select(start.id, getattr(here, field)).select_from(start)
    for table, condition in joins:
        question = question.join(table, condition)
    return question.where(start.id.in_(_unordered(ids)))


def _unknown(registry: type[Registry], path: str) -> UnknownField:
    known = tuple(sorted({*registry.fields(), *registry.relations()}))
    return UnknownField(f"{registry.__name__} has no {path!r} to include. It has: {', '.join(known)}", field=str(path), known=known)
