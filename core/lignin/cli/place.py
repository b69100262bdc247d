"""The instance that a command works in, and the run that it works for."""

from typing import cast

from lignin.base.context import set_process_run
from lignin.base.ports import current
from lignin.cli.shells import Shells
from lignin.instance import Instance

__all__ = ["here", "here_in_run"]


def here() -> Instance:
    """The instance of the working directory.

    Raises:
        NoInstance: there is none.
    """
    return cast(Instance, current())


def here_in_run() -> Instance:
    """The same, with what is loaded and saved linked to the run that `lignin track` started in this shell."""
    instance = here()
    held = Shells(instance.config.home).current()
    if held is not None:
        set_process_run(held.run)
    return instance
