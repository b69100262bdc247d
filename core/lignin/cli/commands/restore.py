"""`lignin restore`."""

import click

from lignin.base.messages import say
from lignin.cli.options import registry_option
from lignin.cli.place import here
from lignin.cli.resolve import resolve

__all__ = ["command"]


@click.command("restore")
@click.argument("name", metavar="KEY|UID")
@registry_option
def command(*, name: str, registry: str | None) -> None:
    """Take a record out of the trash."""
    instance = here()
    record = resolve(instance, name, registry=registry, trashed=True)
    instance.restore(record)
    say("✓", f"restored {type(record).__name__} {record.uid}")
