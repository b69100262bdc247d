"""Files in parameters and results: which values name one, and how it stands now.

A path is what says so by its type: `pathlib.Path` and anything else with `__fspath__`, `UPath`,
fsspec's open files; also a text where the annotation promises a path. Lists, tuples, sets, dicts,
dataclasses and pydantic models are looked through. Registry artifacts are left to the core, which
sees their `load` and `save`.
"""

import dataclasses
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lignin.base.content import walk_files
from lignin.base.redact import redact_url
from lignin.recording import FileRef, RefState, observe

__all__ = ["Sighting", "look", "look_at_uri", "sightings"]

_MAX_DEPTH = 6
_MAX_FILES = 10_000
_LOCAL = {"", "file", "local"}
# Not places where data lies: their files exist in one process only, or behind no address.
_NO_PLACE = {"memory", "data", "http+unix"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A file as it stood at one moment.

    Attributes:
        role: parameter name, or key in a dict of results; may be empty.
        place: the path or URI as it was given.
        ref: the reference, as `observe` gives it.
        changed_ns: when the file system last touched the file or any file of the folder (`ctime`,
            which no tool can set back), in nanoseconds since 1970; `None` for what lies elsewhere.
        is_folder: whether it is one.
    """

    role: str
    place: str
    ref: FileRef
    changed_ns: int | None = None
    is_folder: bool = False


def sightings(values: Mapping[str, Any], *, path_typed: frozenset[str]) -> tuple[Sighting, ...]:
    """Every file that `values` name and that exists, each once per role.

    Args:
        values: by role: parameters, or `{"": result}`.
        path_typed: roles in which a text is a path.
    """
    found: dict[tuple[str, str], Sighting] = {}
    for role, value in values.items():
        for inner, place in _places(value, role, texts=role in path_typed, depth=0):
            if len(found) >= _MAX_FILES:
                return tuple(found.values())
            seen = look(place, role=inner)
            if seen is not None:
                found.setdefault((seen.role, seen.ref.uri), seen)
    return tuple(found.values())


def look(place: str, *, role: str) -> Sighting | None:
    """How a path or URI stands now; `None` if nothing is there, or it can't be data.

    Remote places are not asked: a hook must not wait for a network.
    """
    scheme, mark, rest = place.partition("://")
    if mark and scheme not in _LOCAL:
        return look_at_uri(place, role=role)
    path = Path(os.path.abspath(rest if mark else place))  # noqa: PTH100 - links keep their name
    try:
        own = path.stat()
    except (OSError, ValueError):
        return None
    is_folder = stat.S_ISDIR(own.st_mode)
    if not is_folder and not stat.S_ISREG(own.st_mode):
        return None
    if is_folder and (path == _home() or Path.cwd().is_relative_to(path)):
        # The place where work is done is no dataset, and hashing it would read the user's disk.
        return None
    ref = observe(path)
    if ref.state is RefState.MISSING:
        return None
    changed = own.st_ctime_ns
    if is_folder:
        changed = max((info.st_ctime_ns for _, info in walk_files(path)), default=changed)
    return Sighting(role=role, place=str(path), ref=ref, changed_ns=changed, is_folder=is_folder)


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def look_at_uri(uri: str, *, role: str) -> Sighting | None:
    """A place in a remote store, as told."""
    scheme, mark, rest = uri.partition("://")
    if not mark or not rest.strip("/") or scheme.split("::")[0].lower() in _NO_PLACE:
        return None
    return Sighting(role=role, place=uri, ref=FileRef(uri=redact_url(uri).rstrip("/")))


def _places(value: Any, role: str, *, texts: bool, depth: int) -> Iterator[tuple[str, str]]:
    """The paths and URIs in a value, with the role of each."""
    place = _place(value, texts=texts)
    if place is not None:
        yield role, place
    elif depth < _MAX_DEPTH:
        for key, inner in _inside(value):
            # A dict of results names its files; inside of a parameter, the parameter's name counts.
            yield from _places(inner, role or key, texts=texts, depth=depth + 1)


def _place(value: Any, *, texts: bool) -> str | None:
    if isinstance(value, str):
        return value if texts and value and "\0" not in value else None
    if value is None or isinstance(value, int | float | bytes) or type(value).__module__.startswith("lignin."):
        return None
    protocol, path = getattr(value, "protocol", None), getattr(value, "path", None)
    if isinstance(protocol, str) and isinstance(path, str):
        return path if protocol in _LOCAL else str(value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(os.fspath(value))
    system = getattr(value, "fs", None)
    unstrip = getattr(system, "unstrip_protocol", None)
    return str(unstrip(path)) if isinstance(path, str) and callable(unstrip) else None


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(key), inner) for key, inner in list(value.items())[:_MAX_FILES])
    elif isinstance(value, list | tuple | set | frozenset):
        yield from (("", inner) for inner in list(value)[:_MAX_FILES])
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from ((f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value))
    elif isinstance(fields := getattr(type(value), "model_fields", None), dict):
        yield from ((name, getattr(value, name, None)) for name in fields)
