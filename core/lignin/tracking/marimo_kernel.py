"""The marimo kernel that runs this code, if one does: its file, its cells, and what they put out.

A marimo notebook is a Python file. Run as a script it ends like any script. In marimo's editor, in
an app and in `marimo export`, a kernel runs its cells: it catches what they raise, and ends without
Python's own hooks. Marimo has no public way to ask it, so everything here takes no for an answer.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from lignin.recording import Guard, RunStatus
from lignin.tracking.notebook_end import NotebookEnd
from lignin.tracking.origin import Origin, changed_code, read_source
from lignin.tracking.outcome import Outcome, outcome_of
from lignin.tracking.outputs import Cell, Output, best_of, output_of
from lignin.tracking.page import page_of

__all__ = ["MarimoWatch"]

# Elements of marimo's own, which only its own page can draw.
_OWN_ELEMENT = re.compile(r"<marimo-")
_FORMULA = re.compile(r"</?marimo-tex\b[^>]*>")
_UNSHOWN = "an interactive element of marimo, which this page can't show"

_guard = Guard("marimo")


class MarimoWatch:
    """Watches the cells of a marimo kernel, from `start()` to `stop()`.

    Args:
        kernel: marimo's context of the kernel.
    """

    def __init__(self, kernel: Any) -> None:
        self._kernel = kernel
        self._stream: Any = None
        self._write: Any = None
        self._outputs: dict[str, list[Output]] = {}
        self._ours = self._pass_on

    def start(self) -> None:
        """Begin."""
        with _guard:
            self._stream = self._kernel.stream
            self._write = self._stream.write
            self._stream.write = self._ours

    def stop(self) -> None:
        """End; all that was printed until now is in."""
        with _guard:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        if self._stream is not None and vars(self._stream).get("write") == self._ours:
            del self._stream.write

    def verdict(self) -> Outcome | None:
        """What the states of the cells make of the run: failed if one ended in an error that stands."""
        with _guard:
            for cell in self._kernel.graph.cells.values():
                if cell.run_result_status == "exception":
                    error = cell.exception
                    return outcome_of(error) if isinstance(error, BaseException) else Outcome(status=RunStatus.FAILED)
        return None

    def end(self, origin: Origin, *, quiet: bool) -> NotebookEnd:
        """What there is to say at the end: the outputs, and the code as it is saved now."""
        names = self._kernel.graph.cells
        cells = [
            Cell(source=cell.code, kind="code", outputs=self._outputs.get(str(name), []))
            for name, cell in sorted(names.items(), key=lambda item: self._place(origin, item[1].code))
        ]
        code = changed_code(origin, text=read_source(origin.path)) if origin.path is not None else None
        return NotebookEnd(page=page_of(cells, title=origin.code.key), code=code)

    def _place(self, origin: Origin, code: str) -> int:
        """Where a cell stands in the file, where its cells are indented."""
        first = next((line.strip() for line in code.splitlines() if line.strip()), "")
        return (origin.code.source or "").find(first)

    def _pass_on(self, data: Any) -> Any:
        with _guard:
            self._note(json.loads(data))
        return self._write(data)

    def _note(self, message: Mapping[str, Any]) -> None:
        if message.get("op") != "cell-op":
            return
        outputs = self._outputs.setdefault(str(message["cell_id"]), [])
        if message.get("status") == "running":
            outputs.clear()
        console = message.get("console") or ()
        for printed in [console] if isinstance(console, Mapping) else console:
            self._print(outputs, printed)
        shown = message.get("output")
        if shown:
            outputs[:] = [output for output in outputs if output.name in {"stdout", "stderr"}]
            outputs.extend(_shown(shown))

    def _print(self, outputs: list[Output], printed: Mapping[str, Any]) -> None:
        name, text = str(printed["channel"]), str(printed["data"])
        if printed.get("mimetype") == "application/vnd.marimo+traceback":
            name, text = "error", re.sub(r"<[^>]*>", "", text)
        if outputs and outputs[-1].name == name and outputs[-1].log is not None:
            outputs[-1].log.add(text)
        else:
            new = output_of({"output_type": "stream", "name": name, "text": text})
            outputs.extend([new] if new else [])


def _shown(output: Mapping[str, Any]) -> Sequence[Output]:
    form, data = str(output["mimetype"]), output["data"]
    if form == "application/vnd.marimo+error":
        return [Output(name="error", text="\n".join(str(error.get("msg") or error.get("type")) for error in data))]
    if form == "application/vnd.marimo+mimebundle":
        data = json.loads(data) if isinstance(data, str) else data
        found = best_of({name: value for name, value in data.items() if isinstance(value, str)})
        return [found] if found else []
    if not isinstance(data, str) or not data:
        return []
    if form == "application/json":
        form = "text/plain"
    if form in {"text/html", "text/markdown"}:
        # What marimo calls Markdown is HTML by now.
        form, data = "text/html", _FORMULA.sub("", data)
        if _OWN_ELEMENT.search(data):
            return [Output(text=_UNSHOWN)]
    # A picture comes as a `data:` URL.
    found = best_of({form: data.partition("base64,")[2] if data.startswith("data:image/") else data})
    return [found] if found else []
