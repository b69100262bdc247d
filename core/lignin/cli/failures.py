"""From what a command raised to one line on standard error, and an exit code."""

import os
import sys
from types import TracebackType

import click

from lignin.base.errors import LigninError, UsageError
from lignin.base.messages import say

__all__ = ["Failures"]

FAILURE, MISUSE, INTERRUPTED, READER_GONE = 1, 2, 130, 141


class Failures:
    """Surrounds a command: whatever it raises ends here.

    Attributes:
        debug: show tracebacks too.
        code: the exit code, once the command has ended.
    """

    def __init__(self) -> None:
        self.debug = os.environ.get("LIGNIN_DEBUG", "0") not in {"", "0"}
        self.code = 0

    def __enter__(self) -> "Failures":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if error is None or isinstance(error, SystemExit | GeneratorExit):
            return False
        if self.debug and not isinstance(error, click.exceptions.Exit):
            # Not by `traceback`, whose import every other command would pay for.
            sys.__excepthook__(type(error), error, trace)
        self.code, message = _judge(error)
        if message:
            say("✗", " ".join(message.split()))
        return True

    def silence(self) -> None:
        """Where nobody reads our output any more, keep the interpreter from complaining as it exits."""
        if self.code == READER_GONE:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _judge(error: BaseException) -> tuple[int, str]:
    match error:
        case click.exceptions.Exit():
            return error.exit_code, ""
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return MISUSE, ""
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "lignin"
            said = error.format_message().rstrip(".?")
            end = "" if ": lignin" in said or "Did you mean" in said else f". See: {command} --help"
            return MISUSE, f"{said}{end or '?' * ('Did you mean' in said)}"
        case click.ClickException():
            return error.exit_code, error.format_message()
        case click.Abort():
            # A prompt was interrupted, or had nobody to answer it.
            if isinstance(error.__context__, KeyboardInterrupt):
                return INTERRUPTED, "interrupted"
            return FAILURE, "nothing was done: it was not confirmed. Say yes beforehand with --yes"
        case KeyboardInterrupt():
            return INTERRUPTED, "interrupted"
        case BrokenPipeError():
            return READER_GONE, ""
        case LigninError():
            return MISUSE if isinstance(error, UsageError) else FAILURE, str(error)
        case OSError():
            name = f" {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
            return FAILURE, f"the system refused:{name}: {error.strerror or error}. Check that the place exists, has room and may be written."
        case _:
            return FAILURE, f"unexpected {type(error).__name__}: {error}. This is a fault in Lignin: run it again with --debug and report what it shows."
