"""What is above or below a record, through types or parents, by one recursive question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal, select

from lignin.base.errors import UsageError
from lignin.instance.conditions import link_table
from lignin.instance.query import QuerySet
from lignin.model import Registry, ToMany

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["hierarchy"]

# Types are refused in circles; this ends the question where a database was edited otherwise.
_MOST_TYPES = 1000


def hierarchy(instance: Instance, record: Registry, *, along: str, depth: int | None = None) -> QuerySet[Any]:
    """Everything that a record leads to.

    Args:
        instance: the open instance.
        record: where to begin; not itself in the result, unless a circle leads back.
        along: `types` (upwards, the nearest first), `records` (what a type groups), or a relation such as `parents`.
        depth: how many steps; all by default.

    Raises:
        UsageError: the record is not saved, or the depth is no number of steps.
    """
    if record.id is None:
        raise UsageError(f"save this {type(record).__name__} first: it is not in the database yet, and nothing is related to it")
    if depth is not None and (not isinstance(depth, int) or isinstance(depth, bool) or depth < 1):
        raise UsageError(f"depth is a number of levels from 1, or None for all, not {depth!r}")
    registry: Any = type(record)
    query: QuerySet[Any] = QuerySet(instance, registry)
    if along == "types":
        above = _types(registry, int(record.id))
        nearness = select(func.min(above.c.depth)).where(above.c.id == registry.id).correlate(registry).scalar_subquery()
        return query._with(where=(registry.id.in_(select(above.c.id)),), order=(nearness, registry.id.asc()))
    table, own, other = (registry.__table__, "type_id", "id") if along == "records" else _link(registry, along)
    found = _walk(table, own, other, start=int(record.id), depth=depth)
    return query._with(where=(registry.id.in_(select(found.c.id)),))


def _link(registry: type[Registry], name: str) -> tuple[Any, str, str]:
    relation = registry.relations()[name]
    assert isinstance(relation, ToMany)
    return link_table(relation), relation.own, relation.other


def _types(registry: Any, start: int) -> Any:
    table = registry.__table__
    first = select(table.c.type_id.label("id"), literal(1).label("depth")).where(table.c.id == start, table.c.type_id.is_not(None))
    walk = first.cte("above", recursive=True)
    step = select(table.c.type_id, walk.c.depth + 1).join(walk, table.c.id == walk.c.id).where(table.c.type_id.is_not(None), walk.c.depth < _MOST_TYPES)
    return walk.union_all(step)


def _walk(table: Any, own: str, other: str, *, start: int, depth: int | None) -> Any:
    """The ids that edges `own` → `other` lead to. Without a depth each comes once, so that diamonds cost nothing and circles end."""
    edge = table.alias("edge")
    if depth is None:
        walk = select(table.c[other].label("id")).where(table.c[own] == start).cte("walk", recursive=True)
        return walk.union(select(edge.c[other]).join(walk, edge.c[own] == walk.c.id))
    walk = select(table.c[other].label("id"), literal(1).label("depth")).where(table.c[own] == start).cte("walk", recursive=True)
    return walk.union(select(edge.c[other], walk.c.depth + 1).join(walk, edge.c[own] == walk.c.id).where(walk.c.depth < depth))
