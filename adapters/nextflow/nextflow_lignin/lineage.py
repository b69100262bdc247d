"""Nextflow's own lineage store, `.lineage`: records in folders by their keys, flat or wrapped in `spec`.

A store that is newer than this code may hold kinds and fields that it does not know: they are left out.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from nextflow_lignin.history import local_moment

__all__ = ["Lineage", "Record", "lid", "read_lineage", "read_record"]

Record = Mapping[str, Any]

_DATA = ".data.json"
_LID = "lid://"


@dataclass(slots=True, kw_only=True)
class Lineage:
    """The records of a store.

    Attributes:
        runs: by key, those of workflow runs.
        begun: by key, when each was begun.
        tasks: by hash, those of tasks.
        task_outputs: by hash.
        run_outputs: by the key of the run.
        files: by key, `<hash or run>/<path>`.
    """

    runs: dict[str, Record] = field(default_factory=dict)
    begun: dict[str, datetime] = field(default_factory=dict)
    tasks: dict[str, Record] = field(default_factory=dict)
    task_outputs: dict[str, Record] = field(default_factory=dict)
    run_outputs: dict[str, Record] = field(default_factory=dict)
    files: dict[str, Record] = field(default_factory=dict)

    def files_of(self, owner: str) -> Iterator[tuple[str, Record]]:
        """The files of a task or run, by their keys."""
        return ((key, record) for key, record in self.files.items() if key.startswith(f"{owner}/"))

    def run_key(self, session: str, name: str) -> str | None:
        """The key of a run by Nextflow's names for it."""
        return next((key for key, run in self.runs.items() if run.get("sessionId") == session and run.get("name") == name), None)


def read_lineage(store: Path) -> Lineage:
    """All records of a store; what can't be read as one is left out.

    Raises:
        OSError: the store can't be listed.
    """
    os.scandir(store).close()
    found = Lineage()
    for folder, inner, files in os.walk(store):
        if Path(folder) == store and ".history" in inner:
            inner.remove(".history")
        if _DATA in files:
            record = read_record(Path(folder))
            if record is not None:
                _file(found, Path(folder).relative_to(store).as_posix(), record)
    for path in sorted((store / ".history").glob("*")):
        parts = path.read_text(encoding="utf-8", errors="replace").rstrip("\n").split("\t")
        if (at := local_moment(parts[0])) is not None:
            found.begun[path.name] = at
    return found


def lid(value: object) -> str | None:
    """The key that a reference names."""
    return value.removeprefix(_LID) if isinstance(value, str) and value.startswith(_LID) else None


def read_record(folder: Path) -> Record | None:
    """The record of one key, which is a folder; `None` where there is none that can be read."""
    try:
        record = json.loads((folder / _DATA).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str):
        return None
    spec = record.get("spec")
    return {"kind": record["kind"], **spec} if isinstance(spec, dict) else record


def _file(found: Lineage, key: str, record: Record) -> None:
    owner = key.removesuffix("#output")
    match record["kind"]:
        case "WorkflowRun":
            found.runs[key] = record
        case "WorkflowOutput":
            found.run_outputs[owner] = record
        case "TaskRun":
            found.tasks[key] = record
        case "TaskOutput":
            found.task_outputs[owner] = record
        case "FileOutput":
            found.files[key] = record
