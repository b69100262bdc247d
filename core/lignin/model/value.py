"""Values of features: of artifacts, runs and records, in one typed row each, and indexed by what they hold.

| dtype | column |
|---|---|
| int, bool | `integer` |
| float, num | `number` |
| str, path, url, cat without a registry | `text` |
| date, datetime | `text`: ISO 8601, with microseconds, those with a zone in UTC and with `+00:00`, so that texts sort as moments do |
| dict | `json` |
| cat[…] | `registry`, the name of one, and `target_id`, the id of a record there |

A feature with several values has several rows, in the order of `position`.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, String, Table
from sqlalchemy import text as sql

from lignin.model.registry import Registry
from lignin.model.types import JsonObject, UtcDateTime, exact_text

__all__ = ["INDEXED_TEXT", "VALUES", "artifact_value", "record_value", "run_value"]

INDEXED_TEXT = 400
"""Texts are indexed by so many characters: PostgreSQL indexes no text of more than 2,700 bytes."""


def _values_of(owner: str) -> Table:
    own = f"{owner}_id"
    table = Table(
        f"{owner}_value",
        Registry.metadata,
        Column(own, ForeignKey(f"{owner}.id", ondelete="CASCADE"), primary_key=True),
        Column("feature_id", ForeignKey("feature.id", ondelete="RESTRICT"), primary_key=True),
        # The part of the dataset that the value was found in; empty for what people said of the whole.
        Column("slot", String(255), primary_key=True, default=""),
        Column("position", Integer, primary_key=True, default=0),
        Column("integer", BigInteger),
        Column("number", Double),
        Column("text", exact_text()),
        Column("json", JsonObject(none_as_null=True)),
        Column("registry", String(64)),
        Column("target_id", Integer),
        Column("created_at", UtcDateTime, nullable=False),
        Column("created_by_id", ForeignKey("account.id")),
        # The run in which it was said.
        Column("by_run_id", ForeignKey("run.id", ondelete="SET NULL")),
        sqlite_with_rowid=False,
    )
    for column in ("integer", "number", "target_id"):
        _partial(table, own, column, table.c[column])
    _partial(table, own, "text", sql(f"substr(text, 1, {INDEXED_TEXT})"))
    there: Any = table.c.target_id.is_not(None)
    Index(f"ix_{table.name}_registry_target_id", table.c.registry, table.c.target_id, sqlite_where=there, postgresql_where=there)
    return table


def _partial(table: Table, own: str, column: str, indexed: Any) -> None:
    there: Any = table.c[column].is_not(None)
    Index(f"ix_{table.name}_feature_id_{column}", table.c.feature_id, indexed, table.c[own], sqlite_where=there, postgresql_where=there)


artifact_value = _values_of("artifact")
run_value = _values_of("run")
record_value = _values_of("record")

VALUES = {"Artifact": artifact_value, "Run": run_value, "Record": record_value}
"""The table of values by the name of the registry whose they are."""
