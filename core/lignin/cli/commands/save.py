"""`lignin save`."""

from pathlib import Path

import click

from lignin.base.messages import say
from lignin.cli.place import here_in_run
from lignin.model import Artifact

__all__ = ["command"]


@click.command("save")
@click.argument("path")
@click.option("--key", metavar="KEY", help="Its name in the instance: new content under a key is a new version.")
@click.option("--description", metavar="TEXT", help="A line for people.")
@click.option("--kind", metavar="KIND", help="dataset, model, or a word of your own.")
def command(*, path: str, key: str | None, description: str | None, kind: str | None) -> None:
    """Save a file or folder as an artifact; prints its uid.

    A file inside a storage location of the instance stays where it is, another is copied there.
    What is there already, by key and content, is not stored again.
    """
    here_in_run()
    artifact = Artifact(path if "://" in path else Path(path), key=key, description=description, kind=kind).save()
    named = f", key={artifact.key!r}" if artifact.key else ""
    say("→", f"saved: Artifact(uid={artifact.uid!r}{named})")
    say("→", f"storage path: {artifact.path}")
    if artifact.key is None:
        say("•", "tip: give it a name with --key, so that its next content becomes its next version")
    click.echo(artifact.uid)
