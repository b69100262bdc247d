"""Records: samples, donors, instruments, experiments; the rows of sheets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Table
from sqlalchemy.orm import Mapped, mapped_column

from lignin.model.registry import (
    Owned,
    Parented,
    Registry,
    ToMany,
    ToOne,
    Trashable,
    Typed,
    unique_within_type,
)
from lignin.model.types import exact, optional_link

__all__ = ["Record", "record_parent"]


class Record(Registry, Owned, Trashable, Typed, Parented):
    """Anything that experiments are about. A type with a schema is a sheet, and its records are the rows. Names are unique within a type.

    Attributes:
        schema: of a type: what its records must be.
        extra_data: what nobody checks.
    """

    __tablename__ = "record"
    uid_length, label = 16, "name"

    uid: Mapped[str] = exact(unique=True)
    name: Mapped[str | None] = mapped_column(default=None)
    is_type: Mapped[bool] = mapped_column(default=False)
    type_id: Mapped[int | None] = optional_link("record")
    description: Mapped[str | None] = mapped_column(default=None)
    reference: Mapped[str | None] = mapped_column(default=None)
    reference_type: Mapped[str | None] = mapped_column(default=None)
    extra_data: Mapped[Mapping[str, Any] | None] = mapped_column(default=None)
    schema_id: Mapped[int | None] = optional_link("schema")
    run_id: Mapped[int | None] = optional_link("run", index=False)

    type = ToOne("Record")
    schema = ToOne("Schema")
    run = ToOne("Run")
    records = ToMany("Record", other="type_id")
    parents = ToMany("Record", through="record_parent", own="child_id", other="parent_id")
    children = ToMany("Record", through="record_parent", own="parent_id", other="child_id")
    artifacts = ToMany("Artifact", through="artifact_record", own="record_id", other="artifact_id", editable=False)


unique_within_type(Record)

record_parent = Table(
    "record_parent",
    Registry.metadata,
    Column("child_id", ForeignKey("record.id", ondelete="CASCADE"), primary_key=True),
    Column("parent_id", ForeignKey("record.id", ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,
)
Index("ix_record_parent_parent_id", record_parent.c.parent_id)
