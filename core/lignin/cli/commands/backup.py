"""`lignin backup`."""

from contextlib import closing
from pathlib import Path

import click

from lignin.base.messages import say
from lignin.base.redact import redact_url
from lignin.base.settings import find_instance
from lignin.instance.copies import backup, restore_backup
from lignin.instance.database import Database

__all__ = ["command"]


@click.command("backup")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--restore", "bring_back", is_flag=True, help="Bring the catalogue back from FILE.")
@click.option("--force", is_flag=True, help="Replace FILE; with --restore, all that is in the catalogue now.")
def command(*, file: Path, bring_back: bool, force: bool) -> None:
    """Write the catalogue to one file, or bring it back from one.

    FILE is a SQLite database, whichever database the catalogue is in, and can be brought back to
    either. It holds the state of one moment; others may work meanwhile. Stored bytes are no part
    of it.
    """
    config = find_instance()
    if bring_back:
        counts = restore_backup(config, file, force=force)
        say("✓", f"{redact_url(config.db_url)} holds what {file} holds: {counts['artifact']} artifacts, {counts['run']} runs")
        return
    with closing(Database(config.db_url)) as database:
        size = backup(database, file, force=force)
    say("✓", f"wrote {file} with {size} bytes")
