"""Schemas: which features a dataset has, and how strictly; and which were found in which."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from lignin.model.registry import (
    Owned,
    Registry,
    ToMany,
    ToOne,
    Trashable,
    Typed,
    unique_within_type,
)
from lignin.model.types import exact, optional_link

__all__ = ["FOUND", "Schema", "artifact_schema", "schema_feature", "schema_slot"]

FOUND = "__lignin_found__"
"""The kind of a schema that nobody defined: the features that were found in a part of a dataset."""


class Schema(Registry, Owned, Trashable, Typed):
    """What a dataset must be. Names are unique within a type.

    Attributes:
        kind: absent for what people define; `__lignin_found__` for the features that a part of a dataset turned out to have.
        hash: the digest of all that is checked, as `lignin.schema.SchemaSpec.content_id` has it.
        n_members: the features it lists, or the identifiers that were found.
        itype: what the column names are identifiers of, where it lists no features.
        dtype: what all columns of such a schema hold.
        otype: the kind of object that it is for.
        index: the feature that the row names are.
        minimal_set, maximal_set, ordered_set, flexible, coerce: as in `lignin.schema.SchemaSpec`.
    """

    __tablename__ = "schema"
    uid_length, label = 16, "name"

    uid: Mapped[str] = exact(unique=True)
    name: Mapped[str | None] = mapped_column(default=None)
    is_type: Mapped[bool] = mapped_column(default=False)
    type_id: Mapped[int | None] = optional_link("schema")
    description: Mapped[str | None] = mapped_column(default=None)
    kind: Mapped[str | None] = mapped_column(default=None)
    hash: Mapped[str | None] = exact(default=None, index=True)
    n_members: Mapped[int | None] = mapped_column(default=None)
    itype: Mapped[str | None] = mapped_column(default=None)
    dtype: Mapped[str | None] = mapped_column(default=None)
    otype: Mapped[str | None] = mapped_column(default=None)
    index_id: Mapped[int | None] = optional_link("feature", index=False)
    minimal_set: Mapped[bool] = mapped_column(default=True)
    maximal_set: Mapped[bool] = mapped_column(default=False)
    ordered_set: Mapped[bool] = mapped_column(default=False)
    flexible: Mapped[bool | None] = mapped_column(default=None)
    coerce: Mapped[bool] = mapped_column(default=False)
    run_id: Mapped[int | None] = optional_link("run", index=False)

    type = ToOne("Schema")
    index = ToOne("Feature")
    run = ToOne("Run")
    features = ToMany("Feature", through="schema_feature", own="schema_id", other="feature_id", editable=False)
    components = ToMany("Schema", through="schema_slot", own="schema_id", other="component_id", editable=False)
    validated_artifacts = ToMany("Artifact", other="schema_id")
    artifacts = ToMany("Artifact", through="artifact_schema", own="schema_id", other="artifact_id", editable=False)


unique_within_type(Schema)

schema_feature = Table(
    "schema_feature",
    Registry.metadata,
    Column("schema_id", ForeignKey("schema.id", ondelete="CASCADE"), primary_key=True),
    Column("feature_id", ForeignKey("feature.id", ondelete="RESTRICT"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("is_optional", Boolean, nullable=False, default=False),
    sqlite_with_rowid=False,
)
Index("ix_schema_feature_feature_id_schema_id", schema_feature.c.feature_id, schema_feature.c.schema_id)

# The parts of a composite dataset, each with a schema of its own: `obs`, `var.T`, `uns:study`.
schema_slot = Table(
    "schema_slot",
    Registry.metadata,
    Column("schema_id", ForeignKey("schema.id", ondelete="CASCADE"), primary_key=True),
    Column("slot", String, primary_key=True),
    Column("component_id", ForeignKey("schema.id", ondelete="RESTRICT"), nullable=False),
    Column("position", Integer, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_schema_slot_component_id", schema_slot.c.component_id)

# The features that were found in the parts of a dataset; `columns` is the part of a table.
artifact_schema = Table(
    "artifact_schema",
    Registry.metadata,
    Column("artifact_id", ForeignKey("artifact.id", ondelete="CASCADE"), primary_key=True),
    Column("slot", String, primary_key=True),
    Column("schema_id", ForeignKey("schema.id", ondelete="RESTRICT"), nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_artifact_schema_schema_id_artifact_id", artifact_schema.c.schema_id, artifact_schema.c.artifact_id)
