"""The wall between our code and a user's pipeline.

Every hook body of every adapter runs inside `Guard`. An exception of ours is logged once and
swallowed, so that the pipeline's result and exit code stay what they are; `LIGNIN_STRICT=1` turns
that round for regulated use.
"""

import logging
import os
import threading
from contextlib import AbstractContextManager
from types import TracebackType

__all__ = ["Guard", "is_strict"]

_log = logging.getLogger("lignin")


def is_strict() -> bool:
    """Whether the user wants a pipeline to fail rather than run unrecorded (`LIGNIN_STRICT`)."""
    return os.environ.get("LIGNIN_STRICT", "").lower() in {"1", "true", "yes"}


class Guard(AbstractContextManager["Guard"]):
    """Runs a block of ours inside a user's process.

    Args:
        what: the adapter's name for people, as in `lignin (snakemake)`.
        strict: raise instead; `None` asks `is_strict()`.

    Attributes:
        failures: how many blocks have failed so far.
    """

    def __init__(self, what: str, *, strict: bool | None = None) -> None:
        self._what = what
        self._strict = strict
        self._lock = threading.Lock()
        self.failures = 0

    def __enter__(self) -> "Guard":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Swallow an exception of ours; the user's own interrupts and exits pass."""
        if error is None or not isinstance(error, Exception):
            return False
        if is_strict() if self._strict is None else self._strict:
            return False
        with self._lock:
            self.failures += 1
            first = self.failures == 1
        if first:
            _log.warning("lignin (%s): recording failed, the pipeline goes on: %s: %s", self._what, type(error).__name__, error)
        _log.debug("lignin (%s): %s", self._what, error, exc_info=error)
        return True
