"""What is to be recorded of a notebook at its end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lignin.recording import Code
from lignin.tracking.origin import Origin
from lignin.tracking.outcome import Outcome

__all__ = ["NotebookEnd", "Watch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookEnd:
    """What a notebook leaves.

    Attributes:
        info: for `run.info`.
        page: its cells with their outputs, as HTML.
        code: as it is saved now, where that is not what was there at the start.
    """

    info: Mapping[str, Any] = field(default_factory=dict)
    page: str | None = None
    code: Code | None = None


class Watch(Protocol):
    """Watches a notebook's cells while it is tracked."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End; all that was printed until now is in."""
        ...

    def verdict(self) -> Outcome | None:
        """What the cells make of the run, where nothing else has said it; `None` for nothing."""
        ...

    def end(self, origin: Origin, *, quiet: bool) -> NotebookEnd:
        """What there is to record at the end."""
        ...
