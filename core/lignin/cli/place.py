"""The instance that a command works in, and the run that it works for."""

from contextlib import suppress
from typing import cast

from lignin.base.context import set_process_run
from lignin.base.errors import LigninError
from lignin.base.ports import current
from lignin.cli.shells import Shells
from lignin.instance import Instance
from lignin.instance.crashed import close_crashed

__all__ = ["here", "here_in_run", "here_settled"]


def here() -> Instance:
    """The instance of the working directory.

    Raises:
        NoInstance: there is none.
    """
    return cast(Instance, current())


def here_settled() -> Instance:
    """The same, where runs whose process was killed are told as crashed: for commands that show runs."""
    instance = here()
    # Who may only read is shown what is recorded.
    with suppress(LigninError):
        close_crashed(instance)
    return instance


def here_in_run() -> Instance:
    """The same, with what is loaded and saved linked to the run that `lignin track` started in this shell."""
    instance = here()
    held = Shells(instance.config.home).current()
    if held is not None:
        set_process_run(held.run)
    return instance
