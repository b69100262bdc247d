"""From stored features and schemas to what the checks speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.errors import NotFound, UsageError
from lignin.model import Feature, Schema, schema_feature, schema_slot
from lignin.schema import FeatureSpec, SchemaSpec, parse_dtype, parse_target
from lignin.schema.values import convert

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["feature_spec", "read_spec", "schema_spec", "slots_of", "spec_of", "split_synonyms"]


def feature_spec(feature: Feature) -> FeatureSpec:
    """What a value of a feature must be.

    Raises:
        UsageError: the feature is a type, which groups others and has no values.
    """
    if feature.dtype is None:
        raise UsageError(f"the feature {feature.name!r} is a type: it groups features, and has no values. Name one of those that it groups.")
    dtype = parse_dtype(feature.dtype)
    return FeatureSpec(
        name=feature.name,
        dtype=dtype,
        unit=feature.unit,
        synonyms=split_synonyms(feature.synonyms),
        nullable=feature.nullable is not False,
        default=None if feature.default_value is None else convert(feature.default_value, dtype),
        coerce=bool(feature.coerce),
    )


def split_synonyms(text: str | None) -> tuple[str, ...]:
    """The names in a text that has `|` between them."""
    return tuple(name for part in (text or "").split("|") if (name := part.strip()))


def spec_of(instance: Instance, schema: Schema) -> SchemaSpec:
    """What a dataset must be by a schema: of a saved one, as it is stored now; in three statements, and as many for each level of slots.

    Raises:
        NotFound: somebody deleted it.
    """
    if schema.id is None:
        spec: SchemaSpec = schema.__dict__["_spec"]
        return spec
    return instance.database.read(lambda session: read_spec(session, schema.id))


def slots_of(instance: Instance, schema: Schema) -> Mapping[str, Schema]:
    """The schemas of a composite schema's parts, in order, by slot."""
    if schema.id is None:
        unsaved: Mapping[str, Schema] = schema.__dict__.get("_slots", {})
        return unsaved
    parts = select(schema_slot.c.slot, Schema).join(Schema, Schema.id == schema_slot.c.component_id).where(schema_slot.c.schema_id == schema.id)
    return instance.database.read(lambda session: dict(session.execute(parts.order_by(schema_slot.c.position)).tuples().all()))


def read_spec(session: Session, schema_id: int) -> SchemaSpec:
    """The same, inside a transaction."""
    rows = {schema_id: _row(session, schema_id)}
    slots: dict[int, list[tuple[str, int]]] = {}
    pending = {schema_id}
    while pending:
        found = session.execute(select(schema_slot).where(schema_slot.c.schema_id.in_(pending)).order_by(schema_slot.c.position)).all()
        for row in found:
            slots.setdefault(row.schema_id, []).append((row.slot, row.component_id))
        pending = {row.component_id for row in found} - rows.keys()
        if pending:
            rows.update({row.id: row for row in session.scalars(select(Schema).where(Schema.id.in_(pending)))})
    features = _features(session, rows)
    indexes = _indexes(session, rows)

    def build(own: int) -> SchemaSpec:
        parts = {slot: build(component) for slot, component in slots.get(own, ())}
        return schema_spec(rows[own], members=features.get(own, ()), index=indexes.get(rows[own].index_id or 0), slots=parts)

    return build(schema_id)


def schema_spec(schema: Schema, *, members: Sequence[tuple[Feature, bool]], index: Feature | None, slots: Mapping[str, SchemaSpec]) -> SchemaSpec:
    """A schema's fields with its members, each with whether it may be absent."""
    return SchemaSpec(
        name=schema.name,
        features=tuple(feature_spec(feature) for feature, _ in members),
        optional=frozenset(feature.name for feature, is_optional in members if is_optional),
        index=None if index is None else feature_spec(index),
        itype=None if schema.itype is None else parse_target(schema.itype),
        dtype=None if schema.dtype is None else parse_dtype(schema.dtype),
        slots=slots,
        otype=schema.otype,
        minimal_set=schema.minimal_set is not False,
        maximal_set=bool(schema.maximal_set),
        ordered_set=bool(schema.ordered_set),
        flexible=schema.flexible,
        coerce=bool(schema.coerce),
    )


def _row(session: Session, schema_id: int) -> Schema:
    row = session.get(Schema, schema_id)
    if row is None:
        raise NotFound(f"Schema {schema_id} is no longer in the database; somebody deleted it")
    return row


def _features(session: Session, ids: Mapping[int, Any]) -> Mapping[int, Sequence[tuple[Feature, bool]]]:
    link = schema_feature.c
    question = select(link.schema_id, link.is_optional, Feature).join(Feature, Feature.id == link.feature_id).where(link.schema_id.in_(ids))
    found: dict[int, list[tuple[Feature, bool]]] = {}
    for schema_id, is_optional, feature in session.execute(question.order_by(link.schema_id, link.position)).tuples():
        found.setdefault(schema_id, []).append((feature, is_optional))
    return found


def _indexes(session: Session, rows: Mapping[int, Schema]) -> Mapping[int, Feature]:
    wanted = {row.index_id for row in rows.values() if row.index_id is not None}
    return {feature.id: feature for feature in session.scalars(select(Feature).where(Feature.id.in_(wanted)))} if wanted else {}
