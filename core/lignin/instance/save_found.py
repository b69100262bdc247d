"""Store what was found in datasets, in the transaction that stores the artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from lignin.base.clock import now
from lignin.base.errors import Locked
from lignin.base.ids import new_uid
from lignin.instance.curate import Found, FoundSlot
from lignin.instance.insert import insert_many, insert_one
from lignin.instance.rows import owned_fields
from lignin.model import (
    FOUND,
    Artifact,
    Schema,
    artifact_schema,
    artifact_value,
    schema_feature,
)
from lignin.schema import Categorical, Dtype, ListOf, Target, parse_dtype

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["FoundRows", "found_rows", "store_found"]

_NO_VALUE: Mapping[str, Any] = {"integer": None, "number": None, "text": None, "json": None, "registry": None, "target_id": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRows:
    """What was found in a dataset, ready to be stored.

    Attributes:
        slots: the features, by part.
        values: rows of labels, without the artifact whose they are.
    """

    slots: Sequence[FoundSlot]
    values: Sequence[Mapping[str, Any]]

    @property
    def locks(self) -> Iterable[str]:
        """What must be held while they are stored, so that the same is found once."""
        return (f"schema {slot.hash}" for slot in self.slots)


def found_rows(found: Found | None) -> FoundRows | None:
    """Look the labels' records up: a statement for each vocabulary of up to 5,000 labels, before the transaction begins."""
    if found is None:
        return None
    columns = [(column, _targets(parse_dtype(column.dtype))) for column in found.terms]
    asked: dict[Target, dict[str, None]] = {}
    for column, targets in columns:
        for target in targets:
            asked.setdefault(target, {}).update(dict.fromkeys(column.terms))
    answers = {target: _look_up(found, target, list(terms)) for target, terms in asked.items()}
    rows: list[Mapping[str, Any]] = []
    for column, targets in columns:
        values = [value for term in column.terms if (value := _value(term, [answers[target] for target in targets])) is not None]
        rows += [{"feature_id": column.feature_id, "slot": column.slot, "position": n, **_NO_VALUE, **value} for n, value in enumerate(values)]
    return FoundRows(slots=found.slots, values=rows)


def _look_up(found: Found, target: Target, terms: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What a row holds for each label that is a term of a target: its record, or in a table of terms its text."""
    of_registry = found.registries.registries.terms(target)
    if of_registry is not None:
        return {term: {"registry": registry, "target_id": row_id} for term, (registry, row_id) in of_registry.ids(terms).items()}
    table = found.registries.vocabulary(target)
    return {} if table is None else {term: {"text": term} for term in table.known(terms)}


def _value(term: str, answers: Sequence[Mapping[str, Mapping[str, Any]]]) -> Mapping[str, Any] | None:
    """What the row of a label holds; `None` where somebody deleted the term since it was looked up."""
    if not answers:
        return {"text": term}
    return next((answer[term] for answer in answers if term in answer), None)


def store_found(instance: Instance, session: Session, rows: FoundRows | None, artifact: Artifact, *, run_id: int | None) -> None:
    """Say of an artifact what was found in it, in the place of what was found before. The caller holds the locks.

    Raises:
        Locked: it is locked, and was not found to hold this before.
    """
    if rows is None:
        return
    schemas = {slot.slot: _schema(instance, session, slot, run_id=run_id) for slot in rows.slots}
    own = artifact_schema.c
    before = dict(session.execute(select(own.slot, own.schema_id).where(own.artifact_id == artifact.id)).tuples().all())
    if artifact.is_locked:
        if before != schemas:
            raise Locked(f"{artifact!r} is locked. Unlock it first: record.is_locked = False; record.save()")
        return
    if before:
        session.execute(delete(artifact_schema).where(own.artifact_id == artifact.id))
        session.execute(delete(artifact_value).where(artifact_value.c.artifact_id == artifact.id, artifact_value.c.slot != ""))
    links = [{"artifact_id": artifact.id, "slot": slot, "schema_id": schema_id} for slot, schema_id in schemas.items()]
    insert_many(session, artifact_schema, links, shared={})
    said = {"artifact_id": artifact.id, "created_at": now(), "created_by_id": instance.user_id, "by_run_id": run_id}
    insert_many(session, artifact_value, rows.values, shared=said)


def _schema(instance: Instance, session: Session, slot: FoundSlot, *, run_id: int | None) -> int:
    """The id of the schema that says what was found in a part: one for all parts in which it was found."""
    table: Any = Schema.__table__
    known = session.scalar(select(table.c.id).where(table.c.hash == slot.hash, table.c.kind == FOUND).order_by(table.c.id).limit(1))
    if known is not None:
        return int(known)
    plain = {column.key: None for column in table.c if column.key != "id"}
    flags = {"is_type": False, "minimal_set": True, "maximal_set": False, "ordered_set": False, "coerce": False}
    own = {
        "uid": new_uid(Schema.uid_length), "kind": FOUND, "hash": slot.hash, "n_members": slot.n_members, "itype": slot.itype, "dtype": slot.dtype,
        "index_id": slot.index_id, "run_id": run_id,
    }
    schema_id = insert_one(session, table, {**plain, **flags, **owned_fields(instance), **own})
    members = [{"schema_id": schema_id, "feature_id": feature, "position": position, "is_optional": False} for position, feature in enumerate(slot.features)]
    if members:
        session.execute(insert(schema_feature), members)
    return schema_id


def _targets(dtype: Dtype) -> tuple[Target, ...]:
    while isinstance(dtype, ListOf):
        dtype = dtype.item
    return dtype.targets if isinstance(dtype, Categorical) else ()
