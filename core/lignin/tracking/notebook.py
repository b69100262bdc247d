"""Notebooks: where the running one is saved, what is in it, and what was really executed.

A notebook's identity is the ordered list of its cells' types and sources; outputs, counters and
metadata are no part of it. Its source is stored as Python with `# %%` marks, which every editor
and `jupytext` read.
"""

import builtins
import itertools
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lignin.base.errors import TrackingError
from lignin.recording import hash_source

__all__ = ["Notebook", "find_notebook_path", "not_consecutive", "read_notebook", "shell", "unsaved_cells"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """The cells of a notebook: (type, source) each, and the counters of its code cells."""

    cells: tuple[tuple[str, str], ...]
    counts: tuple[int | None, ...] = ()

    @property
    def hash(self) -> str:
        """What tells one version from the next."""
        return hash_source(json.dumps(self.cells))

    def to_percent(self) -> str:
        """The notebook as a Python file with `# %%` marks; magics and shell lines become comments."""
        parts = []
        for kind, source in self.cells:
            if kind == "code":
                parts.append("# %%\n" + _plain_python(source))
            else:
                parts.append(f"# %% [{kind}]\n" + _commented(source))
        return "\n\n".join(parts) + "\n"


def read_notebook(path: Path) -> Notebook:
    """Read a notebook's cells from its file.

    Raises:
        TrackingError: the file can't be read, or is no notebook of format 4.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in document["cells"] if _text(cell["source"]).strip()]
        return Notebook(
            cells=tuple((str(cell["cell_type"]), _text(cell["source"])) for cell in cells),
            counts=tuple(cell.get("execution_count") for cell in cells if cell["cell_type"] == "code"),
        )
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise TrackingError(f"can't read the notebook {path}: {type(e).__name__}: {e}. It must be saved in notebook format 4 (.ipynb).") from e


def find_notebook_path(interactive: Any) -> Path | None:
    """The file of the notebook that this kernel serves, or `None` where nothing tells.

    `LIGNIN_NOTEBOOK` comes first: runners such as nbclient and papermill tell the kernel nothing.
    """
    names = (
        os.environ.get("LIGNIN_NOTEBOOK"),
        os.environ.get("JPY_SESSION_NAME"),
        interactive.user_ns.get("__vsc_ipynb_file__"),
    )
    for name in names:
        if name and str(name).endswith(".ipynb") and Path(str(name)).is_file():
            return Path(str(name)).absolute()
    return None


def shell() -> Any:
    """The IPython shell that runs this code, or `None`; in a notebook it has a `kernel`."""
    # IPython puts it among the built-ins; so IPython need not be imported to ask.
    get = getattr(builtins, "get_ipython", None)
    return get() if get is not None else None


def not_consecutive(counts: Sequence[int | None]) -> tuple[tuple[int, int], ...]:
    """Pairs of neighbouring cells that were not run one right after the other, by their counters.

    >>> not_consecutive([1, 2, 4, 5])
    ((2, 4),)
    """
    ran = [count for count in counts if count is not None]
    return tuple((a, b) for a, b in itertools.pairwise(ran) if b != a + 1)


def unsaved_cells(executed: Sequence[str], saved: Notebook) -> tuple[int, ...]:
    """Numbers of the executed inputs (counted as they were executed) that the saved file does not hold."""
    known = {source.strip() for kind, source in saved.cells if kind == "code"}
    return tuple(number for number, text in enumerate(executed) if text.strip() and text.strip() not in known)


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _plain_python(source: str) -> str:
    if source.lstrip().startswith("%%"):
        return _commented(source)
    lines = (f"# {line}" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    return "\n".join(lines)


def _commented(source: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in source.splitlines())
