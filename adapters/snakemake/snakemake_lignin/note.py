"""A note beside Snakemake's own records: which spool a workflow was recorded into as it ran.

It lets the workflow be told again from its spool, which knows more than Snakemake keeps.
"""

import fcntl
import os
from pathlib import Path

__all__ = ["find_spool", "is_written", "read_notes", "write_note"]

_FOLDER = "lignin"
_INGESTED = "ingested"


def write_note(store: Path, *, workflow: str, spool: Path) -> None:
    """Note the spool of a workflow.

    Args:
        store: the folder `.snakemake`.
        workflow: the uuid that Snakemake gave it.
        spool: a path of ours.

    Raises:
        OSError: it can't be written.
    """
    folder = store / _FOLDER
    folder.mkdir(exist_ok=True)
    (folder / workflow).write_text(f"{spool.absolute()}\n", encoding="utf-8", errors="surrogateescape")


def read_notes(store: Path) -> dict[str, Path]:
    """The spools of the workflows that have one, by the workflow's uuid."""
    folder = store / _FOLDER
    if not folder.is_dir():
        return {}
    return {path.name: Path(path.read_text(encoding="utf-8", errors="surrogateescape").removesuffix("\n")) for path in sorted(folder.iterdir()) if path.is_file()}


def find_spool(path: Path) -> Path | None:
    """The spool where it was written, or where ingestion has put it."""
    return next((place for place in (path, path.parent / _INGESTED / path.name) if place.is_file()), None)


def is_written(path: Path, *, host: str | None) -> bool:
    """Whether a process has the file open, or might have.

    Args:
        path: a log or a spool, which is open from a process's start to its end.
        host: the machine where that process is, if it is known.
    """
    processes = Path("/proc")
    if not (processes / "self" / "fd").is_dir() or (host is not None and host != os.uname().nodename):
        return True
    # Open files of other people's processes can't be seen.
    return os.getuid() not in {0, path.stat().st_uid} or _is_locked(path) or any(_has_open(process, path) for process in processes.glob("[0-9]*"))


def _is_locked(path: Path) -> bool:
    """Whether a writer on this or another machine holds the lock of a spool."""
    with path.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False


def _has_open(process: Path, path: Path) -> bool:
    try:
        return any(os.path.samefile(f"{process}/fd/{name}", path) for name in os.listdir(process / "fd"))  # noqa: PTH208, PTH121 - many are looked at
    except OSError:
        # It ended meanwhile, or is somebody else's.
        return False
