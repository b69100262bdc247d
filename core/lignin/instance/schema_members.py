"""The features that a schema lists, by the part of the dataset that they are of."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.model import Feature, Schema, schema_feature, schema_slot

__all__ = ["read_members"]


def read_members(session: Session, schema_id: int) -> Mapping[str, Mapping[str, Feature]]:
    """The features of a schema's parts by slot and name, the index among them; a schema without parts has the slot ''.

    Two statements, and one for each level of parts.
    """
    slots: dict[str, int] = {}
    pending = {"": schema_id}
    while pending:
        slots |= pending
        parts = select(schema_slot).where(schema_slot.c.schema_id.in_(pending.values())).order_by(schema_slot.c.position)
        rows = session.execute(parts).all()
        pending = {
            f"{above}:{row.slot}" if above else row.slot: row.component_id for above, own in pending.items() for row in rows if row.schema_id == own
        }
    found: dict[int, dict[str, Feature]] = {}
    ids = set(slots.values())
    link = schema_feature.c
    listed = select(link.schema_id, Feature).join(Feature, Feature.id == link.feature_id).where(link.schema_id.in_(ids))
    named = select(Schema.id, Feature).join(Feature, Feature.id == Schema.index_id).where(Schema.id.in_(ids))
    for own, feature in [*session.execute(listed).tuples(), *session.execute(named).tuples()]:
        found.setdefault(own, {})[feature.name] = feature
    return {slot: found.get(own, {}) for slot, own in slots.items()}
