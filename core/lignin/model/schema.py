"""Schemas: which features a dataset has, and how strictly; and which were found in which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from lignin.base.ports import current
from lignin.model.feature import Feature
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

__all__ = ["FOUND", "Optionals", "Schema", "artifact_schema", "schema_feature", "schema_slot"]

FOUND = "__lignin_found__"
"""The kind of a schema that nobody defined: the features that were found in a part of a dataset."""


class Schema(Registry, Owned, Trashable, Typed):
    """What a dataset must be. Names are unique within a type; what checks the same under no name is the same schema.

    Args:
        features: the features that are listed, as records or by name; `feature.with_config(optional=True)` for one that may be absent.
        name: as it is called.
        slots: the parts of a composite dataset, each with a schema: `{"obs": schema, "var.T": genes}`.
        index: the feature that the row names are.
        itype: what the column names are identifiers of, where no features are listed: `ln.Feature`, or a field such as
            `"bionty.Gene.ensembl_gene_id"`.
        dtype: what all columns of such a schema hold.
        otype: the kind of object that it is for: `DataFrame`, `AnnData`, …
        flexible: whether columns that are not listed are checked against the registered features of their names; by default, where
            none are listed.
        minimal_set: whether the listed features that are not optional must be there.
        maximal_set: whether what is not listed, or no known identifier, is refused.
        ordered_set: whether the features come in their order.
        coerce: whether `coerce` holds for all features.
        type: a schema that groups others.
        is_type: whether it is one of those, which check nothing.

    Raises:
        UsageError: members contradict each other, or are not saved.

    Example:
        >>> ln.Schema([dose, "drug"], name="doses").save()  # doctest: +SKIP

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

    def __init__(
        self,
        features: Sequence[Any] | None = None,
        *,
        name: str | None = None,
        slots: Mapping[str, Schema] | None = None,
        index: Feature | None = None,
        itype: Any = None,
        dtype: Any = None,
        otype: str | None = None,
        flexible: bool | None = None,
        minimal_set: bool = True,
        maximal_set: bool = False,
        ordered_set: bool = False,
        coerce: bool = False,
        description: str | None = None,
        type: Schema | None = None,  # noqa: A002 - as the field
        is_type: bool = False,
        _inferred: Sequence[tuple[Feature, bool]] = (),
    ) -> None:
        super().__init__(name=name, description=description, is_type=is_type, type=type)
        flags = {"flexible": flexible, "minimal_set": minimal_set, "maximal_set": maximal_set, "ordered_set": ordered_set, "coerce": coerce}
        members = {"features": features, "slots": slots, "index": index, "itype": itype, "dtype": dtype, "otype": otype, "inferred": tuple(_inferred)}
        current().construct(self, None, members | flags)

    @classmethod
    def from_dataframe(cls, df: Any, *, name: str | None = None, dtypes: Mapping[str, Any] | None = None) -> Schema:
        """An unsaved schema that a frame satisfies, with a feature for each column; features that are new are saved with it.

        Args:
            df: of pandas or polars, or an Arrow table.
            name: of the schema.
            dtypes: for columns that are to be something else than what shows: `{"cell_type": ln.ULabel}`.

        Raises:
            UsageError: columns have no one dtype, or names that can't name a feature.
        """
        found: Schema = current().infer_schema(df, name=name, dtypes=dict(dtypes or {}))
        return found

    @property
    def slots(self) -> Mapping[str, Schema]:
        """The schemas of its parts, by slot."""
        found: Mapping[str, Schema] = current().slots(self)
        return found

    def add(self, *features: Any, optional: bool | None = None) -> Schema:
        """List more features, by record or name; with `optional`, as ones that may be absent. Its content is another one then.

        Raises:
            UsageError: it has slots, is a type, or is not saved; or a feature is not registered.
        """
        current().change_schema(self, act="add", features=features, optional=optional)
        return self

    def remove(self, *features: Any) -> Schema:
        """List features no more; errors as of `add`, also where one is not listed."""
        current().change_schema(self, act="remove", features=features)
        return self

    @property
    def optionals(self) -> Optionals:
        """The features that may be absent: `get()`, `set([…])`, `add(…)`, `remove(…)`."""
        return Optionals(self)

    @property
    def spec(self) -> Any:
        """All that it checks, as a `lignin.schema.SchemaSpec`."""
        return current().spec_of(self)


class Optionals:
    """Which of a schema's features may be absent."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def get(self) -> Sequence[Feature]:
        """Those that may be absent, in the schema's order."""
        found: Sequence[Feature] = current().optional_features(self._schema)
        return found

    def set(self, features: Sequence[Any]) -> None:
        """Let exactly these be absent, by record or name; all must be listed."""
        current().change_schema(self._schema, act="set optional", features=list(features))

    def add(self, *features: Any) -> None:
        """Let these be absent too; what is not listed yet is listed."""
        current().change_schema(self._schema, act="add", features=features, optional=True)

    def remove(self, *features: Any) -> None:
        """Require these; what is not listed yet is listed."""
        current().change_schema(self._schema, act="add", features=features, optional=False)


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
