"""What records point to, and whether a name is free: asked before the database refuses without saying which."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.errors import UsageError
from lignin.model import REGISTRIES, VALUES, Registry, Run, ToOne, Typed

__all__ = ["given_references", "refuse_cycle", "refuse_missing", "refuse_taken", "refuse_valued"]

_CHUNK = 500
_NAMED = {"Branch": "name", "Space": "name", "User": "handle"}


def given_references(records: Iterable[Registry]) -> Mapping[str, Collection[int]]:
    """The ids that the fields of new records of one registry point to, where a user has set an id and not a record."""
    given: dict[str, set[int]] = {}
    for record in records:
        for name, relation in type(record).relations().items():
            if isinstance(relation, ToOne) and f"_{name}" not in record.__dict__ and (value := getattr(record, relation.key)) is not None:
                given.setdefault(relation.key, set()).add(value)
    return given


def refuse_missing(session: Session, registry: type[Registry], given: Mapping[str, Collection[int]]) -> None:
    """Refuse ids that no record has.

    Raises:
        UsageError: there is one; the message says which.
    """
    targets = {relation.key: REGISTRIES[relation.target] for relation in registry.relations().values() if isinstance(relation, ToOne)}
    for key, values in given.items():
        listed, found = sorted(values), set[int]()
        for begin in range(0, len(listed), _CHUNK):
            chunk = listed[begin : begin + _CHUNK]
            found.update(session.scalars(select(targets[key].id).where(targets[key].id.in_(chunk))))
        if gone := set(values) - found:
            raise UsageError(f"{registry.__name__}.{key} can't be {min(gone)}: there is no {targets[key].__name__} of this id")


def refuse_taken(session: Session, record: Any) -> None:
    """Refuse a name that another living record has, in the same type where there are types.

    Raises:
        UsageError: there is one; the message says which.
    """
    registry: Any = type(record)
    label = "name" if issubclass(registry, Typed) else _NAMED.get(registry.__name__)
    name = None if label is None else getattr(record, label)
    if label is None or name is None:
        return
    same = select(registry.uid).where(getattr(registry, label) == name)
    if record.id is not None:
        same = same.where(registry.id != record.id)
    if issubclass(registry, Typed):
        same = same.where(registry.branch_id > 0, registry.type_id.is_not_distinct_from(record.type_id))
    if (taken := session.scalar(same.limit(1))) is not None:
        raise UsageError(f"there is a {registry.__name__} {name!r} already ({taken}). Choose another {label}, or use that one.")


def refuse_cycle(session: Session, record: Any, new: Collection[str]) -> None:
    """Refuse a type, or a run's parent, that is the record itself or below it.

    Raises:
        UsageError: it is.
    """
    key = "parent_id" if isinstance(record, Run) else "type_id" if isinstance(record, Typed) else None
    if key is None or key not in new:
        return
    registry: Any = type(record)
    above, seen = getattr(record, key), set[int]()
    while above is not None and above not in seen:
        if above == record.id:
            raise UsageError(f"{registry.__name__} {record.uid} can't have itself, or what is below it, as its {key.removesuffix('_id')}")
        seen.add(above)
        above = session.scalar(select(getattr(registry, key)).where(registry.id == above))


def refuse_valued(session: Session, record: Registry) -> None:
    """Refuse to lose a record that is the value of a feature somewhere.

    Raises:
        UsageError: it is; the message says of how many, and of which.
    """
    for owner, table in VALUES.items():
        holder: Any = REGISTRIES[owner]
        own = table.c[f"{holder.__tablename__}_id"]
        mine = select(own).where(table.c.registry == type(record).__name__, table.c.target_id == record.id)
        uids = session.scalars(select(holder.uid).where(holder.id.in_(mine)).order_by(holder.id).limit(3)).all()
        if uids:
            raise UsageError(
                f"{record!r} can't be deleted: it is a value of features of {owner} {', '.join(uids)}{', …' if len(uids) == 3 else ''}. "
                f"Remove it there first: record.features.remove_values(…); find them with ln.{owner}.filter(feature == record)"
            )
