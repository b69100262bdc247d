"""`lignin delete`."""

import click

from lignin.base.errors import NotFound
from lignin.cli.options import registry_option
from lignin.cli.place import here
from lignin.cli.resolve import resolve
from lignin.model import TRASH

__all__ = ["command"]


@click.command("delete")
@click.argument("name", metavar="KEY|UID")
@registry_option
@click.option("--permanent", is_flag=True, help="Delete for good, with the bytes that no other artifact shares.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def command(*, name: str, registry: str | None, permanent: bool, yes: bool) -> None:
    """Move a record to the trash, or delete it for good.

    What is in the trash already is deleted for good. Files that were registered where they lie stay
    there in either case.
    """
    instance = here()
    try:
        record = resolve(instance, name, registry=registry)
    except NotFound:
        record = resolve(instance, name, registry=registry, trashed=True)
    trashed = getattr(record, "branch_id", TRASH) == TRASH
    if (permanent or trashed) and not yes:
        label = getattr(record, type(record).label, None) or record.uid
        click.confirm(f"Delete {type(record).__name__} {label} ({record.uid}) for good?", abort=True, err=True)
    instance.delete(record, permanent=True if permanent else None)
