"""What is recorded, and how: the file `lignin.toml` in the instance's folder, the same for every engine.

    [files]
    include = ["results/**", "s3://**"]   # which files become artifacts; all, where it is not said
    exclude = ["**/*.log"]                # these do not
    intermediate = ["work/**"]            # these are on the way only; so is what an engine calls temporary
    intermediates = "hash"                # link: recorded with size and time, not read; none: not recorded
    retain = "none"                       # link, copy: what a later run overwrites stays readable

    [keys]                                # by location: the key, which names a family in the whole instance
    "results/{path}" = "rnaseq/{path}"

    [runs]                                # of runs that no other run has started
    project = "Plates"
    labels = ["nightly"]

    [params]
    secret = ["patient_*"]                # parameters whose values are never kept, beside those that look secret
    max_text = 4096                       # characters of a text, items of a list or mapping
    max_items = 200

Patterns are of paths below the instance's folder, and of whole paths or URIs outside of it: `*` and `?` stay within a
part, `**` goes through all. In a key's pattern `{name}` is one part, and `{path}` any number of them.
"""

import fnmatch
import posixpath
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

from lignin.base.errors import LigninError, UsageError
from lignin.base.settings import find_home
from lignin.recording.events import FileRef, RefState

__all__ = ["DEFAULT_POLICY", "FILE", "Limits", "Policy", "Treatment", "policy_here", "policy_of"]

FILE = "lignin.toml"
_WHOLE_NUMBERS = range(1, 1_000_000)


class Treatment(StrEnum):
    """What becomes of a file that a run names."""

    HASH = "hash"
    LINK = "link"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a parameter is kept: characters of a text, items of a list or mapping; and names that are secret."""

    max_text: int = 4096
    max_items: int = 200
    secret: tuple[str, ...] = ()

    def is_secret(self, name: str) -> bool:
        """Whether the policy calls a parameter of this name secret."""
        return any(fnmatch.fnmatchcase(name.casefold(), pattern.casefold()) for pattern in self.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What `lignin.toml` says; the defaults where it says nothing.

    Attributes:
        folder: from which paths are taken; absolute.
        include, exclude, intermediate: patterns of files.
        intermediates: what becomes of files on the way.
        retain: whether bytes that may be overwritten are kept: `none`, `link` or `copy`.
        keys: pairs of a location's pattern and the key for what lies there.
        project: name or uid of the project of runs that no other run has started.
        labels: names of the labels of those.
        limits: of parameters.
    """

    folder: Path = Path("/")
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    intermediate: tuple[str, ...] = ()
    intermediates: Treatment = Treatment.HASH
    retain: str = "none"
    keys: tuple[tuple[str, str], ...] = ()
    project: str | None = None
    labels: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The policy of the instance in a folder; the default where there is no such file.

        Raises:
            UsageError: the file can't be read, or says what makes no sense; the message names the place.
        """
        path = folder / FILE
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(folder=folder)
        except (OSError, ValueError, RecursionError) as e:
            raise UsageError(f"can't read {path}: {e or type(e).__name__}. Mend it, or move it away.") from e
        return cls(folder=folder, **_parsed(values, path))

    @property
    def is_plain(self) -> bool:
        """Whether nothing is said of files."""
        return not (self.include or self.exclude or self.keys) and self.intermediates is Treatment.HASH

    def treat(self, ref: FileRef) -> Treatment:
        """What becomes of a file."""
        if self.is_plain:
            return Treatment.HASH
        name = self._name(ref)
        if _any(self.exclude, name) or (self.include and not _any(self.include, name)):
            return Treatment.NONE
        is_on_the_way = ref.state is RefState.TEMPORARY or _any(self.intermediate, name)
        return self.intermediates if is_on_the_way else Treatment.HASH

    def key_of(self, ref: FileRef) -> str | None:
        """The key that the policy gives a file for where it lies."""
        name = self._name(ref) if self.keys else ""
        for pattern, key in self.keys:
            if found := _location(pattern).fullmatch(name):
                return re.sub(r"\{(\w+)\}", lambda part: found[part[1]], key)
        return None

    def _name(self, ref: FileRef) -> str:
        """A file as patterns see it: by its path below the folder, else by its whole path or URI."""
        if not ref.uri.startswith("file://"):
            return ref.uri
        path = posixpath.normpath(unquote(ref.uri.removeprefix("file://"), errors="backslashreplace"))
        return path.removeprefix(f"{self.folder}/") if self.folder != Path("/") else path


DEFAULT_POLICY = Policy()


def policy_here() -> Policy:
    """The policy of the working directory; the default also where its file can't be used, which who takes the spool in says."""
    try:
        return policy_of()
    except LigninError:
        return DEFAULT_POLICY


