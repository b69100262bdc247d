"""Features, schemas, records, references, notes, and values of features. A frozen copy, as of the first schema."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

_LIVING = sa.text("branch_id > 0")


def upgrade() -> None:
    """Make the tables, and index the schemas of artifacts."""
    _create_typed("feature", *_texts("dtype", "unit", "description", "synonyms"), _flag("nullable"), sa.Column("default_value", _json(), nullable=True), _flag("coerce"))
    reference = (*_texts("abbr", "description", "url"), sa.Column("doi", _exact(), nullable=True), sa.Column("pubmed_id", sa.Integer(), nullable=True))
    _create_typed("reference", *reference, *_texts("text"), sa.Column("date", sa.Date(), nullable=True))
    for column in ("doi", "pubmed_id"):
        op.create_index(f"ix_reference_{column}", "reference", [column], unique=False)
    _create_schema()
    record = (*_texts("description", "reference", "reference_type"), sa.Column("extra_data", _json(), nullable=True), _key("record", "schema_id", "schema"))
    _create_typed("record", *record, is_named=False)
    op.create_index("ix_record_schema_id", "record", ["schema_id"], unique=False)
    _create_note()
    _create_members()
    for own in ("artifact", "run", "transform", "collection"):
        for other in ("record", "reference"):
            _create_link(f"{own}_{other}", f"{own}_id", own, f"{other}_id", other)
            op.create_index(f"ix_{own}_{other}_{other}_id_{own}_id", f"{own}_{other}", [f"{other}_id", f"{own}_id"], unique=False)
    _create_link("record_parent", "child_id", "record", "parent_id", "record")
    op.create_index("ix_record_parent_parent_id", "record_parent", ["parent_id"], unique=False)
    for owner in ("artifact", "run", "record"):
        _create_values(owner)
    op.create_index("ix_artifact_schema_id", "artifact", ["schema_id"], unique=False)


def _create_typed(table: str, *columns: sa.Column[Any], is_named: bool = True) -> None:
    """A registry with types, whose names are unique within one."""
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", _exact(), nullable=False),
        sa.Column("name", sa.String(), nullable=not is_named),
        _flag("is_type"),
        _key(table, "type_id", table),
        *columns,
        _key(table, "run_id", "run"),
        *_owned(table),
        *(_key(table, column, target, nullable=False) for column, target in (("branch_id", "branch"), ("created_on_id", "branch"), ("space_id", "space"))),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("uid", name=f"uq_{table}_uid"),
    )
    op.create_index(f"ix_{table}_created_at", table, ["created_at"], unique=False)
    op.create_index(f"ix_{table}_type_id", table, ["type_id"], unique=False)
    unique: list[Any] = ["name", sa.text("coalesce(type_id, 0)")]
    op.create_index(f"uq_{table}_name_type", table, unique, unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING)


def _create_schema() -> None:
    flags = [_flag(name) for name in ("minimal_set", "maximal_set", "ordered_set")]
    _create_typed(
        "schema",
        *_texts("description", "kind"),
        sa.Column("hash", _exact(), nullable=True),
        sa.Column("n_members", sa.Integer(), nullable=True),
        *_texts("itype", "dtype", "otype"),
        _key("schema", "index_id", "feature"),
        *flags,
        sa.Column("flexible", sa.Boolean(), nullable=True),
        _flag("coerce"),
        is_named=False,
    )
    op.create_index("ix_schema_hash", "schema", ["hash"], unique=False)


def _create_note() -> None:
    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", _exact(), nullable=False),
        sa.Column("target_registry", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        *_owned("note"),
        sa.PrimaryKeyConstraint("id", name="pk_note"),
        sa.UniqueConstraint("uid", name="uq_note_uid"),
    )
    op.create_index("ix_note_created_at", "note", ["created_at"], unique=False)
    op.create_index("ix_note_target_registry_target_id_kind", "note", ["target_registry", "target_id", "kind"], unique=False)


def _create_members() -> None:
    """What schemas list, and which were found in artifacts."""
    op.create_table(
        "schema_feature",
        _end("schema_feature", "schema_id", "schema", "CASCADE"),
        _end("schema_feature", "feature_id", "feature", "RESTRICT"),
        sa.Column("position", sa.Integer(), nullable=False),
        _flag("is_optional"),
        sa.PrimaryKeyConstraint("schema_id", "feature_id", name="pk_schema_feature"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_schema_feature_feature_id_schema_id", "schema_feature", ["feature_id", "schema_id"], unique=False)
    op.create_table(
        "schema_slot",
        _end("schema_slot", "schema_id", "schema", "CASCADE"),
        sa.Column("slot", sa.String(), nullable=False),
        _end("schema_slot", "component_id", "schema", "RESTRICT"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("schema_id", "slot", name="pk_schema_slot"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_schema_slot_component_id", "schema_slot", ["component_id"], unique=False)
    op.create_table(
        "artifact_schema",
        _end("artifact_schema", "artifact_id", "artifact", "CASCADE"),
        sa.Column("slot", sa.String(), nullable=False),
        _end("artifact_schema", "schema_id", "schema", "RESTRICT"),
        sa.PrimaryKeyConstraint("artifact_id", "slot", name="pk_artifact_schema"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_artifact_schema_schema_id_artifact_id", "artifact_schema", ["schema_id", "artifact_id"], unique=False)


def _create_link(table: str, own: str, own_table: str, other: str, other_table: str) -> None:
    op.create_table(
        table,
        _end(table, own, own_table, "CASCADE"),
        _end(table, other, other_table, "CASCADE"),
        sa.PrimaryKeyConstraint(own, other, name=f"pk_{table}"),
        sqlite_with_rowid=False,
    )


def _create_values(owner: str) -> None:
    table, own = f"{owner}_value", f"{owner}_id"
    op.create_table(
        table,
        _end(table, own, owner, "CASCADE"),
        _end(table, "feature_id", "feature", "RESTRICT"),
        sa.Column("slot", sa.String(255), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("integer", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("text", _exact(), nullable=True),
        sa.Column("json", _json(), nullable=True),
        sa.Column("registry", sa.String(64), nullable=True),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _key(table, "created_by_id", "account"),
        sa.Column("by_run_id", sa.Integer(), sa.ForeignKey("run.id", name=f"fk_{table}_by_run_id_run", ondelete="SET NULL"), nullable=True),
        sa.PrimaryKeyConstraint(own, "feature_id", "slot", "position", name=f"pk_{table}"),
        sqlite_with_rowid=False,
    )
    for column in ("integer", "number", "target_id", "text"):
        indexed: Any = sa.text("substr(text, 1, 400)") if column == "text" else column
        _index_there(f"ix_{table}_feature_id_{column}", table, ["feature_id", indexed, own], column)
    _index_there(f"ix_{table}_registry_target_id", table, ["registry", "target_id"], "target_id")


def _index_there(name: str, table: str, columns: list[Any], column: str) -> None:
    there = sa.text(f"{column} IS NOT NULL")
    op.create_index(name, table, columns, unique=False, sqlite_where=there, postgresql_where=there)


def _exact() -> sa.String:
    return sa.String(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.String()


def _json() -> Any:
    return postgresql.JSONB() if op.get_bind().dialect.name == "postgresql" else sa.JSON()


def _texts(*names: str) -> tuple[sa.Column[Any], ...]:
    return tuple(sa.Column(name, sa.String(), nullable=True) for name in names)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _key(table: str, column: str, target: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(column, sa.Integer(), sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{column}_{target}"), nullable=nullable)


def _end(table: str, column: str, target: str, ondelete: str) -> sa.Column[Any]:
    return sa.Column(column, sa.Integer(), sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{column}_{target}", ondelete=ondelete), nullable=False)


def _owned(table: str) -> tuple[sa.Column[Any], ...]:
    return (sa.Column("created_at", sa.DateTime(timezone=True), nullable=False), _key(table, "created_by_id", "account"), _flag("is_locked"))
