"""A Jupyter notebook while it is tracked: what its cells put out, and how it ends."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lignin.base.messages import say
from lignin.recording import stored_source
from lignin.tracking.notebook import (
    Notebook,
    not_consecutive,
    numbers_of,
    read_notebook,
    read_outputs,
    unsaved_cells,
)
from lignin.tracking.notebook_end import NotebookEnd
from lignin.tracking.origin import Origin, changed_code
from lignin.tracking.outcome import Outcome, outcome_of
from lignin.tracking.outputs import Cell, KernelOutputs, Output
from lignin.tracking.page import page_of

__all__ = ["NotebookWatch"]


class NotebookWatch:
    """Watches the cells of an IPython shell, from `start()` to `stop()`.

    Args:
        interactive: the shell.
        note: gets, after each cell, what the run's end would be if it came now.
    """

    def __init__(self, interactive: Any, *, note: Callable[[Outcome | None], None]) -> None:
        self._interactive = interactive
        self._note = note
        self._outputs = KernelOutputs(interactive)
        self._began = time.time()
        self._first = max(0, len(interactive.history_manager.input_hist_raw) - 1)
        self._ended_at: dict[int, float] = {}
        self._ours = self._after_cell

    def start(self) -> None:
        """Begin."""
        self._interactive.events.register("post_run_cell", self._ours)
        self._outputs.start()

    def stop(self) -> None:
        """End; all that was printed until now is in."""
        if self._ours in self._interactive.events.callbacks["post_run_cell"]:
            self._interactive.events.unregister("post_run_cell", self._ours)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        self._outputs.stop()

    def verdict(self) -> Outcome | None:
        """Nothing: each cell has said it already."""
        return None

    def end(self, origin: Origin, *, quiet: bool) -> NotebookEnd:
        """What there is to say at the end: outputs, unsaved edits, cells out of order.

        Args:
            origin: the notebook's code as it was at the start.
            quiet: do not warn of cells out of order.

        Raises:
            TrackingError: the notebook's file can't be read any more.
        """
        executed = list(self._interactive.history_manager.input_hist_raw)
        if origin.path is None:
            as_run = Notebook(cells=tuple(("code", text) for text in executed if text))
            return NotebookEnd(page=page_of(self._outputs.cells, title=origin.code.key), code=changed_code(origin, notebook=as_run))
        saved = read_notebook(origin.path)
        numbers = numbers_of(saved.code, executed)
        jumps = not_consecutive(numbers)
        missing = [n for n in unsaved_cells(executed, saved) if n >= self._first]
        # One that ran before the file was saved last has been edited, moved on from, or deleted.
        is_unsaved = any(self._ended_at.get(n, time.time()) > origin.path.stat().st_mtime for n in missing)
        if jumps and not quiet:
            say("!", f"cells {list(jumps)} were not run consecutively")
        if is_unsaved:
            say("!", f"inputs {missing} were executed and are not in {origin.path.name} as it is saved: save it before ln.finish()")
        facts: dict[str, Any] = {"unsaved" if is_unsaved else "replaced": missing, "not_consecutive": [list(pair) for pair in jumps]}
        if missing:
            ran = tuple(("code", text) for text in executed[self._first :] if text)
            facts["executed"] = stored_source(Notebook(cells=ran).to_percent())
        page = page_of(self._cells(origin.path, saved, numbers=numbers, executed=executed, missing=missing), title=origin.code.key)
        return NotebookEnd(info={name: value for name, value in facts.items() if value}, page=page, code=changed_code(origin, notebook=saved))

    def _after_cell(self, result: Any) -> None:
        self._ended_at[result.execution_count or 0] = time.time()
        error = result.error_before_exec or result.error_in_exec
        self._note(outcome_of(error) if error is not None else None)

    def _cells(
        self, path: Path, saved: Notebook, *, numbers: Sequence[int | None], executed: Sequence[str], missing: Sequence[int]
    ) -> Sequence[Cell]:
        """The notebook's cells as they are saved, and those that are in no file where they were executed."""
        recorded = {cell.number: cell for cell in self._outputs.cells}
        before = self._saved_outputs(path, executed)
        places, cells = iter(numbers), []
        for kind, source in saved.cells:
            number = next(places) if kind == "code" else None
            outputs = recorded[number].outputs if number in recorded else before.get(number or 0, [])
            cells.append(Cell(kind=kind, source=source, number=number, outputs=list(outputs)))
        for number in missing:
            after = max((place for place, cell in enumerate(cells) if cell.number is not None and cell.number < number), default=-1)
            outputs = recorded[number].outputs if number in recorded else []
            cells.insert(after + 1, Cell(source=executed[number], number=number, outputs=outputs, is_extra=True))
        return cells

    def _saved_outputs(self, path: Path, executed: Sequence[str]) -> Mapping[int, list[Output]]:
        """By number, the outputs in the file that are of this kernel: it was saved since the run began."""
        if path.stat().st_mtime < self._began:
            return {}
        code = read_notebook(path).code
        saved = zip(code, read_outputs(path), strict=True)
        return {
            number: list(outputs)
            for source, (number, outputs) in saved
            if number is not None and 0 < number < len(executed) and executed[number].strip() == source.strip()
        }
