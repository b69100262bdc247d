"""From a Python function to the `Code` that a run executes, and to what its annotations promise."""

import inspect
import os
import re
import subprocess
import sys
import typing
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from types import CodeType
from typing import Any

from lignin.recording import (
    Code,
    Repository,
    file_code_key,
    function_source,
    hash_source,
    repository_of,
    stored_source,
    to_uri,
)

__all__ = ["code_of", "make_portable", "path_parameters"]

_CARRIED = "__lignin_code__"
_PATH_WORD = re.compile(r"\b(?:\w*Path|PathLike)\b")


def code_of(function: Callable[..., Any], *, kind: str) -> Code:
    """The code of a flow's or task's own function: key `<file>::<function>`, hash of its source.

    A function without source text (typed into `exec`, built at run time) is told apart by its byte
    code. What the function calls is not part of the hash.
    """
    function = _plain(function)
    carried = getattr(function, _CARRIED, None)
    return replace(carried if isinstance(carried, Code) else _code_of(function), kind=kind)


def make_portable(function: Callable[..., Any]) -> None:
    """Let a function know its code also in a child process that gets it pickled by value.

    A pickled function has forgotten its file. So it carries something that turns into its `Code`
    at the moment of pickling, and costs nothing before.
    """
    function = _plain(function)
    if inspect.isfunction(function) and not hasattr(function, _CARRIED):
        setattr(function, _CARRIED, _Carried(function))


class _Carried:
    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __reduce__(self) -> tuple[Callable[[Code], Code], tuple[Code]]:
        return _arrived, (_code_of(self._function),)


def _arrived(code: Code) -> Code:
    return code


def path_parameters(function: Callable[..., Any]) -> frozenset[str]:
    """Names of the parameters whose annotation speaks of a path; `return` for the result.

    A text that is given to such a parameter is a path; any other text is left alone.
    """
    return _path_parameters(_plain(function))


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    return getattr(function, "__func__", function)


@lru_cache(maxsize=4096)
def _code_of(function: Callable[..., Any]) -> Code:
    name = getattr(function, "__qualname__", type(function).__qualname__).replace(".<locals>", "")
    source = function_source(function)
    file = _file_of(function)
    repository = repository_of(file.parent) if file else None
    place = file_code_key(file) if file else getattr(function, "__module__", None) or "interactive"
    about = inspect.getdoc(function)
    return Code(
        kind="function",
        key=f"{place}::{name}",
        hash=hash_source(source or _fingerprint(function)),
        source=stored_source(source) if source else None,
        reference=_reference(file, repository),
        version=repository.version if file and repository and _is_committed(repository.folder, file) else None,
        description=stored_source(about.strip().splitlines()[0][:200]) if about and about.strip() else None,
    )


def _reference(file: Path | None, repository: Repository | None) -> str | None:
    if repository:
        return repository.url or to_uri(repository.folder)
    return to_uri(file.parent) if file else None


@lru_cache(maxsize=256)
def _is_committed(root: Path, file: Path) -> bool:
    """Whether git knows the file: a clean repository says nothing of one that it doesn't."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "ls-files", "--error-unmatch", "--", str(file)],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _file_of(function: Callable[..., Any]) -> Path | None:
    """The file that holds a function, absolute; `None` for what a notebook or `exec` defined."""
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    name = code.co_filename
    if not Path(name).is_absolute():
        # A script's own functions carry the path as it was typed; its module knows the whole one.
        module = sys.modules.get(function.__module__)
        whole = getattr(module, "__file__", None)
        name = whole if whole and Path(whole).name == Path(name).name else name
    path = Path(os.path.abspath(name))  # noqa: PTH100 - links stay as the user wrote them
    return path if path.is_file() and "ipykernel_" not in str(path) else None


def _fingerprint(function: Callable[..., Any]) -> str:
    code = getattr(function, "__code__", None)
    return _code_text(code) if code else f"{function.__module__}.{getattr(function, '__qualname__', '')}"


def _code_text(code: CodeType) -> str:
    constants = (_code_text(c) if isinstance(c, CodeType) else _stable(c) for c in code.co_consts)
    return "\0".join((code.co_code.hex(), *code.co_names, *code.co_varnames, *constants))


def _stable(constant: object) -> str:
    # The order of a set changes from process to process.
    return repr(sorted(constant, key=repr)) if isinstance(constant, frozenset) else repr(constant)


@lru_cache(maxsize=4096)
def _path_parameters(function: Callable[..., Any]) -> frozenset[str]:
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError, SyntaxError, ValueError):
        # Names that exist for the type checker only: the annotation's own text must do.
        hints = dict(getattr(function, "__annotations__", {}))
    return frozenset(name for name, hint in hints.items() if _speaks_of_path(hint))


def _speaks_of_path(hint: object) -> bool:
    if isinstance(hint, str):
        return _PATH_WORD.search(hint) is not None
    if isinstance(hint, type) and not typing.get_args(hint):
        return issubclass(hint, os.PathLike) or hint.__name__ == "UPath"
    return any(_speaks_of_path(inner) for inner in typing.get_args(hint) if not isinstance(inner, str))
