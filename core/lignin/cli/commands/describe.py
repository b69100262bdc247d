"""`lignin describe`."""

import click

from lignin.cli.options import registry_option
from lignin.cli.place import here_settled
from lignin.cli.resolve import resolve

__all__ = ["command"]


@click.command("describe")
@click.argument("name", metavar="KEY|UID")
@registry_option
def command(*, name: str, registry: str | None) -> None:
    """Describe a record with its context.

    For an artifact: its run, content, place and labels; for a run: its code, parameters, error and log.
    """
    resolve(here_settled(), name, registry=registry).describe()
