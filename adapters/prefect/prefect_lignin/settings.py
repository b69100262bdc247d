"""What can be set from the environment.

`LIGNIN_PREFECT`: `off` records nothing.
`LIGNIN_PREFECT_WAIT`: for how many seconds a process that ends waits until its events are in the
catalogue (30); what is late stays in the spool for `lignin ingest --all`.
`LIGNIN_PREFECT_EVERY`: the least number of seconds between two deliveries of one process (5).
`LIGNIN_STRICT`: a run that can't be recorded crashes, and its process exits. A flow that has
completed is past that: Prefect lets nothing undo it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this process records.

    Attributes:
        enabled: whether anything is recorded.
        wait_seconds: patience at the end of the process.
        every_seconds: pause between two deliveries while flows come and go.
    """

    enabled: bool = True
    wait_seconds: float = 30.0
    every_seconds: float = 5.0

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the environment; what makes no sense there counts as not set."""
        values = os.environ if environment is None else environment
        return cls(
            enabled=values.get("LIGNIN_PREFECT", "").strip().lower() not in {"0", "off", "no", "false"},
            wait_seconds=_seconds(values.get("LIGNIN_PREFECT_WAIT"), cls().wait_seconds),
            every_seconds=_seconds(values.get("LIGNIN_PREFECT_EVERY"), cls().every_seconds),
        )


def _seconds(text: str | None, default: float) -> float:
    try:
        number = float(text) if text else default
    except ValueError:
        return default
    return number if 0 <= number < 86_400 else default
