"""What the cells of a notebook put out while it is tracked, as its kernel sends it to whoever shows it.

A notebook's file holds outputs only once its editor has saved them: with `nbconvert --execute` that
is after the kernel has ended. The kernel itself sends each as a message, and these are read on
their way out; they are passed on unchanged, whatever happens here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lignin.recording import Guard
from lignin.tracking.capture import Log

__all__ = ["Cell", "KernelOutputs", "Output", "best_of", "output_of"]

# Of several forms of one output, the first of these is kept.
FORMS = ("text/html", "image/svg+xml", "image/png", "image/jpeg", "image/gif", "text/markdown", "text/latex", "text/plain")
_MOST = 32 * 1024 * 1024
_DATA = {"display_data", "execute_result", "update_display_data"}

_guard = Guard("notebook")


@dataclass(slots=True, kw_only=True)
class Output:
    """One output of a cell.

    Attributes:
        form: its MIME type; that of what is printed is `text/plain`.
        text: as the kernel gave it, or
        log: what is printed, while it grows.
        name: `stdout`, `stderr` or `error`; nothing for what is displayed.
        display: the name by which it can be put anew.
    """

    form: str = "text/plain"
    text: str = ""
    log: Log | None = None
    name: str = ""
    display: str | None = None

    @property
    def shown(self) -> str:
        """The text as it stands now."""
        return self.text if self.log is None else self.log.text()


@dataclass(slots=True, kw_only=True)
class Cell:
    """A cell, and what it put out.

    Attributes:
        kind: `code`, `markdown` or `raw`.
        source: its text.
        number: in the order in which cells were executed; `None` for one that was not.
        outputs: in order.
        is_extra: it was executed, and is not in the notebook's file.
    """

    source: str
    kind: str = "code"
    number: int | None = None
    outputs: list[Output] = field(default_factory=list)
    is_extra: bool = False


class KernelOutputs:
    """Reads along what an IPython kernel sends, from `start()` to `stop()`."""

    def __init__(self, interactive: Any) -> None:
        self._interactive = interactive
        self._session = getattr(getattr(interactive, "kernel", None), "session", None)
        self._send: Any = getattr(self._session, "send", None)
        self._cells: dict[str, Cell] = {}
        self._cleared: set[str] = set()
        self._size = 0
        # A bound method is made anew at each access, and `stop` compares.
        self._ours = self._pass_on

    def start(self) -> None:
        """Begin, with the cell that is being executed."""
        if self._session is None or self._send is None:
            return
        with _guard:
            number = self._interactive.execution_count
            parent = _id_of(self._interactive.displayhook.parent_header)
            self._cells[parent] = Cell(source=self._interactive.history_manager.input_hist_raw[-1], number=number)
            self._session.send = self._ours

    def stop(self) -> None:
        """End; what others have put over ours since then stays, and passes through."""
        if self._session is not None and vars(self._session).get("send") == self._ours:
            del self._session.send

    @property
    def cells(self) -> Sequence[Cell]:
        """The cells that were executed, in that order."""
        return [cell for cell in self._cells.values() if cell.number is not None]

    def _pass_on(self, stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None, *rest: Any, **named: Any) -> Any:
        with _guard:
            if isinstance(msg_or_type, str):
                self._note(msg_or_type, content or {}, _id_of(parent or {}))
            else:
                kind = msg_or_type.get("msg_type") or msg_or_type["header"]["msg_type"]
                self._note(kind, msg_or_type["content"], _id_of(msg_or_type["parent_header"]))
        return self._send(stream, msg_or_type, content, parent, *rest, **named)

    def _note(self, kind: str, content: Mapping[str, Any], parent: str) -> None:
        if kind == "execute_input":
            self._cells[parent] = Cell(source=content["code"], number=content["execution_count"])
        elif kind == "clear_output":
            if content.get("wait"):
                self._cleared.add(parent)
            elif parent in self._cells:
                self._cells[parent].outputs.clear()
        elif kind in _DATA or kind in {"stream", "error"}:
            outputs = self._cells.setdefault(parent, Cell(source="")).outputs
            if parent in self._cleared:
                self._cleared.discard(parent)
                outputs.clear()
            self._add(kind, content, outputs)

    def _add(self, kind: str, content: Mapping[str, Any], outputs: list[Output]) -> None:
        if kind == "stream" and outputs and outputs[-1].name == content["name"] and outputs[-1].log is not None:
            outputs[-1].log.add(content["text"])
            return
        new = output_of({**content, "output_type": kind})
        if new is None or self._size > _MOST:
            return
        self._size += len(new.text)
        if kind == "update_display_data":
            for other in (o for c in self._cells.values() for o in c.outputs if o.display and o.display == new.display):
                other.form, other.text = new.form, new.text
        else:
            outputs.append(new)


def output_of(document: Mapping[str, Any]) -> Output | None:
    """An output, from the form that it has in a notebook's file and in a kernel's messages.

    >>> output_of({"output_type": "stream", "name": "stdout", "text": ["a", "b"]}).shown
    'ab'
    """
    kind = document["output_type"]
    if kind == "stream":
        log = Log()
        log.add(_text(document["text"]))
        return Output(name=str(document["name"]), log=log)
    if kind == "error":
        log = Log()
        log.add("\n".join(document["traceback"]) or f"{document['ename']}: {document['evalue']}")
        return Output(name="error", log=log)
    return best_of(document.get("data", {}), display=(document.get("transient") or {}).get("display_id"))


def best_of(data: Mapping[str, Any], *, display: str | None = None) -> Output | None:
    """Of the forms in which something is given, the one that shows most."""
    form = next((form for form in FORMS if form in data), None)
    return None if form is None else Output(form=form, text=_text(data[form]), display=display)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "".join(value)


def _id_of(parent: Mapping[str, Any]) -> str:
    """The id of the request that a message answers, from that request or its header."""
    header = parent.get("header", parent)
    return str(header.get("msg_id", "") if isinstance(header, Mapping) else "")
