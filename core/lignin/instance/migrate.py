"""Bring a database to the schema of this code.

A new database gets all tables at once; an existing one is migrated step by step. Opening a database
of another schema is refused with what to do about it.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config

from lignin.instance.database import Database
from lignin.instance.migrations import HEAD
from lignin.instance.schema_version import schema_version

__all__ = ["migrate"]


def migrate(database: Database) -> tuple[str, str]:
    """Migrate to the newest schema.

    Returns:
        the revision before and the one after; the same where there was nothing to do.

    Raises:
        SchemaVersionError: the database is newer than this code, or is none of Lignin's.
    """
    before = schema_version(database)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    if before != HEAD:
        with database.engine.connect().execution_options(lignin_write=True) as connection:
            if database.is_sqlite:
                # Tables are rebuilt by copy, drop and rename, which foreign keys would forbid; the setting
                # can't change inside a transaction, and must not go back to the pool.
                connection.detach()
                connection.connection.cursor().execute("pragma foreign_keys=off")
            with connection.begin():
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    return before, HEAD
