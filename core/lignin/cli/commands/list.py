"""`lignin list`."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import click

from lignin.base.messages import say
from lignin.cli.fields import fetch_fields, registry_of
from lignin.cli.filters import parse_filter
from lignin.cli.options import REGISTRY_NAMES
from lignin.cli.place import here_settled
from lignin.cli.table import print_table

__all__ = ["command"]

_ROWS = 20


@click.command("list")
@click.argument("registry", metavar="REGISTRY", type=click.Choice(REGISTRY_NAMES, case_sensitive=False))
@click.argument("more", metavar="[FIELD=VALUE]...", nargs=-1)
@click.option("--filter", "filters", metavar="FIELD=VALUE", multiple=True, help="Only records that meet this; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help=f"At most this many. [default: {_ROWS}; all with --json]")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array with an object on each line.")
def command(*, registry: str, more: tuple[str, ...], filters: tuple[str, ...], limit: int | None, as_json: bool) -> None:
    """List the records of a registry, the newest first.

    REGISTRY is artifact, run, transform, collection, storage, user, ulabel, project, feature, schema, record, reference, note, branch or space.

    Filters are those of `filter` in Python: status=failed, size__gt=1000, key__startswith=raw/,
    transform__key=Snakefile, params__fdr=0.05. A relation takes a uid, a key or a name, as in
    parent=UID or ulabels=control; null stands for nothing, as in engine=null.
    """
    instance = here_settled()
    kind = registry_of(registry)
    found = instance.query(kind)
    for text in (*filters, *more):
        found = found.filter(parse_filter(kind, text))
    found = found.order_by("-id")
    if as_json:
        _print_json(fetch_fields(instance, found if limit is None else found[:limit]))
        return
    most = limit or _ROWS
    rows = list(fetch_fields(instance, found[: most + 1]))
    if not rows:
        say("•", f"no {registry} meets this" if filters or more else f"there is no {registry} yet")
        return
    print_table(registry, rows[:most])
    if len(rows) > most:
        say("!", f"only the newest {most} are shown; ask for more with --limit")


def _print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """One row at a time, so that a million of them fit."""
    start = "["
    for row in rows:
        click.echo(f"{start}\n{json.dumps(row)}", nl=False)
        start = ","
    click.echo("[]" if start == "[" else "\n]")
