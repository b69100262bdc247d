"""redun's values as plain ones: which files they name, how those stand, and what a parameter says."""

import ast
import dataclasses
import os
import re
import stat
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from redun.expression import Expression
from redun.file import (
    ContentDir,
    ContentFile,
    ContentFileSet,
    Dir,
    File,
    FileSet,
    IDir,
    IFile,
    ShardedS3Dataset,
    Staging,
)
from redun.scheduler import ErrorValue, JobInfo
from redun.task import Task
from redun.utils import PreviewClass

from lignin.base.redact import redact_url
from lignin.recording import FileRef, RefState, observe
from redun_lignin.translate import SCRIPT, Found, TaskCode

__all__ = ["bind", "failure_of", "files_in", "params_of", "sight", "task_code"]

_MAX_DEPTH = 8
_MAX_FILES = 10_000
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_SLACK = timedelta(seconds=1)
_READS_BYTES = (ContentFile, ContentDir, ContentFileSet)
_BY_PATH = (IFile, IDir)


def task_code(task: Task[..., Any]) -> TaskCode:
    """A task of this process."""
    return TaskCode(name=task.fullname, hash=task.hash, source=task.source or "", version=task.version)


def bind(source: str, positional: Sequence[Any], keyword: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by the names in a task's signature, as its source has it; `arg0`, … where that can't be read."""
    names, rest = _parameters(source)
    bound: dict[str, Any] = {}
    for place, value in enumerate(positional):
        if place < len(names):
            bound[names[place]] = value
        elif rest is not None:
            bound.setdefault(rest, []).append(value)
        else:
            bound[f"arg{place}"] = value
    bound |= keyword
    # In one order whoever tells them, since redun sorts what its database holds.
    order = {name: place for place, name in enumerate(names)}
    return dict(sorted(bound.items(), key=lambda item: (order.get(item[0], len(names)), item[0])))


@lru_cache(maxsize=1024)
def _parameters(source: str) -> tuple[tuple[str, ...], str | None]:
    with suppress(SyntaxError, ValueError, RecursionError):
        for node in ast.walk(ast.parse(textwrap.dedent(source))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args))
                return names, node.args.vararg.arg if node.args.vararg else None
    return (), None


# --- parameters ------------------------------------------------------------------------------


def params_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with redun's objects replaced by what they stand for. redun fills in a `JobInfo` itself: it is left out."""
    return {name: _plain(value, depth=0) for name, value in arguments.items() if not _is(value, JobInfo)}


def _plain(value: Any, *, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Staging):
        value = value.remote
    if isinstance(value, File | Dir):
        return redact_url(value.path)
    if isinstance(value, FileSet):
        return redact_url(value.pattern)
    if isinstance(value, Task):
        return value.fullname
    if depth >= _MAX_DEPTH:
        return f"<{type(value).__qualname__}>"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name, None), depth=depth + 1) for f in dataclasses.fields(value)}
    if isinstance(value, PreviewClass):
        # Its own class can't be imported here.
        return {str(k): _plain(v, depth=depth + 1) for k, v in vars(value).items() if k != "_preview_args"}
    if isinstance(value, dict):
        return {str(_plain(key, depth=depth + 1)): _plain(inner, depth=depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        listed = [_plain(inner, depth=depth + 1) for inner in value]
        return sorted(listed, key=repr) if isinstance(value, set | frozenset) else listed
    if isinstance(value, Expression) or (callable(value) and not isinstance(value, type)):
        return f"<{type(value).__qualname__} {getattr(value, '__qualname__', '')}>".replace(" >", ">")
    return _without_address(value)


def _without_address(value: Any) -> Any:
    """What the core's codec shows by `repr` must be the same in every process that has read it."""
    if getattr(type(value), "__repr__", None) is getattr(object, "__repr__", None):
        return f"<{type(value).__qualname__}>"
    return value


def failure_of(result: Any) -> str | None:
    """What a failed job's result says; `None` for any other result."""
    if not isinstance(result, ErrorValue):
        return None
    try:
        return _ADDRESS.sub("", f"{type(result.error).__name__}: {result.error}")
    except Exception as e:  # noqa: BLE001 - a user's exception may raise anything while it is shown
        return f"{type(result.error).__name__}, whose text raises {type(e).__name__}"


# --- files -----------------------------------------------------------------------------------


def files_in(values: Mapping[str, Any], *, task: str = "") -> tuple[Found, ...]:
    """The files in arguments by name, or in a result under the name `""`; each state of each file once."""
    if task == SCRIPT:
        values = {"": values.get("inputs")}
    found: dict[tuple[str, str], Found] = {}
    for name, value in values.items():
        for role, file in _walk(value, name, depth=0):
            if len(found) >= _MAX_FILES:
                break
            staged = isinstance(file, Staging)
            held = file.remote if staged else file
            seen = Found(role=role, path=held.path, hash="" if staged else held.hash, value=held)
            found.setdefault(seen.identity, seen)
    return tuple(found.values())


def _walk(value: Any, role: str, *, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, File | Dir | Staging):
        yield role, value
    elif isinstance(value, FileSet | ShardedS3Dataset):
        for file in value.iter_subvalues():
            yield role, file
    elif depth < _MAX_DEPTH:
        for key, inner in _inside(value):
            # A dict of results names its files; inside of a parameter, the parameter's name counts.
            yield from _walk(inner, role or key, depth=depth + 1)


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((str(key), inner) for key, inner in value.items())
        yield from (("", key) for key in value if not isinstance(key, str | int | float))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from (("", inner) for inner in value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value))
    elif isinstance(value, PreviewClass):
        yield from ((str(k), v) for k, v in vars(value).items())


def sight(found: Found, *, at: datetime | None) -> FileRef | None:
    """How a file stands now; `changed` or `missing` where it is no longer what redun has seen.

    Args:
        found: the file.
        at: the time by which it was as it is told, for a look from later on; `None` for a look at that moment.

    Returns:
        `None` for what can't be data, and for a file that redun has not found there either.
    """
    value = found.value
    if value is None or found.path == "-" or "\0" in found.path:
        return None
    if value.filesystem.name != "local":
        # A hook must not wait for a network; what it takes to read such a file is known to who reads it.
        return FileRef(uri=redact_url(found.path).rstrip("/")) if "://" in found.path else None
    path = Path(os.path.abspath(found.path.removeprefix("file://")))  # noqa: PTH100 - links keep their name
    stands = _stands(found, at=at)
    try:
        own = path.stat()
    except OSError:
        return None if stands else observe(path)
    if stat.S_ISDIR(own.st_mode):
        if path == _home() or Path.cwd().is_relative_to(path):
            # The place where work is done is no dataset, and hashing it would read the user's disk.
            return None
    elif not stat.S_ISREG(own.st_mode):
        return None
    ref = observe(path)
    if stands and (at is None or not isinstance(value, _BY_PATH) or _is_before(ref, at)):
        return ref
    return FileRef(uri=ref.uri, host=ref.host, state=RefState.CHANGED)


def _stands(found: Found, *, at: datetime | None) -> bool:
    if not found.hash or (at is None and isinstance(found.value, _READS_BYTES)):
        # A staged file has no hash of its own; one by content was read a moment ago.
        return True
    try:
        return bool(found.value._calc_hash() == found.hash)
    except OSError:
        return False


def _is_before(ref: FileRef, at: datetime) -> bool:
    return ref.mtime_ns is not None and ref.mtime_ns <= (at + _SLACK).timestamp() * 1e9


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) or (isinstance(value, PreviewClass) and value._name == kind.__name__)
