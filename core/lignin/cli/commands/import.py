"""`lignin import`: a command for each thing that can be imported."""  # noqa: N999 - named as its command is

from pathlib import Path

import click

from lignin.base.messages import say
from lignin.base.redact import redact_url
from lignin.cli.engines import backfill_command
from lignin.cli.place import here
from lignin.instance.copies import import_parquet
from lignin.recording import ENGINES

__all__ = ["command"]


class _Forms(click.Group):
    """`lignin import --format NAME DIR` is `lignin import NAME DIR`."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if form := ctx.params.get("form"):
            return form, self.get_command(ctx, form), args
        return super().resolve_command(ctx, args)


@click.group("import", cls=_Forms)
@click.option("--format", "form", type=click.Choice(["parquet"]), help="The same as the command of that name.")
def command(*, form: str | None) -> None:
    """Bring what was exported, or made elsewhere, into the catalogue."""


@command.command("parquet")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace all that is in the catalogue now.")
def parquet(*, folder: Path, force: bool) -> None:
    """Fill an empty catalogue with what `lignin export` wrote.

    All ids and uids stay as they were, on SQLite and on PostgreSQL.
    """
    database = here().database
    counts = import_parquet(database, folder, force=force)
    say("✓", f"{redact_url(database.url)} holds what {folder} holds: {counts['artifact']} artifacts, {counts['run']} runs")


for _engine in ENGINES:
    command.add_command(backfill_command(_engine, closing=False))
