"""`lignin load`."""

import click

from lignin.base.messages import say
from lignin.cli.place import here_in_run
from lignin.cli.resolve import resolve_artifact

__all__ = ["command"]


@click.command("load")
@click.argument("name", metavar="KEY|UID")
def command(*, name: str) -> None:
    """Print the local path of an artifact.

    Its bytes are those that were saved, or it fails. In a run, the artifact becomes its input.
    """
    instance = here_in_run()
    artifact = resolve_artifact(instance, name)
    path = artifact.cache()
    say("→", f"artifact is here: {path}")
    click.echo(path)
