"""Packages that are installed here, and the entry points they declare.

Read from the names of their folders (`name-version.dist-info`), which takes about a millisecond;
the standard library's reader parses each package's metadata and takes a hundred.
"""

import importlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["EntryPoint", "Package", "entry_points", "installed_packages"]

_FOLDER = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(-py[\d.]+)?\.(dist|egg)-info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An installed package: its name as package indexes spell it, its version, and the folder of its metadata."""

    name: str
    version: str
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPoint:
    """A name under which a package offers an object, given as `module:attribute`."""

    name: str
    value: str

    def load(self) -> Any:
        """The object itself.

        Raises:
            ImportError: its module can't be imported.
            AttributeError: the module has no such attribute.
        """
        module, _, attribute = self.value.partition(":")
        found: Any = importlib.import_module(module)
        for part in filter(None, attribute.split(".")):
            found = getattr(found, part)
        return found


def installed_packages() -> tuple[Package, ...]:
    """All packages on `sys.path`, sorted by name; of two by one name the one that Python would import."""
    return _packages(tuple(sys.path))


def entry_points(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group in all installed packages."""
    return _entry_points(group, tuple(sys.path))


@lru_cache(maxsize=4)
def _packages(places: tuple[str, ...]) -> tuple[Package, ...]:
    found: dict[str, Package] = {}
    for place in places:
        for package in _packages_in(place or "."):
            found.setdefault(package.name, package)
    return tuple(found[name] for name in sorted(found))


def _packages_in(place: str) -> Iterator[Package]:
    try:
        with os.scandir(place) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        # A zip file or a folder that is gone: it may stand on the path, and holds nothing for us.
        return
    for name in names:
        if match := _FOLDER.fullmatch(name):
            plain = re.sub(r"[-_.]+", "-", match["name"]).lower()
            yield Package(name=plain, version=match["version"], folder=f"{place}/{name}")


@lru_cache(maxsize=16)
def _entry_points(group: str, places: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    found: list[EntryPoint] = []
    heading = f"[{group}]"
    for package in _packages(places):
        # Plain names and bytes: this reads hundreds of files before a script's first line of work.
        try:
            with open(f"{package.folder}/entry_points.txt", "rb") as stream:  # noqa: PTH123
                data = stream.read()
        except OSError:
            continue
        if heading.encode() in data:
            found.extend(_section(data.decode(errors="replace"), heading))
    return tuple(found)


def _section(text: str, heading: str) -> Iterator[EntryPoint]:
    inside = False
    for raw in text.splitlines():
        line = raw.split("#", 1)[0].strip()
        if line.startswith("["):
            inside = line == heading
        elif inside and "=" in line:
            name, value = (part.strip() for part in line.split("=", 1))
            yield EntryPoint(name=name, value=value.split("[", 1)[0].strip())
