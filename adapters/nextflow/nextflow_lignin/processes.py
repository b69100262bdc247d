"""The processes of tasks, from the scripts of a run that have not changed since."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lignin.base.redact import redact_text
from nextflow_lignin.bodies import Definitions, read_definitions

__all__ = ["module_at", "process_lines"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGEST = 1_000_000


def process_lines(scripts: Iterable[Mapping[str, Any]], names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """A line `process` for each of these processes whose definition can be told.

    Args:
        scripts: the run's scripts, with the SHA-256 of those that are still what ran.
        names: of processes, with the workflows that they are in.
    """
    scripts = list(scripts)
    modules = dict(_modules(scripts))
    if len(modules) < len({script.get("path") for script in scripts}):
        # What has changed since may have defined, or included, a process of any name.
        return
    for name in dict.fromkeys(names):
        found = set(_definitions(name.rpartition(":")[2], modules))
        if len(found) == 1:
            path, source = found.pop()
            sha = hashlib.sha256(source.encode()).hexdigest()
            yield {"type": "process", "name": name, "script": str(path), "sourceSha256": sha, "source": redact_text(source), "directives": {}, "container": None}


def module_at(script: Path, named: str) -> Path | None:
    """The script that another one includes by a relative path."""
    # Links stay as they are, as in the names that Nextflow gives.
    place = Path(os.path.normpath(script.parent / named))
    choices = (place, place.with_name(f"{place.name}.nf"), place / "main.nf")
    return next((choice for choice in choices if choice.is_file()), None)


def _modules(scripts: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Path, Definitions]]:
    for script in scripts:
        path, sha = script.get("path"), script.get("sha256")
        if not isinstance(path, str) or not isinstance(sha, str) or not _SHA256.fullmatch(sha):
            continue
        try:
            data = Path(path).read_bytes()
        except OSError:
            continue
        if len(data) <= _LARGEST and hashlib.sha256(data).hexdigest() == sha:
            yield Path(path), read_definitions(data.decode(errors="replace"))


def _definitions(name: str, modules: Mapping[Path, Definitions]) -> Iterator[tuple[Path, str]]:
    """Where a process of this name may be defined, under this name or the one that it had before it was included."""
    for path, defined in modules.items():
        if (source := defined.sources.get(name)) is not None:
            yield path, source
        if (included := defined.includes.get(name)) is not None and (place := module_at(path, included[1])) is not None:
            other = modules.get(place)
            if other is not None and (source := other.sources.get(included[0])) is not None:
                yield place, source
