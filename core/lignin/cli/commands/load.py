"""`lignin load`."""

import click

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.cli.place import here_in_run
from lignin.cli.resolve import resolve_artifact

__all__ = ["command"]


@click.command("load")
@click.argument("name", metavar="KEY|UID", required=False)
@click.option("--key", hidden=True, help="The same as KEY.")
def command(*, name: str | None, key: str | None) -> None:
    """Print the local path of an artifact.

    Its bytes are those that were saved, or it fails. In a run, the artifact becomes its input.
    """
    wanted = key if name is None else name
    if wanted is None or (name is not None and key is not None):
        raise UsageError("say which artifact, by its key or uid: lignin load KEY")
    instance = here_in_run()
    artifact = resolve_artifact(instance, wanted)
    path = artifact.cache()
    say("→", f"artifact is here: {path}")
    click.echo(path)
