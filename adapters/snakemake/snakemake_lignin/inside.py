"""Attempts that Snakemake makes inside a job's own process, of which the main process hears nothing.

A `run:` block, a shadow job or a cluster job is run by a Snakemake of its own, which tries it again by itself
where its rule has `retries`. That process notes each failure in a file whose name it is told (see the logger
plug-in), and the main process looks at the end how many there were.
"""

from pathlib import Path

from lignin.recording import RunKey

__all__ = ["counting_place", "failed_inside"]


def counting_place(folder: Path, run: RunKey) -> Path:
    """Where the process of a job's attempt counts."""
    return folder / ".snakemake" / "lignin" / "attempts" / run.uid


def failed_inside(folder: Path, run: RunKey, *, done: bool) -> int | None:
    """How many attempts a job's process made in vain before its last; `None` where there were none.

    Args:
        folder: the workflow's working folder.
        run: the attempt that the main process knows of.
        done: it ended well; otherwise its last failure is the one that the main process knows of.
    """
    try:
        failures = counting_place(folder, run).read_text(encoding="utf-8").count("\n")
    except OSError:
        return None
    return max(0, failures - (not done)) or None
