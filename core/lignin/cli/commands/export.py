"""`lignin export`."""

from pathlib import Path

import click

from lignin.base.messages import say
from lignin.cli.place import here
from lignin.instance.copies import export_parquet

__all__ = ["command"]


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["parquet"]), required=True, help="A Parquet file for each table.")
def command(*, folder: Path, form: str) -> None:
    """Write the whole catalogue to files that others can read.

    DIR is empty, or not there. `lignin import` reads it again, into SQLite or PostgreSQL. Stored
    bytes are no part of it.
    """
    counts = export_parquet(here().database, folder)
    say("✓", f"wrote {sum(counts.values())} rows of {len(counts)} tables to {folder} as {form}")
