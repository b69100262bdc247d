"""At the end of a pipeline: hand its spool to `lignin ingest`, in a process of its own.

The engine's process never loads a database driver, and nothing that happens in the other process
can reach it. What is not delivered in time stays in the spool for `lignin ingest --all`.
"""

import subprocess
import sys
from pathlib import Path

__all__ = ["deliver"]


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
