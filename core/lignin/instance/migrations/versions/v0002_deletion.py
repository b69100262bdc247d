"""Remember what was deleted for good; on PostgreSQL, compare uids, keys, paths and hashes byte by byte."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_EXACT = {
    "account": {"uid": False},
    "artifact": {"uid": False, "key": True, "hash": True, "family": True, "relpath": False},
    "branch": {"uid": False},
    "collection": {"uid": False, "key": True, "hash": False, "family": True},
    "project": {"uid": False},
    "run": {"uid": False},
    "space": {"uid": False},
    "storage": {"uid": False},
    "transform": {"uid": False, "key": True, "hash": True, "family": True},
    "ulabel": {"uid": False},
}
"""By table and column: whether it may be null."""


def upgrade() -> None:
    """Make the table `deletion`, and give columns their collation."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    exact = sa.String(64, collation="C") if is_postgresql else sa.String(64)
    op.create_table(
        "deletion",
        sa.Column("registry", sa.String(64), nullable=False),
        sa.Column("uid", exact, nullable=False),
        sa.Column("stem", exact, nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("replaced_by", sa.String(64), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["deleted_by_id"], ["account.id"], name="fk_deletion_deleted_by_id_account"),
        sa.PrimaryKeyConstraint("registry", "uid", name="pk_deletion"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_deletion_registry_stem", "deletion", ["registry", "stem"], unique=False)
    if is_postgresql:
        for table, columns in _EXACT.items():
            for column, nullable in columns.items():
                op.alter_column(table, column, type_=sa.String(collation="C"), existing_type=sa.String(), existing_nullable=nullable)
