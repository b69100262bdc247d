"""`lignin get`."""

import json

import click

from lignin.cli.fields import fetch_fields
from lignin.cli.options import registry_option
from lignin.cli.place import here_settled
from lignin.cli.resolve import resolve

__all__ = ["command"]


@click.command("get")
@click.argument("name", metavar="KEY|UID")
@registry_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object with the fields of `lignin list`.")
def command(*, name: str, registry: str | None, as_json: bool) -> None:
    """Show the fields of a record."""
    instance = here_settled()
    record = resolve(instance, name, registry=registry)
    (fields,) = fetch_fields(instance, instance.query(type(record)).filter(id=record.id))
    if as_json:
        click.echo(json.dumps(fields, indent=1))
        return
    for field, value in fields.items():
        shown = json.dumps(value) if isinstance(value, dict | list | bool) or value is None else value
        click.echo(f"{field + ':':<14}{shown}")
