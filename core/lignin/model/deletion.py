"""What was deleted for good: so that its uid never comes to stand for something else."""

from sqlalchemy import Column, ForeignKey, Index, String, Table

from lignin.model.registry import Registry
from lignin.model.types import UtcDateTime, exact_text

__all__ = ["deletion"]

deletion = Table(
    "deletion",
    Registry.metadata,
    Column("registry", String(64), primary_key=True),
    Column("uid", exact_text(64), primary_key=True),
    # Of a versioned record: the part of its uid that all its versions share.
    Column("stem", exact_text(64)),
    Column("name", String),
    # The uid of the record that it turned out to be the same as.
    Column("replaced_by", String(64)),
    Column("deleted_at", UtcDateTime, nullable=False),
    Column("deleted_by_id", ForeignKey("account.id")),
    sqlite_with_rowid=False,
)
Index("ix_deletion_registry_stem", deletion.c.registry, deletion.c.stem)
