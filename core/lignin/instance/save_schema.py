"""Store schemas: what checks the same under the same name, or under none, is the same schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from lignin.base.errors import UsageError
from lignin.base.ids import new_uid
from lignin.base.messages import say
from lignin.instance.current_run import current_run_id
from lignin.instance.rows import as_before_on_failure, become, insert_record
from lignin.model import Feature, Schema, schema_feature, schema_slot

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["insert_schema", "save_schema"]


def save_schema(instance: Instance, record: Schema) -> None:
    """Store a new schema that is no type.

    Raises:
        UsageError: there is another of its name that checks something else.
    """
    with as_before_on_failure(record):
        existing = instance.database.transact(lambda session: insert_schema(instance, session, record))
    if existing is not None:
        become(record, existing)
        if record.kind is None:
            say("→", f"returning schema with same {'name' if record.name else 'content'}: {record.name or record.uid!r}")


def insert_schema(instance: Instance, session: Session, record: Schema) -> Schema | None:
    """Insert a schema with its members, inside a transaction; the one that there is already, where there is one."""
    instance.database.lock(session, f"schema {record.name or record.hash}")
    known = _find(session, record)
    if known is not None:
        session.expunge(known)
        if known.hash != record.hash:
            raise UsageError(f"there is a Schema {record.name!r} ({known.uid}) already, and it checks something else. Choose another name, or use that one: ln.Schema.get(name={record.name!r})")
        return known
    members: Any = record.__dict__.get("_members", ())
    slots: Any = record.__dict__.get("_slots", {})
    record.id = None  # type: ignore[assignment]  # a try that was rolled back has set it
    record.uid = record.uid or new_uid(Schema.uid_length)
    record.branch_id = record.created_on_id = instance.branch_id
    record.space_id, record.created_by_id, record.run_id = instance.space_id, instance.user_id, current_run_id(instance)
    new = [feature for feature, _ in members if feature.id is None]
    for feature in new:
        _insert_feature(session, feature, record)
    insert_record(session, record)
    rows = [{"schema_id": record.id, "feature_id": feature.id, "position": n, "is_optional": is_optional} for n, (feature, is_optional) in enumerate(members)]
    parts = [{"schema_id": record.id, "slot": slot, "component_id": part.id, "position": n} for n, (slot, part) in enumerate(slots.items())]
    for table, listed in ((schema_feature, rows), (schema_slot, parts)):
        if listed:
            session.execute(insert(table), listed)
    return None


def _find(session: Session, record: Schema) -> Schema | None:
    living = select(Schema).where(Schema.branch_id > 0, Schema.is_type.is_(False))
    if record.name is not None:
        return session.scalars(living.where(Schema.name == record.name, Schema.type_id.is_not_distinct_from(record.type_id))).one_or_none()
    same = living.where(Schema.hash == record.hash, Schema.kind.is_not_distinct_from(record.kind), Schema.name.is_(None), Schema.type_id.is_not_distinct_from(record.type_id))
    return session.scalars(same.order_by(Schema.id).limit(1)).one_or_none()


def _insert_feature(session: Session, feature: Feature, schema: Schema) -> None:
    """A feature that was inferred together with the schema."""
    there = session.scalar(select(Feature.id).where(Feature.name == feature.name, Feature.type_id.is_(None), Feature.branch_id > 0))
    if there is not None:
        raise UsageError(f"somebody registered the feature {feature.name!r} meanwhile. Infer the schema again.")
    feature.id = None  # type: ignore[assignment]  # a try that was rolled back has set it
    feature.uid = feature.uid or new_uid(Feature.uid_length)
    feature.branch_id = feature.created_on_id = schema.branch_id
    feature.space_id, feature.created_by_id, feature.run_id = schema.space_id, schema.created_by_id, schema.run_id
    insert_record(session, feature)
