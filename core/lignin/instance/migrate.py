"""Bring a database to the schema of this code.

A new database gets all tables at once; an existing one is migrated step by step. Opening a database
of another schema is refused with what to do about it.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from lignin.instance.database import Database
from lignin.instance.migrations import HEAD
from lignin.instance.schema_version import schema_version

__all__ = ["SCRIPTS", "migrate", "scripts"]

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(database: Database) -> tuple[str, str]:
    """Migrate to the newest schema.

    Returns:
        the revision before and the one after; the same where there was nothing to do.

    Raises:
        SchemaVersionError: the database is newer than this code, or is none of Lignin's.
    """
    before = schema_version(database)
    config = scripts()
    if before != HEAD:
        with database.engine.connect().execution_options(lignin_write=True) as connection:
            if database.is_sqlite:
                # Tables are rebuilt by copy, drop and rename, which foreign keys would forbid; the setting
                # can't change inside a transaction, and must not go back to the pool.
                connection.detach()
                connection.connection.cursor().execute("pragma foreign_keys=off")
            # All or nothing: what is killed on the way leaves the database as it was. SQLite's driver would end the transaction
            # before a change of a table, were it not told to begin none by itself.
            with connection.begin():
                if not database.is_sqlite:
                    connection.execute(text("select pg_advisory_xact_lock(7265116)"))
                config.attributes["connection"] = connection
                command.upgrade(config, HEAD)
    return before, HEAD


def scripts() -> Config:
    """Alembic's configuration: where the revisions are."""
    config = Config()
    # Alembic reads a per cent sign as the beginning of a name.
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
