"""Labels that are linked by what features say: a project, record or label that is a value of an artifact, run or record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from lignin.model import VALUES, Registry, Related, ToMany

__all__ = ["linked_by_values"]


def linked_by_values(registry: type[Registry], relation: Related) -> Select[Any] | None:
    """Pairs (own, other) of a relation that values make beside its link table; `None` for relations that they make none of."""
    if not isinstance(relation, ToMany) or relation.through is None:
        return None
    first, _, second = relation.through.partition("_")
    owner = {"artifact": "Artifact", "run": "Run"}.get(first)
    if owner is None or second not in {"ulabel", "project", "record", "reference"}:
        return None
    table = VALUES[owner]
    is_forward = registry.__name__ == owner
    label = relation.target if is_forward else registry.__name__
    own, other = table.c[f"{first}_id"], table.c.target_id
    columns = (own, other) if is_forward else (other, own)
    pair = [column.label(name) for column, name in zip(columns, ("own", "other"), strict=True)]
    return select(*pair).where(table.c.registry == label, table.c.target_id.is_not(None))
