"""Relations of one record: what is at their other end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, union_all
from sqlalchemy.orm import Session

from lignin.base.errors import Locked, UsageError
from lignin.instance.conditions import link_table
from lignin.instance.insert import insert_ignore
from lignin.instance.query import QuerySet
from lignin.instance.value_links import linked_by_values
from lignin.model import MAIN, REGISTRIES, TRASH, Owned, Registry, Related, Schema, ToMany, ToOne

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Members", "follow", "members"]


def follow(instance: Instance, record: Registry, relation: Related) -> Registry | None:
    """The record at the other end of a to-one relation, or `None`."""
    assert isinstance(relation, ToOne)
    key = getattr(record, relation.key)
    if key is None:
        return None
    found: Registry | None = instance.database.read(lambda session: session.get(REGISTRIES[relation.target], key))
    record.__dict__[f"_{relation.name}"] = found
    return found


def members(instance: Instance, record: Registry, relation: Related) -> Members:
    """The records at the other end of a to-many relation."""
    assert isinstance(relation, ToMany)
    return Members(instance, record, relation)


class Members:
    """`artifact.ulabels`: add, remove, and every method of a query set."""

    def __init__(self, instance: Instance, record: Registry, relation: ToMany) -> None:
        self._instance = instance
        self._record = record
        self._relation = relation

    def all(self) -> QuerySet[Any]:
        """All of them, as a query set; a collection's artifacts in its order."""
        target = REGISTRIES[self._relation.target]
        query: QuerySet[Any] = QuerySet(self._instance, target)
        if target is Schema:
            # What was found in an artifact is of a kind that lists of schemas leave out.
            query = query._lifted("kind")
        own = self._own_id()
        if self._relation.through is None:
            return query.filter(**{self._relation.other: own})
        link = link_table(self._relation)
        chosen: Any = select(link.c[self._relation.other]).where(link.c[self._relation.own] == own)
        order: tuple[Any, ...] = ()
        if "position" in link.c:
            place = select(link.c.position).where(link.c[self._relation.own] == own, link.c[self._relation.other] == target.id)
            order = (place.correlate(target).scalar_subquery(),)
        said = linked_by_values(type(self._record), self._relation)
        if said is not None:
            there, other = said.selected_columns
            chosen = union_all(chosen, said.with_only_columns(other).where(there.element == own))
        return query._with(where=(target.id.in_(chosen),), order=order)

    def add(self, *records: Registry) -> None:
        """Link saved records; those that are linked already stay.

        Raises:
            UsageError: a record of another registry, or one that is not saved.
        """
        rows = [{self._relation.own: self._own_id(), self._relation.other: self._their_id(r)} for r in records]
        link = self._editable()
        for record in records:
            if getattr(record, "branch_id", MAIN) == TRASH:
                raise UsageError(f"{type(record).__name__} {record.uid} is in the trash; take it out first: record.restore()")

        def work(session: Session) -> None:
            self._refuse_locked(session)
            # Two that add at once must not close a circle between them.
            self._instance.database.lock(session, f"link {self._relation.through}")
            self._refuse_cycle(session, {row[self._relation.other] for row in rows})
            insert_ignore(session, link, rows)

        if rows:
            self._instance.database.transact(work)

    def remove(self, *records: Registry) -> None:
        """Unlink records."""
        link = self._editable()
        ids = [self._their_id(r) for r in records]
        gone = delete(link).where(link.c[self._relation.own] == self._own_id(), link.c[self._relation.other].in_(ids))

        def work(session: Session) -> None:
            self._refuse_locked(session)
            session.execute(gone)

        self._instance.database.transact(work)

    def set(self, records: list[Registry]) -> None:
        """Link exactly these."""
        if isinstance(records, str | Registry) or not isinstance(records, Iterable):
            raise UsageError(f"{self._relation.name}.set takes a list of {self._relation.target} records, not {records!r}")
        records = list(records)
        kept = {self._their_id(r) for r in records}
        with self._instance.database.reading() as session:
            self._refuse_cycle(session, kept)
        self.remove(*(r for r in self.all() if r.id not in kept))
        self.add(*records)

    def clear(self) -> None:
        """Unlink all."""
        self.set([])

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def __len__(self) -> int:
        return self.all().count()

    def __contains__(self, record: object) -> bool:
        return isinstance(record, Registry) and self.all().filter(uid=record.uid).exists()

    def __getattr__(self, name: str) -> Any:
        # `one`, `filter`, `count`, `to_dataframe`, …: this is a query set that can be edited.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.all(), name)

    def __repr__(self) -> str:
        return repr(self.all())

    def _editable(self) -> Any:
        if not self._relation.editable:
            raise UsageError(f"{type(self._record).__name__}.{self._relation.name} follows from what was recorded; it can't be edited")
        return link_table(self._relation)

    def _refuse_locked(self, session: Session) -> None:
        """Asked of the row: another process may have locked it since this record was loaded."""
        registry = type(self._record)
        if issubclass(registry, Owned) and session.scalar(select(registry.is_locked).where(registry.id == self._own_id())):
            raise Locked(f"{self._record!r} is locked. Unlock it first: record.is_locked = False; record.save()")

    def _refuse_cycle(self, session: Session, ids: Set[int]) -> None:
        """Of a relation between records of one registry, such as a label's parents: none may lead back."""
        relation, own = self._relation, self._own_id()
        if relation.target != type(self._record).__name__:
            return
        link = link_table(relation)
        seen, pending = set[int](), set(ids)
        while pending:
            if own in pending:
                raise UsageError(f"{self._record.uid} can't have itself, or what is {self._beyond()} it, among its {relation.name}")
            seen |= pending
            chunk = sorted(pending)[:500]
            found = session.scalars(select(link.c[relation.other]).where(link.c[relation.own].in_(chunk)))
            pending = (pending - set(chunk)) | (set(found) - seen)

    def _beyond(self) -> str:
        return "above" if self._relation.name == "children" else "below"

    def _own_id(self) -> int:
        own = self._record.id
        if own is None:
            raise UsageError(f"save {type(self._record).__name__} before you use its {self._relation.name}: it is not in the database yet")
        return int(own)

    def _their_id(self, record: Registry) -> int:
        if not isinstance(record, REGISTRIES[self._relation.target]):
            raise UsageError(f"{type(self._record).__name__}.{self._relation.name} takes {self._relation.target} records, not {record!r}")
        if record.id is None:
            raise UsageError(f"save {record!r} first: it is not in the database yet")
        return int(record.id)
