"""Records as a data frame, with fields across relations where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from lignin.base.errors import UnknownField
from lignin.formats.tables import build_frame
from lignin.instance.conditions import ALIASES, link_table
from lignin.instance.database import Database
from lignin.model import REGISTRIES, Registry, ToMany, ToOne

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


def to_frame(database: Database, registry: type[Registry], *, statement: Select[Any], include: Sequence[str]) -> pd.DataFrame:
    """What a statement selects as a frame: one query, and one more for each included relation."""
    across = [name for name in include if "__" in name or name in registry.relations()]
    own = [name for name in include if name not in across]
    for name in own:
        if name not in registry.fields():
            raise _unknown(registry, name)
    columns = (*dict.fromkeys(("uid", registry.label, *own)),) if include else frame_columns(registry)
    ids = statement.with_only_columns(registry.id)
    with database.reading() as session:
        rows = session.execute(statement.with_only_columns(registry.id, *(getattr(registry, c) for c in columns))).all()
        related = {name: session.execute(_along(registry, name, ids)).all() for name in across}
    data: dict[str, list[Any]] = {c: [row[i + 1] for row in rows] for i, c in enumerate(columns)}
    index = [row[0] for row in rows]
    for name, pairs in related.items():
        many = _is_many(registry, name)
        found: dict[int, Any] = {}
        for owner, value in pairs:
            if many:
                found.setdefault(owner, set()).add(value)
            else:
                found[owner] = value
        data[name] = [found.get(own_id) for own_id in index]
    return build_frame(data, index=index)


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


def _along(registry: type[Registry], path: str, ids: Select[Any]) -> Select[Any]:
    steps, field = _steps(registry, path)
    start: Any = aliased(registry)
    here, joins = start, []
    for _, relation in steps:
        there: Any = aliased(REGISTRIES[relation.target])
        if isinstance(relation, ToOne):
            joins.append((there, there.id == getattr(here, relation.key)))
        elif relation.through is None:
            joins.append((there, getattr(there, relation.other) == here.id))
        else:
            link = link_table(relation).alias()
            joins.append((link, link.c[relation.own] == here.id))
            joins.append((there, there.id == link.c[relation.other]))
        here = there
    question = select(start.id, getattr(here, field)).select_from(start)
    for table, condition in joins:
        question = question.join(table, condition)
    return question.where(start.id.in_(ids.order_by(None) if ids._limit_clause is None and ids._offset_clause is None else select(ids.subquery())))


def _unknown(registry: type[Registry], path: str) -> UnknownField:
    known = tuple(sorted({*registry.fields(), *registry.relations()}))
    return UnknownField(f"{registry.__name__} has no {path!r} to include. It has: {', '.join(known)}", field=path, known=known)
