"""What Snakemake tells in the text of its messages only. Knows no Snakemake but its wording.

Where a wording changes, less is known of a failed job, and nothing else.
"""

import re
from collections import deque

__all__ = ["Errors", "failed_after_command", "is_interrupt", "is_request_to_stop", "submitted"]

_AFTER_COMMAND = re.compile(r"^Job (\d+)\s+completed successfully, but", re.MULTILINE)
_SUBMITTED = re.compile(r"^Submitted (?:group )?job (\S+) with external jobid '?(.+?)'?\.?$")


class Errors:
    """The latest error messages. They carry no job, so a job's own is found by what it says.

    Attributes:
        last: one after which nothing was started any more, which is the workflow's own.
    """

    def __init__(self) -> None:
        self._messages: deque[str] = deque(maxlen=100)
        self.last: str | None = None

    def note(self, message: str) -> None:
        """An error was told."""
        self._messages.append(message)
        self.last = message

    def note_start(self) -> None:
        """Something was started, so the errors before it were not the end."""
        self.last = None

    def find(self, *, rule: str, command: str, script: str) -> str | None:
        """The latest message that names a job's command, its rule or its script; else a plain one."""
        signs = [sign for sign in (command.strip(), f"in rule {rule} " if rule else "", f".{script}'" if script else "") if len(sign) > 2]
        for message in reversed(self._messages):
            if any(sign in message for sign in signs):
                return message
        return f"rule {rule} failed" if rule else None


def failed_after_command(message: str) -> int | None:
    """The job that an error message blames for files that it did not write."""
    found = _AFTER_COMMAND.search(message)
    return int(found[1]) if found else None


def is_interrupt(message: str | None) -> bool:
    """Whether an error message says that a job was ended by Ctrl-C."""
    return message is not None and "died with <Signals.SIGINT" in message


def is_request_to_stop(message: str) -> bool:
    """Whether a message says that a user (Ctrl-C, a signal) wants the workflow to stop."""
    return message.startswith(("Terminating processes on user request", "Will exit after finishing currently running jobs"))


def submitted(message: str) -> tuple[str, str] | None:
    """A job's number, or a group's uuid, and the name that a cluster gave it."""
    found = _SUBMITTED.match(message)
    return (found[1], found[2]) if found else None
