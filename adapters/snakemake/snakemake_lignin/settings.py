"""What a user can set, from Snakemake's options. Standard library only: see the logger plug-in."""

from dataclasses import dataclass
from typing import Self

__all__ = ["DEFAULT_WAIT", "Settings"]

DEFAULT_WAIT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a workflow is recorded.

    Attributes:
        wait: seconds that the end of the workflow may take for hashing and handing over together.
        hash_files: hash while the workflow runs; otherwise `lignin ingest` does it.
        quiet: say nothing at the end that is not a warning.
    """

    wait: float = DEFAULT_WAIT
    hash_files: bool = True
    quiet: bool = False

    @classmethod
    def parse(cls, *, wait: float, hash_when: str, quiet: bool) -> Self:
        """Settings from the options as they were given."""
        return cls(wait=max(0.0, wait), hash_files=hash_when != "later", quiet=quiet)
