"""A function as code: its key, source and hash."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

from lignin.recording import Code, function_source, hash_source, stored_source
from lignin.tracking.notebook_path import find_notebook_path
from lignin.tracking.origin import Place, main_path, place_of
from lignin.tracking.prompts import marimo_kernel, shell

__all__ = ["function_code", "title_of"]


def function_code(function: Callable[..., Any], folder: Path) -> Code:
    """The function's own code, in the instance whose folder this is.

    Where there is no source (typed into `exec`, built in), its byte code tells the versions apart.
    """
    source = function_source(function)
    body = getattr(function, "__code__", None)
    place = _place(Path(body.co_filename) if isinstance(body, CodeType) else None, folder)
    text = source if source is not None else _compiled(body) if isinstance(body, CodeType) else repr(type(function))
    lines = (getattr(function, "__doc__", None) or "").strip().splitlines()
    return Code(
        kind="function",
        key=f"{place.key}::{title_of(function)}",
        hash=hash_source(text),
        source=stored_source(source) if source is not None else None,
        reference=place.reference,
        version=place.version,
        description=lines[0] if lines else None,
    )


def title_of(function: Callable[..., Any]) -> str:
    """What people call a function: `normalise`, `Plate.read`; inside another one, `outer.inner`."""
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or type(function).__qualname__
    return str(name).replace("<locals>.", "")


def _place(path: Path | None, folder: Path) -> Place:
    if path is not None and path.is_file() and not _is_cell(path):
        return place_of(path, folder=folder)
    interactive = shell()
    if hasattr(interactive, "kernel"):
        notebook = find_notebook_path(interactive)
        return place_of(notebook.path, folder=folder) if notebook else Place(key="<notebook>")
    if marimo_kernel() is not None:
        file = main_path(None)
        return place_of(file, folder=folder) if file else Place(key="<notebook>")
    return Place(key="<prompt>" if hasattr(sys, "ps1") else "<stdin>")


def _is_cell(path: Path) -> bool:
    # Kernels name the code of a cell after a file in a folder such as /tmp/ipykernel_4711 or /tmp/marimo_4711.
    return any(part.startswith(("ipykernel_", "marimo_")) for part in path.parts[:-1])


def _compiled(body: CodeType) -> str:
    # Sets have no order of their own, and their `repr` changes from process to process.
    constants = (
        _compiled(value) if isinstance(value, CodeType) else repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)
        for value in body.co_consts
    )
    return "\0".join((body.co_code.hex(), *body.co_names, *constants))
