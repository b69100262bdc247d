"""`lignin finish`."""

import os

import click

from lignin.base.errors import TrackingError
from lignin.base.messages import say
from lignin.cli.place import here
from lignin.cli.shells import ShellRun, Shells
from lignin.instance import Instance
from lignin.model import Run
from lignin.recording import RunStatus

__all__ = ["command"]


@click.command("finish")
@click.option("--status", type=click.Choice(["completed", "failed", "cancelled"]), default="completed", help="How it ended. [default: completed]")
@click.option("--error", metavar="TEXT", help="What went wrong.")
def command(*, status: str, error: str | None) -> None:
    """End the run that `lignin track` started in this shell.

    A script that may fail says so with: trap 'lignin finish --status failed' ERR
    """
    instance = here()
    shells = Shells(instance.config.home)
    held = shells.current()
    run = _run(instance, held)
    if held is not None:
        shells.end(held)
    if run.finished_at is not None:
        raise TrackingError(f"Run {run.uid} has ended already, as {run.status}. Start another with: lignin track")
    instance.end_run(run, status=RunStatus(status), error=error)
    say("→", f"{'finished' if status == 'completed' else status + ':'} Run({run.uid!r})")


def _run(instance: Instance, held: ShellRun | None) -> Run:
    """The run of this shell, or the one that a shell elsewhere has handed down."""
    name = held.run if held else os.environ.get("LIGNIN_RUN", "").partition("@")[0]
    run = instance.query(Run).filter(uid=name).first() if name else None
    # A run that a program tracks by itself is that program's to end.
    if run is None or (held is None and "shell" not in run.info):
        raise TrackingError("no run to finish: start one in this shell with: lignin track")
    return run