def policy_of(folder: Path | None = None) -> Policy:
    """The policy of the instance that a folder (the working directory) belongs to; the default where there is none.

    Raises:
        UsageError: its file can't be used.
    """
    try:
        home = find_home(folder).resolve()
    except LigninError:
        return DEFAULT_POLICY
    try:
        stamp = (home / FILE).stat().st_mtime_ns
    except OSError:
        return Policy(folder=home)
    return _read(home, stamp)


@lru_cache(maxsize=16)
def _read(folder: Path, _stamp: int) -> Policy:
    return Policy.read(folder)


def _any(patterns: Sequence[str], name: str) -> bool:
    return any(_glob(pattern).fullmatch(name) for pattern in patterns)


@lru_cache(maxsize=512)
def _glob(pattern: str) -> re.Pattern[str]:
    """`**/` any number of parts, `**` anything, `*` and `?` within one part."""
    steps = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(steps.get(piece, re.escape(piece)) for piece in pieces), re.DOTALL)


@lru_cache(maxsize=512)
def _location(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", pattern)
    fixed = [re.escape(piece) for piece in pieces[::2]]
    named = [f"(?P<{name}>{'.+' if name == 'path' else '[^/]+'})" for name in pieces[1::2]]
    return re.compile("".join(part for pair in zip(fixed, [*named, ""], strict=True) for part in pair), re.DOTALL)


# What may be said, by section: a name, and what reads its value.


def _parsed(values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The fields of a policy.

    Raises:
        UsageError: an unknown section or name, or a value that makes no sense.
    """
    found: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for section, table in values.items():
        if section not in _SECTIONS and section != "keys":
            raise UsageError(f"{path} has a section [{section}] that is unknown. There are: {', '.join([*_SECTIONS, 'keys'])}.")
        if not isinstance(table, dict):
            raise UsageError(f"in {path}, {section} is a section: [{section}]")
        if section == "keys":
            found["keys"] = tuple(_key_pair(path, pattern, key) for pattern, key in table.items())
            continue
        for name, value in table.items():
            reader = _SECTIONS[section].get(name)
            if reader is None:
                raise UsageError(f"{path} says [{section}] {name}, which is unknown. There are: {', '.join(_SECTIONS[section])}.")
            try:
                (limits if section == "params" else found)[name] = reader(value)
            except ValueError as e:
                raise UsageError(f"in {path}, [{section}] {name} = {value!r} is {e}.") from e
    return found | ({"limits": Limits(**limits)} if limits else {})


def _key_pair(path: Path, pattern: str, key: Any) -> tuple[str, str]:
    names = re.findall(r"\{(\w+)\}", pattern)
    if not isinstance(key, str) or not key:
        raise UsageError(f"in {path}, [keys] {pattern!r} has the key {key!r}, which is no text.")
    if len(names) != len(set(names)) or any(not name.isidentifier() for name in names):
        raise UsageError(f"in {path}, [keys] {pattern!r} names a part twice, or by what is no name.")
    if unknown := set(re.findall(r"\{(\w+)\}", key)) - set(names):
        raise UsageError(f"in {path}, [keys] the key {key!r} has {', '.join(sorted(unknown))}, which its pattern {pattern!r} has not.")
    return pattern, key


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError("no list of texts")
    return tuple(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no text")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value not in _WHOLE_NUMBERS:
        raise ValueError("no whole number from 1 to a million")
    return value


def _choice(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"none of {', '.join(choices)}")
        return str(value)

    return read


def _treatment(value: Any) -> Treatment:
    return Treatment(_choice(*Treatment)(value))


_SECTIONS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "files": {
        "include": _texts,
        "exclude": _texts,
        "intermediate": _texts,
        "intermediates": _treatment,
        "retain": _choice("none", "link", "copy"),
    },
    "runs": {"project": _text, "labels": _texts},
    "params": {"secret": _texts, "max_text": _number, "max_items": _number},
}
