"""Change which features a schema lists: its content is another one then, and what was checked by it before is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.base.texts import shown
from lignin.instance.define import features_of
from lignin.instance.rows import as_before_on_failure, update_record
from lignin.instance.specs import schema_spec
from lignin.model import Artifact, Feature, Schema, schema_feature, schema_slot

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["change_schema", "optional_features"]

Members = Sequence[tuple[Feature, bool]]


def change_schema(instance: Instance, schema: Schema, *, act: str, features: Sequence[Any], optional: bool | None = None) -> None:
    """List features too, list them no more, or say which may be absent.

    Args:
        instance: where the schema is stored.
        schema: a saved one, whose features stand in it and not in slots.
        act: `add`, `remove`, `set optional`: exactly the given ones are optional then.
        features: records, or names.
        optional: with `add`: whether they may be absent; listed ones are changed.

    Raises:
        UsageError: it has slots, is a type or is not saved; or a feature to remove is not listed.
        Locked: the schema is locked.
    """
    if schema.id is None or schema.is_type:
        raise UsageError(f"{shown(schema.name or schema.uid)} lists no features that could be changed: it is {'a type' if schema.is_type else 'not saved yet'}")
    given = features_of(instance, features)
    turns: Mapping[str, Callable[[Members, Members], Members]] = {"add": partial(_added, optional=optional), "remove": _without, "set optional": _freed}
    turn = turns[act]

    def work(session: Session) -> int:
        instance.database.lock(session, f"schema {schema.name or schema.hash}")
        if session.scalar(select(schema_slot.c.slot).where(schema_slot.c.schema_id == schema.id).limit(1)) is not None:
            raise UsageError(f"the schema {shown(schema.name or schema.uid)} has slots: change the schema of one of them")
        members = turn(_members(session, schema), given)
        index = None if schema.index_id is None else session.get(Feature, schema.index_id)
        if not (members or schema.itype or index):
            raise UsageError(f"the schema {shown(schema.name or schema.uid)} would check nothing. Delete it, or leave one feature in it.")
        spec = schema_spec(schema, members=members, index=index, slots={})
        update_record(session, schema, {"hash": spec.content_id, "n_members": len(members)})
        session.execute(delete(schema_feature).where(schema_feature.c.schema_id == schema.id))
        rows = [{"schema_id": schema.id, "feature_id": f.id, "position": n, "is_optional": is_optional} for n, (f, is_optional) in enumerate(members)]
        if rows:
            session.execute(insert(schema_feature), rows)
        return session.scalar(select(func.count()).select_from(Artifact).where(Artifact.schema_id == schema.id)) or 0

    with as_before_on_failure(schema):
        number = instance.database.transact(work)
    if number:
        say("!", f"{number:,} artifact{'s were' if number > 1 else ' was'} validated by {shown(schema.name or schema.uid)} as it was before; validate again what must meet it now")


def optional_features(instance: Instance, schema: Schema) -> Sequence[Feature]:
    """The listed features that may be absent, in their order."""
    if schema.id is None:
        return [feature for feature, is_optional in schema.__dict__.get("_members", ()) if is_optional]
    return [feature for feature, is_optional in instance.database.read(lambda session: _members(session, schema)) if is_optional]


def _members(session: Session, schema: Schema) -> Members:
    link = schema_feature.c
    question = select(Feature, link.is_optional).join(Feature, Feature.id == link.feature_id).where(link.schema_id == schema.id).order_by(link.position)
    return [(feature, bool(is_optional)) for feature, is_optional in session.execute(question).tuples()]


def _added(members: Members, given: Members, *, optional: bool | None) -> Members:
    new = {feature.id: (feature, is_optional if optional is None else optional) for feature, is_optional in given}
    there = {feature.id for feature, _ in members}
    return [*(new.get(feature.id, (feature, was)) for feature, was in members), *(member for own, member in new.items() if own not in there)]


def _without(members: Members, given: Members) -> Members:
    _refuse_unlisted(given, members)
    gone = {feature.id for feature, _ in given}
    return [(feature, was) for feature, was in members if feature.id not in gone]


def _freed(members: Members, given: Members) -> Members:
    _refuse_unlisted(given, members)
    free = {feature.id for feature, _ in given}
    return [(feature, feature.id in free) for feature, _ in members]


def _refuse_unlisted(given: Members, members: Members) -> None:
    there = {feature.id for feature, _ in members}
    if strangers := [feature.name for feature, _ in given if feature.id not in there]:
        raise UsageError(f"the schema does not list {strangers[0]!r}")
