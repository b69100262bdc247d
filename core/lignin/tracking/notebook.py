"""Notebooks: what is in one as it is saved, and how that compares with what was executed.

A notebook's identity is the ordered list of its cells' types and sources; outputs, counters and
metadata are no part of it. Its source is stored as Python with `# %%` marks, which every editor
and `jupytext` read.
"""

import ast
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lignin.base.errors import TrackingError
from lignin.recording import hash_source
from lignin.tracking.outputs import Output, output_of

__all__ = ["Notebook", "is_injected", "not_consecutive", "numbers_of", "parameter_values", "read_notebook", "read_outputs", "unsaved_cells"]

_INJECTED = "# Parameters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """The cells of a notebook: (type, source) each, the empty ones left out.

    Attributes:
        cells: in order.
        parameters: the sources of those that are tagged `parameters`.
    """

    cells: tuple[tuple[str, str], ...]
    parameters: tuple[str, ...] = ()

    @property
    def code(self) -> tuple[str, ...]:
        """The sources of the code cells."""
        return tuple(source for kind, source in self.cells if kind == "code")

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
        cells = _cells_of(path)
        return Notebook(
            cells=tuple((str(cell["cell_type"]), _text(cell["source"])) for cell in cells),
            parameters=tuple(_text(cell["source"]) for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise TrackingError(f"can't read the notebook {path}: {type(e).__name__}: {e}. It must be saved in notebook format 4 (.ipynb).") from e


def read_outputs(path: Path) -> tuple[tuple[int | None, tuple[Output, ...]], ...]:
    """The number and the outputs of each code cell, as they are saved.

    Raises:
        TrackingError: as `read_notebook`.
    """
    try:
        cells = [cell for cell in _cells_of(path) if cell["cell_type"] == "code"]
        return tuple((cell.get("execution_count"), tuple(filter(None, map(output_of, cell["outputs"])))) for cell in cells)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise TrackingError(f"can't read the outputs in {path}: {type(e).__name__}: {e}.") from e


def numbers_of(sources: Sequence[str], executed: Sequence[str]) -> tuple[int | None, ...]:
    """When each cell was executed last: its place among the executed inputs, or `None`.

    >>> numbers_of(["x = 1", "y = 2", "z"], ["", "x = 1", "y = 2", "x = 1"])
    (3, 2, None)
    """
    numbers: dict[str, list[int]] = {}
    for number, text in enumerate(executed):
        numbers.setdefault(text.strip(), []).append(number)
    left: dict[str, list[int]] = {}
    for text in (source.strip() for source in sources):
        if text not in left:
            # Of cells with the same text, each has one of as many executions, the last ones.
            alike = sum(source.strip() == text for source in sources)
            left[text] = numbers.get(text, [])[-alike:]
    return tuple(left[text].pop(0) if left[text] else None for text in (source.strip() for source in sources))


def not_consecutive(numbers: Sequence[int | None]) -> tuple[tuple[int, int], ...]:
    """Pairs of neighbouring cells that were not run one right after the other, by their numbers.

    >>> not_consecutive([1, 2, 4, 5])
    ((2, 4),)
    """
    ran = [number for number in numbers if number is not None]
    return tuple((a, b) for a, b in itertools.pairwise(ran) if b != a + 1)


def unsaved_cells(executed: Sequence[str], saved: Notebook) -> tuple[int, ...]:
    """Numbers of the executed inputs (counted as they were executed) that the saved file does not hold.

    A cell of parameters that papermill puts in stands in no file that a user saves, and is not meant.
    """
    known = {source.strip() for source in saved.code}
    return tuple(n for n, text in enumerate(executed) if text.strip() and text.strip() not in known and not is_injected(text))


def is_injected(source: str) -> bool:
    r"""Whether a cell is one that papermill puts in: its mark, and then assignments only.

    >>> is_injected("# Parameters\nfdr = 0.1")
    True
    """
    if not source.lstrip().startswith(_INJECTED):
        return False
    try:
        return all(isinstance(statement, ast.Assign) for statement in ast.parse(source).body)
    except (SyntaxError, ValueError):
        return False


def parameter_values(notebook: Notebook | None, interactive: Any) -> Mapping[str, Any]:
    """The values, as they are now, of what a notebook's executed cells of parameters assign.

    These are the cells with the tag `parameters`, and the one that papermill puts in after them.
    """
    if notebook is None or interactive is None:
        return {}
    executed = {text.strip() for text in interactive.history_manager.input_hist_raw}
    sources = [source for source in notebook.parameters if source.strip() in executed]
    names = [name for source in (*sources, *filter(is_injected, executed)) for name in _assigned(source)]
    return {name: interactive.user_ns[name] for name in names if name in interactive.user_ns}


def _assigned(source: str) -> Sequence[str]:
    """The names that a cell's own statements assign."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError):
        return ()
    targets = [target for s in statements for target in (s.targets if isinstance(s, ast.Assign) else [s.target] if isinstance(s, ast.AnnAssign) else [])]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _cells_of(path: Path) -> Sequence[dict[str, Any]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in document["cells"] if _text(cell["source"]).strip()]


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _plain_python(source: str) -> str:
    if source.lstrip().startswith("%%"):
        return _commented(source)
    lines = (f"# {line}" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    return "\n".join(lines)


def _commented(source: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in source.splitlines())
