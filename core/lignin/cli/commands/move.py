"""`lignin move`."""

import click

from lignin.base.messages import say
from lignin.cli.place import here
from lignin.cli.resolve import resolve_artifact
from lignin.instance.move import carry_out

__all__ = ["command"]


@click.command("move")
@click.argument("names", metavar="KEY|UID...", nargs=-1, required=True)
@click.option("--to", "target", metavar="ROOT", required=True, help="The storage: its root, or its uid. [see: lignin list storage]")
@click.option("--versions", is_flag=True, help="All versions of each, not only the one that is named.")
@click.option("--dry-run", is_flag=True, help="Print what would move, and move nothing.")
def command(*, names: tuple[str, ...], target: str, versions: bool, dry_run: bool) -> None:
    """Bring artifacts, with their bytes, to another storage.

    Prints what moves, from where, to where, and what is skipped since it lies there already. Each
    file is copied and compared before the record names its new place; only then the old bytes go, and
    only if no other artifact shares them.
    """
    instance = here()
    artifacts = [resolve_artifact(instance, name) for name in names]
    if versions:
        artifacts = [version for artifact in artifacts for version in artifact.versions]
    plan = instance.plan_move(artifacts, target)
    click.echo(str(plan))
    if dry_run:
        say("→", "nothing was moved: that is what would move")
        return
    carry_out(instance, plan)
    if plan.steps:
        say("✓", f"moved to {plan.target.root}")
