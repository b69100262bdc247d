"""Which schema a database has. Read at every opening, so without Alembic."""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lignin.base.errors import SchemaVersionError
from lignin.base.redact import redact_url
from lignin.instance.database import Database
from lignin.instance.migrations import HEAD, REVISIONS

__all__ = ["check_version", "schema_version"]


def schema_version(database: Database) -> str:
    """The database's revision.

    Raises:
        SchemaVersionError: it has none, or one that this code does not know: a newer one.
        LigninError: the database does not answer.
    """
    place = redact_url(database.url)
    database.await_server()
    try:
        with database.engine.connect() as connection:
            versions = connection.execute(text("select version_num from alembic_version")).scalars().all()
    except DBAPIError as e:
        if "alembic_version" in str(e.orig):
            raise SchemaVersionError(f"{place} holds no Lignin catalogue. Make one with: lignin init") from e
        raise database.explained(e) from e
    if len(versions) > 1:
        raise SchemaVersionError(f"{place} says of itself that it has several schemas: {', '.join(map(str, versions))}. Restore a backup of it.")
    found = versions[0] if versions else None
    if found not in REVISIONS:
        raise SchemaVersionError(
            f"{place} has schema {found}, this Lignin knows up to {HEAD}: a newer Lignin made it. "
            "Upgrade with: pip install --upgrade lignin"
        )
    return str(found)


def check_version(database: Database) -> None:
    """Refuse a database whose schema is not that of this code.

    Raises:
        SchemaVersionError: it is older, and the message says what to run; or it is newer.
    """
    found = schema_version(database)
    if found != HEAD:
        raise SchemaVersionError(
            f"{redact_url(database.url)} has schema {found}, this Lignin needs {HEAD}. "
            "Back the database up, then run: lignin migrate"
        )
