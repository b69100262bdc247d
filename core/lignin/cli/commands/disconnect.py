"""`lignin disconnect`."""

import click

from lignin.base.messages import say
from lignin.base.settings import user_settings
from lignin.instance import disconnect

__all__ = ["command"]


@click.command("disconnect")
def command() -> None:
    """Forget the instance that is used by default.

    Nothing in it is changed, and folders that hold an instance go on using it.
    """
    held = user_settings().get("default")
    if held is None:
        say("•", "no instance was your default")
        return
    disconnect()
    say("✓", f"{held} is no longer your default")
