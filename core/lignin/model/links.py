"""Edges and links: narrow tables with an index each way, and sightings of files.

`run_input` and `run_output` hold what runs claimed, as it was told. Who made an artifact is derived
from the claims (`artifact.run_id`): see `lignin.instance.derive`.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from lignin.model.registry import Registry

__all__ = ["collection_artifact", "run_input", "run_output", "sighting"]


def _edge(name: str) -> Table:
    table = Table(
        name,
        Registry.metadata,
        Column("run_id", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
        Column("artifact_id", ForeignKey("artifact.id", ondelete="CASCADE"), primary_key=True),
        Column("role", String(255), primary_key=True, default=""),
        sqlite_with_rowid=False,
    )
    Index(f"ix_{name}_artifact_id_run_id", table.c.artifact_id, table.c.run_id)
    return table


def _link(name: str, own: str, other: str) -> Table:
    own_table, other_table = own.removesuffix("_id"), other.removesuffix("_id")
    table = Table(
        name,
        Registry.metadata,
        Column(own, ForeignKey(f"{own_table}.id", ondelete="CASCADE"), primary_key=True),
        Column(other, ForeignKey(f"{other_table}.id", ondelete="CASCADE"), primary_key=True),
        sqlite_with_rowid=False,
    )
    Index(f"ix_{name}_{other}_{own}", table.c[other], table.c[own])
    return table


def _parents(registry: str) -> Table:
    name, end = f"{registry}_parent", f"{registry}.id"
    table = Table(
        name,
        Registry.metadata,
        Column("child_id", ForeignKey(end, ondelete="CASCADE"), primary_key=True),
        Column("parent_id", ForeignKey(end, ondelete="CASCADE"), primary_key=True),
        sqlite_with_rowid=False,
    )
    Index(f"ix_{name}_parent_id", table.c.parent_id)
    return table


run_input = _edge("run_input")
run_output = _edge("run_output")

# Earlier times of last change at which a file held the same content as the artifact holds now: what an
# older word of it, without a content, is told by. Rewritten files are few, so these rows are.
sighting = Table(
    "sighting",
    Registry.metadata,
    Column("artifact_id", ForeignKey("artifact.id", ondelete="CASCADE"), primary_key=True),
    Column("mtime_ns", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)

collection_artifact = Table(
    "collection_artifact",
    Registry.metadata,
    Column("collection_id", ForeignKey("collection.id", ondelete="CASCADE"), primary_key=True),
    Column("artifact_id", ForeignKey("artifact.id", ondelete="RESTRICT"), primary_key=True),
    Column("position", Integer, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_collection_artifact_artifact_id", collection_artifact.c.artifact_id)

ulabel_parent, record_parent = (_parents(registry) for registry in ("ulabel", "record"))

for _own in ("artifact", "run", "transform", "collection"):
    for _other in ("ulabel", "project", "record", "reference"):
        _link(f"{_own}_{_other}", f"{_own}_id", f"{_other}_id")
