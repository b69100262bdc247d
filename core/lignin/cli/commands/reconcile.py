"""`lignin reconcile`: what live hooks missed."""

import click

from lignin.cli.engines import backfill_command
from lignin.recording import ENGINES

__all__ = ["command"]


@click.group("reconcile")
def command() -> None:
    """Complete what pipelines recorded from the engines' own stores.

    A workflow that was killed, or a job on another machine, may not have told its end. The engine
    knows more; here its word is taken in.
    """


for _engine in ENGINES:
    command.add_command(backfill_command(_engine, closing=True))
