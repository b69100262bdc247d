"""From the way code ended to the status of its run."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lignin.base.redact import redact_text
from lignin.recording import RunStatus

__all__ = ["COMPLETED", "Outcome", "outcome_of", "outcome_of_exit"]

_FRAMES = 6
_MAX_ERROR = 4000
# By name: `asyncio` need not be loaded to know its exception.
_CANCELLATIONS = {"CancelledError", "Cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: its final status, what went wrong, and remarks for `run.info`."""

    status: RunStatus
    error: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


COMPLETED = Outcome(status=RunStatus.COMPLETED)


def outcome_of(error: BaseException) -> Outcome:
    """What an exception that ended a run makes of it.

    An interrupt, a cancelled asyncio task and a coroutine that was closed are `cancelled`;
    `SystemExit` counts by its code; everything else is `failed`, with the last lines of its
    traceback, redacted.
    """
    if isinstance(error, SystemExit):
        return outcome_of_exit(error.code)
    cancelled = isinstance(error, KeyboardInterrupt | GeneratorExit) or (
        not isinstance(error, Exception) and type(error).__name__ in _CANCELLATIONS
    )
    status = RunStatus.CANCELLED if cancelled else RunStatus.FAILED
    return Outcome(status=status, error=_described(error))


def outcome_of_exit(code: object) -> Outcome:
    """What `sys.exit(code)` makes of a run: `None` and 0 are completed."""
    if code is None or code == 0:
        return COMPLETED
    if isinstance(code, int):
        return Outcome(status=RunStatus.FAILED, error=f"exit code {int(code)}")
    return Outcome(status=RunStatus.FAILED, error=redact_text(f"exit code 1: {code}")[:_MAX_ERROR])


def _described(error: BaseException) -> str:
    head = "".join(traceback.format_exception_only(error)).strip()
    frames = "".join(traceback.format_tb(error.__traceback__, limit=-_FRAMES))
    text = redact_text(f"{head}\n\n{frames}".rstrip())
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")[:_MAX_ERROR]
