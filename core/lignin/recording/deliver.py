"""At the end of a pipeline: hand its spool to `lignin ingest`, in a process of its own.

The engine's process never loads a database driver, and nothing that happens in the other process
can reach it. What is not delivered in time stays in the spool for `lignin ingest --all`.
"""

import subprocess
import sys
from pathlib import Path

from lignin.base.errors import LigninError
from lignin.base.settings import find_instance

__all__ = ["deliver", "hand_over"]


def deliver(spool: Path, *, seconds: float, folder: Path | None = None) -> bool:
    """Ingest one spool file and wait for it, `seconds` at most.

    Args:
        spool: the file.
        seconds: how long to wait; the ingestion itself goes on after that.
        folder: the folder in which to look for the instance, by default the working directory.

    Returns:
        whether all was ingested in time.
    """
    log = spool.with_suffix(".log")
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "lignin", "ingest", "--quiet", str(spool)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            cwd=folder,
            start_new_session=True,
        )
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    if code == 0:
        log.unlink(missing_ok=True)
    return code == 0


def hand_over(spool: Path | None, *, runs: int, seconds: float, folder: Path, quiet: bool = False) -> bool:
    """Deliver a spool to the instance of a folder; where that can't be, say where it is kept and how to bring it in.

    Args:
        spool: the file; `None` where nothing could be written.
        runs: how many runs it tells of.
        seconds: how long to wait, a second at least.
        folder: in which to look for the instance.
        quiet: say nothing of a spool that is kept, since it will be tried again.

    Returns:
        whether all of it is in the catalogue.
    """
    if spool is None:
        sys.stderr.write("lignin: nothing could be recorded, see the warning above\n")
        return False
    try:
        find_instance(folder)
    except LigninError as e:
        problem = f" ({e}); then: lignin ingest --all"
    else:
        if deliver(spool, seconds=max(1.0, seconds), folder=folder):
            return True
        problem = ", but are not in the catalogue yet; bring them in with: lignin ingest --all"
    if not quiet:
        sys.stderr.write(f"lignin: {runs} runs are kept in {spool}{problem}\n")
    return False
