"""`lignin migrate`."""

from contextlib import closing

import click

from lignin.base.messages import say
from lignin.base.redact import redact_url
from lignin.base.settings import find_instance
from lignin.instance.database import Database
from lignin.instance.migrate import migrate

__all__ = ["command"]


@click.command("migrate")
def command() -> None:
    """Bring the database to the schema of this Lignin.

    Back the database up first. Nothing happens where it is up to date; a database that a newer
    Lignin made is refused.
    """
    with closing(Database(find_instance().db_url)) as database:
        before, after = migrate(database)
    place = redact_url(database.url)
    say("✓", f"{place} is at schema {after}" if before == after else f"{place} went from schema {before} to {after}")
