"""`lignin init`."""

import click

from lignin.base.messages import say
from lignin.base.redact import redact_url
from lignin.instance import init

__all__ = ["command"]


@click.command("init")
@click.option("--storage", metavar="DIR|URL", help="Where the bytes of artifacts go: a folder, or s3://BUCKET/PREFIX. [default: .lignin/storage]")
@click.option("--db", metavar="URL", help="Database: postgresql://USER@HOST/NAME or sqlite:///PATH. [default: SQLite in .lignin]")
@click.option("--name", metavar="NAME", help="What to call the instance. [default: the folder's name]")
def command(*, storage: str | None, db: str | None, name: str | None) -> None:
    """Make an instance in the working directory.

    Its configuration is .lignin/instance.toml; commands and scripts find it from any folder below.
    Where there is one already, it stays as it is.
    """
    config = init(storage=storage, db=db, name=name).config
    say("✓", f"instance {config.name!r} ({config.uid}) is ready in {config.folder}")
    say("→", f"database: {redact_url(config.db_url)}")
    say("→", f"storage: {config.storage_root}")
