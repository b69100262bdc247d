"""Where the notebook that a kernel serves is saved.

A kernel is not told. What serves it often says so in the environment; a program that executes a
notebook from the command line was given it as an argument; and last, the cells that were executed
so far may be those of one notebook only among those in the kernel's folder.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from lignin.base.errors import TrackingError
from lignin.tracking.notebook import is_injected, read_notebook

__all__ = ["Found", "find_notebook_path"]

_MOST_FILES = 200
_MOST_BYTES = 64 * 1024 * 1024
_GENERATIONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A notebook's file.

    Attributes:
        path: where it is.
        by: what said so, where that was no word about this kernel: `the command line`, or `its cells`.
    """

    path: Path
    by: str | None = None


def find_notebook_path(interactive: Any) -> Found | None:
    """The file of the notebook that this kernel serves, or `None` where nothing tells.

    `LIGNIN_NOTEBOOK` comes first, then what Jupyter's server and VS Code say.
    """
    names = (
        os.environ.get("LIGNIN_NOTEBOOK"),
        os.environ.get("JPY_SESSION_NAME"),
        interactive.user_ns.get("__vsc_ipynb_file__"),
    )
    for name in names:
        if name and str(name).endswith(".ipynb") and Path(str(name)).is_file():
            return Found(path=Path(str(name)).absolute())
    executed = [text.strip() for text in interactive.history_manager.input_hist_raw if text.strip()]
    for by, paths in (("the command line", _named_above()), ("its cells", _in_folder())):
        # Two names of one file are one.
        fitting = {path.resolve(): path for path in paths if _begins_with(path, executed)}
        if len(fitting) == 1:
            return Found(path=next(iter(fitting.values())), by=by)
    return None


def _begins_with(path: Path, executed: Sequence[str]) -> bool:
    """Whether these inputs are a notebook's code cells from its first on, as where a program executes it."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return False
        cells = [source.strip() for source in read_notebook(path).code]
    except (OSError, TrackingError):
        return False
    own = [text for text in executed if text in cells or not is_injected(text)]
    return bool(own) and cells[: len(own)] == own


def _in_folder() -> Iterator[Path]:
    return islice((path for path in Path.cwd().glob("*.ipynb") if path.is_file()), _MOST_FILES)


def _named_above() -> Iterator[Path]:
    """Notebooks that the command lines of the processes above name, such as that of `jupyter nbconvert`."""
    pid = os.getppid()
    for _ in range(_GENERATIONS):
        process = Path(f"/proc/{pid}")
        try:
            arguments = [os.fsdecode(part) for part in (process / "cmdline").read_bytes().split(b"\0")]
            folder = (process / "cwd").readlink()
            pid = int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            # Not every system has /proc, and other users' processes are theirs.
            return
        yield from (folder / name for name in arguments if name.endswith(".ipynb") and (folder / name).is_file())
