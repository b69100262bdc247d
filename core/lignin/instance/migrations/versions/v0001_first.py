"""The first schema. A frozen copy: later changes of the models do not change it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

_LIVING = sa.text("branch_id > 0")


def upgrade() -> None:
    """Make all tables."""
    _create_account()
    _create_branch()
    _create_space()
    _create_storage()
    _create_transform()
    _create_artifact()
    _create_run()
    _create_collection()
    _create_project()
    _create_run_input()
    _create_run_output()
    _create_sighting()
    _create_ulabel()
    _create_collection_artifact()
    _create_ulabel_parent()
    for own in ("artifact", "run", "transform", "collection"):
        for other in ("project", "ulabel"):
            _create_link(own, other)
    if op.get_bind().dialect.name == "postgresql":
        # These point in a circle, so they come when both ends are there; SQLite does not mind.
        op.create_foreign_key("fk_transform_run_id_run", "transform", "run", ["run_id"], ["id"])
        op.create_foreign_key("fk_artifact_run_id_run", "artifact", "run", ["run_id"], ["id"])


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("handle", name="uq_account_handle"),
        sa.UniqueConstraint("uid", name="uq_account_uid"),
    )


def _create_branch() -> None:
    op.create_table(
        "branch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_branch"),
        sa.UniqueConstraint("name", name="uq_branch_name"),
        sa.UniqueConstraint("uid", name="uq_branch_uid"),
    )


def _create_space() -> None:
    op.create_table(
        "space",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_space"),
        sa.UniqueConstraint("name", name="uq_space_name"),
        sa.UniqueConstraint("uid", name="uq_space_uid"),
    )


def _create_storage() -> None:
    op.create_table(
        "storage",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("instance_uid", sa.String(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("created_on_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name="fk_storage_branch_id_branch"),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name="fk_storage_created_by_id_account"),
        sa.ForeignKeyConstraint(["created_on_id"], ["branch.id"], name="fk_storage_created_on_id_branch"),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_storage_space_id_space"),
        sa.PrimaryKeyConstraint("id", name="pk_storage"),
        sa.UniqueConstraint("uid", name="uq_storage_uid"),
    )
    op.create_index("ix_storage_created_at", "storage", ["created_at"], unique=False)
    op.create_index(
        "uq_storage_host_root", "storage", ["host", "root"], unique=True, sqlite_where=sa.text("branch_id > 0"), postgresql_where=sa.text("branch_id > 0")
    )


def _create_transform() -> None:
    op.create_table(
        "transform",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source_code", sa.String(), nullable=True),
        sa.Column("hash", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("reference_type", sa.String(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("created_on_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("version_tag", sa.String(), nullable=True),
        sa.Column("is_latest", sa.Boolean(), nullable=False),
        sa.Column("family", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name="fk_transform_branch_id_branch"),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name="fk_transform_created_by_id_account"),
        sa.ForeignKeyConstraint(["created_on_id"], ["branch.id"], name="fk_transform_created_on_id_branch"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_transform_run_id_run", use_alter=True),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_transform_space_id_space"),
        sa.PrimaryKeyConstraint("id", name="pk_transform"),
        sa.UniqueConstraint("uid", name="uq_transform_uid"),
    )
    op.create_index("ix_transform_created_at", "transform", ["created_at"], unique=False)
    op.create_index("ix_transform_family_hash", "transform", ["family", "hash"], unique=False)
    op.create_index("ix_transform_hash", "transform", ["hash"], unique=False)
    op.create_index("ix_transform_key", "transform", ["key"], unique=False)
    op.create_index(
        "uq_transform_family_latest",
        "transform",
        ["family", "branch_id"],
        unique=True,
        sqlite_where=sa.text("is_latest and branch_id > 0"),
        postgresql_where=sa.text("is_latest and branch_id > 0"),
    )


def _create_artifact() -> None:
    op.create_table(
        "artifact",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("suffix", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("otype", sa.String(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.String(), nullable=True),
        sa.Column("n_files", sa.Integer(), nullable=True),
        sa.Column("n_observations", sa.BigInteger(), nullable=True),
        sa.Column("extra_data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("storage_id", sa.Integer(), nullable=False),
        sa.Column("relpath", sa.String(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("origin_id", sa.Integer(), nullable=True),
        sa.Column("schema_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("created_on_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("version_tag", sa.String(), nullable=True),
        sa.Column("is_latest", sa.Boolean(), nullable=False),
        sa.Column("family", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name="fk_artifact_branch_id_branch"),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name="fk_artifact_created_by_id_account"),
        sa.ForeignKeyConstraint(["created_on_id"], ["branch.id"], name="fk_artifact_created_on_id_branch"),
        sa.ForeignKeyConstraint(["origin_id"], ["artifact.id"], name="fk_artifact_origin_id_artifact"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_artifact_run_id_run", use_alter=True),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_artifact_space_id_space"),
        sa.ForeignKeyConstraint(["storage_id"], ["storage.id"], name="fk_artifact_storage_id_storage"),
        sa.PrimaryKeyConstraint("id", name="pk_artifact"),
        sa.UniqueConstraint("uid", name="uq_artifact_uid"),
    )
    op.create_index("ix_artifact_created_at", "artifact", ["created_at"], unique=False)
    op.create_index("ix_artifact_family_hash", "artifact", ["family", "hash"], unique=False)
    op.create_index("ix_artifact_hash", "artifact", ["hash"], unique=False)
    op.create_index("ix_artifact_key", "artifact", ["key"], unique=False)
    op.create_index("ix_artifact_origin_id", "artifact", ["origin_id"], unique=False)
    op.create_index("ix_artifact_run_id_id", "artifact", ["run_id", "id"], unique=False)
    op.create_index("ix_artifact_storage_id_relpath", "artifact", ["storage_id", "relpath"], unique=False)
    op.create_index(
        "uq_artifact_family_latest",
        "artifact",
        ["family", "branch_id"],
        unique=True,
        sqlite_where=sa.text("is_latest and branch_id > 0"),
        postgresql_where=sa.text("is_latest and branch_id > 0"),
    )


def _create_run() -> None:
    op.create_table(
        "run",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("transform_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("origin_id", sa.Integer(), nullable=True),
        sa.Column("engine", sa.String(), nullable=True),
        sa.Column("scope", sa.String(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("params", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("info", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("entrypoint", sa.String(), nullable=True),
        sa.Column("cli_args", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("reference_type", sa.String(), nullable=True),
        sa.Column("told", sa.String(), nullable=True),
        sa.Column("told_end", sa.String(), nullable=True),
        sa.Column("report_id", sa.Integer(), nullable=True),
        sa.Column("environment_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("created_on_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name="fk_run_branch_id_branch"),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name="fk_run_created_by_id_account"),
        sa.ForeignKeyConstraint(["created_on_id"], ["branch.id"], name="fk_run_created_on_id_branch"),
        sa.ForeignKeyConstraint(["environment_id"], ["artifact.id"], name="fk_run_environment_id_artifact"),
        sa.ForeignKeyConstraint(["origin_id"], ["run.id"], name="fk_run_origin_id_run"),
        sa.ForeignKeyConstraint(["parent_id"], ["run.id"], name="fk_run_parent_id_run"),
        sa.ForeignKeyConstraint(["report_id"], ["artifact.id"], name="fk_run_report_id_artifact"),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_run_space_id_space"),
        sa.ForeignKeyConstraint(["transform_id"], ["transform.id"], name="fk_run_transform_id_transform"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("uid", name="uq_run_uid"),
    )
    op.create_index("ix_run_created_at", "run", ["created_at"], unique=False)
    op.create_index("ix_run_origin_id", "run", ["origin_id"], unique=False)
    op.create_index("ix_run_parent_id", "run", ["parent_id"], unique=False)
    op.create_index("ix_run_started_at", "run", ["started_at"], unique=False)
    op.create_index("ix_run_status", "run", ["status"], unique=False)
    op.create_index("ix_run_transform_id_started_at", "run", ["transform_id", "started_at"], unique=False)
    op.create_index("uq_run_engine_scope_external_id_attempt", "run", ["engine", "scope", "external_id", "attempt"], unique=True)


def _create_collection() -> None:
    op.create_table(
        "collection",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("reference_type", sa.String(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("created_on_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("version_tag", sa.String(), nullable=True),
        sa.Column("is_latest", sa.Boolean(), nullable=False),
        sa.Column("family", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name="fk_collection_branch_id_branch"),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name="fk_collection_created_by_id_account"),
        sa.ForeignKeyConstraint(["created_on_id"], ["branch.id"], name="fk_collection_created_on_id_branch"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_collection_run_id_run"),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_collection_space_id_space"),
        sa.PrimaryKeyConstraint("id", name="pk_collection"),
        sa.UniqueConstraint("uid", name="uq_collection_uid"),
    )
    op.create_index("ix_collection_created_at", "collection", ["created_at"], unique=False)
    op.create_index("ix_collection_hash", "collection", ["hash"], unique=False)
    op.create_index("ix_collection_key", "collection", ["key"], unique=False)
    op.create_index(
        "uq_collection_family_latest",
        "collection",
        ["family", "branch_id"],
        unique=True,
        sqlite_where=sa.text("is_latest and branch_id > 0"),
        postgresql_where=sa.text("is_latest and branch_id > 0"),
    )


def _create_project() -> None:
    op.create_table(
        "project",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_type", sa.Boolean(), nullable=False),
        sa.Column("type_id", sa.Integer(), nullable=True),
        sa.Column("abbr", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("created_on_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name="fk_project_branch_id_branch"),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name="fk_project_created_by_id_account"),
        sa.ForeignKeyConstraint(["created_on_id"], ["branch.id"], name="fk_project_created_on_id_branch"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_project_run_id_run"),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_project_space_id_space"),
        sa.ForeignKeyConstraint(["type_id"], ["project.id"], name="fk_project_type_id_project"),
        sa.PrimaryKeyConstraint("id", name="pk_project"),
        sa.UniqueConstraint("uid", name="uq_project_uid"),
    )
    op.create_index("ix_project_created_at", "project", ["created_at"], unique=False)
    op.create_index("ix_project_type_id", "project", ["type_id"], unique=False)
    op.create_index("uq_project_name_type", "project", ["name", sa.text("coalesce(type_id, 0)")], unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING)


def _create_run_input() -> None:
    op.create_table(
        "run_input",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("artifact_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifact.id"], name="fk_run_input_artifact_id_artifact", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_input_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "artifact_id", "role", name="pk_run_input"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_input_artifact_id_run_id", "run_input", ["artifact_id", "run_id"], unique=False)


def _create_run_output() -> None:
    op.create_table(
        "run_output",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("artifact_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifact.id"], name="fk_run_output_artifact_id_artifact", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_output_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "artifact_id", "role", name="pk_run_output"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_output_artifact_id_run_id", "run_output", ["artifact_id", "run_id"], unique=False)


def _create_sighting() -> None:
    op.create_table(
        "sighting",
        sa.Column("artifact_id", sa.Integer(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifact.id"], name="fk_sighting_artifact_id_artifact", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("artifact_id", "mtime_ns", name="pk_sighting"),
        sqlite_with_rowid=False,
    )


def _create_ulabel() -> None:
    op.create_table(
        "ulabel",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_type", sa.Boolean(), nullable=False),
        sa.Column("type_id", sa.Integer(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("reference_type", sa.String(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=False),
        sa.Column("created_on_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name="fk_ulabel_branch_id_branch"),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name="fk_ulabel_created_by_id_account"),
        sa.ForeignKeyConstraint(["created_on_id"], ["branch.id"], name="fk_ulabel_created_on_id_branch"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_ulabel_run_id_run"),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_ulabel_space_id_space"),
        sa.ForeignKeyConstraint(["type_id"], ["ulabel.id"], name="fk_ulabel_type_id_ulabel"),
        sa.PrimaryKeyConstraint("id", name="pk_ulabel"),
        sa.UniqueConstraint("uid", name="uq_ulabel_uid"),
    )
    op.create_index("ix_ulabel_created_at", "ulabel", ["created_at"], unique=False)
    op.create_index("ix_ulabel_type_id", "ulabel", ["type_id"], unique=False)
    op.create_index("uq_ulabel_name_type", "ulabel", ["name", sa.text("coalesce(type_id, 0)")], unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING)


def _create_collection_artifact() -> None:
    op.create_table(
        "collection_artifact",
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("artifact_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["artifact_id"], ["artifact.id"], name="fk_collection_artifact_artifact_id_artifact", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["collection_id"], ["collection.id"], name="fk_collection_artifact_collection_id_collection", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("collection_id", "artifact_id", name="pk_collection_artifact"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_collection_artifact_artifact_id", "collection_artifact", ["artifact_id"], unique=False)


def _create_ulabel_parent() -> None:
    op.create_table(
        "ulabel_parent",
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["ulabel.id"], name="fk_ulabel_parent_child_id_ulabel", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["parent_id"], ["ulabel.id"], name="fk_ulabel_parent_parent_id_ulabel", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("child_id", "parent_id", name="pk_ulabel_parent"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ulabel_parent_parent_id", "ulabel_parent", ["parent_id"], unique=False)


def _create_link(own: str, other: str) -> None:
    name = f"{own}_{other}"
    op.create_table(
        name,
        sa.Column(f"{own}_id", sa.Integer(), nullable=False),
        sa.Column(f"{other}_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint([f"{own}_id"], [f"{own}.id"], name=f"fk_{name}_{own}_id_{own}", ondelete="CASCADE"),
        sa.ForeignKeyConstraint([f"{other}_id"], [f"{other}.id"], name=f"fk_{name}_{other}_id_{other}", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(f"{own}_id", f"{other}_id", name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{name}_{other}_id_{own}_id", name, [f"{other}_id", f"{own}_id"])
