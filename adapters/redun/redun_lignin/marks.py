"""Notes beside the spool on executions that were recorded live: who runs one, and that one is told as a whole.

`reconcile` and `import` read them: an execution whose process is gone is over, whatever redun's database says, and one
that was told as a whole needs no other telling, in which files that have changed since would be worth less.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lignin.base.processes import is_gone
from lignin.base.settings import spool_folder

__all__ = ["is_over", "is_whole", "note_end", "note_start"]

_FOLDER = "redun-executions"


def note_start(execution_id: str) -> None:
    """Note that the execution is run by this process."""
    _write(execution_id, {"node": os.uname().nodename, "pid": os.getpid(), "at": datetime.now(UTC).isoformat()})


def note_end(execution_id: str, *, jobs: int) -> None:
    """The execution was told as a whole, with so many jobs."""
    _write(execution_id, {"jobs": jobs})


def is_whole(execution_id: str, *, jobs: int) -> bool:
    """Whether an execution of so many jobs was told as a whole."""
    return _read(execution_id).get("jobs") == jobs


def is_over(execution_id: str) -> bool | None:
    """Whether the process that ran an execution is gone; `None` where this machine does not know."""
    note = _read(execution_id)
    if "jobs" in note:
        return True
    if note.get("node") != os.uname().nodename or not isinstance(note.get("pid"), int):
        return None
    return is_gone(note["pid"], since=datetime.fromisoformat(note["at"]))


def _path(execution_id: str) -> Path:
    return spool_folder() / _FOLDER / f"{execution_id.replace(os.sep, '_')}.json"


def _read(execution_id: str) -> Mapping[str, Any]:
    with suppress(OSError, ValueError):
        note = json.loads(_path(execution_id).read_text(encoding="utf-8"))
        if isinstance(note, dict):
            return note
    return {}


def _write(execution_id: str, note: Mapping[str, Any]) -> None:
    path = _path(execution_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(note), encoding="utf-8")
    draft.replace(path)
