"""`snakemake --reporter lignin`: Snakemake's own records of this folder into the catalogue."""

import sys
from pathlib import Path

from snakemake_interface_common.exceptions import WorkflowError

from lignin.base.errors import LigninError
from lignin.base.settings import spool_folder
from lignin.recording import Event, RunKey, Spool, hand_over
from snakemake_lignin.backfill import read

__all__ = ["report"]


class _Counted:
    """Passes events on, and counts the runs that they tell of."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.runs: set[RunKey] = set()

    def record(self, event: Event) -> None:
        """Take one event."""
        self.runs.add(event.run)
        self._spool.record(event)


def report(*, wait: float) -> None:
    """Tell the instance of the working folder of all that ran there.

    Args:
        wait: how many seconds to wait for the ingestion.

    Raises:
        WorkflowError: there is nothing to tell of, or nowhere to tell it.
    """
    folder = Path.cwd()
    spool = Spool(spool_folder(folder), engine="snakemake")
    counted = _Counted(spool)
    try:
        read(None, recorder=counted, since=None, closing=False)
    except (LigninError, OSError) as e:
        raise WorkflowError(f"lignin: {e}") from e
    finally:
        spool.close()
    if not counted.runs:
        sys.stderr.write("→ lignin: no workflow has run in this folder\n")
    elif hand_over(spool.path, runs=len(counted.runs), seconds=wait, folder=folder):
        sys.stderr.write(f"→ lignin: the catalogue knows the {len(counted.runs)} runs of this folder\n")
