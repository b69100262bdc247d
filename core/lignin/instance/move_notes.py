"""Notes of moves that are going on: files in `.lignin/moves`, which a killed move leaves, and `lignin fsck` reads."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from lignin.base.clock import now
from lignin.base.errors import StorageError
from lignin.base.ids import new_uid
from lignin.base.processes import container, is_gone
from lignin.base.settings import InstanceConfig
from lignin.instance.plan_move import Step

__all__ = ["MoveNote", "note_move", "notes"]

_SUFFIX = ".json"
# Of another machine's processes nothing is known but that none moves one file for so long.
_LONG = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveNote:
    """What a move was about.

    Attributes:
        file: the note.
        content: the content id of what moves.
        ends: the uid of a storage location and the path in it: from, to.
        is_made: whether nothing lay at the second before.
        is_over: whether its process is known, or sure enough, to be gone.
    """

    file: Path
    content: str
    ends: tuple[tuple[str, str], tuple[str, str]]
    is_made: bool
    is_over: bool

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """The note in a file; `None` where it is gone, or is none."""
        try:
            told: Any = json.loads(file.read_text(encoding="utf-8"))
            (source, source_path), (target, target_path) = told["ends"]
            is_here = told["node"] == os.uname().nodename and told["container"] == container()
            since = datetime.fromisoformat(told["since"])
            is_over = is_gone(told["pid"], since=since) if is_here else now() - since > _LONG
            ends = ((source, source_path), (target, target_path))
            return cls(file=file, content=str(told["content"]), ends=ends, is_made=bool(told["made"]), is_over=is_over)
        except (OSError, ValueError, KeyError, TypeError):
            return None


@contextlib.contextmanager
def note_move(config: InstanceConfig, step: Step, *, is_made: bool) -> Iterator[None]:
    """Keep a note while a step is carried out; it goes when the step ends, well or not."""
    folder = config.home / "moves"
    file = folder / f"{new_uid(12)}{_SUFFIX}"
    ends = [[step.source.uid, step.source_relpath], [step.target.uid, step.target_relpath]]
    process = {"pid": os.getpid(), "node": os.uname().nodename, "container": container(), "since": now().isoformat()}
    told = {"content": step.content, "ends": ends, "made": is_made, **process}
    try:
        folder.mkdir(exist_ok=True)
        draft = file.with_suffix(".part")
        draft.write_text(json.dumps(told), encoding="utf-8")
        draft.replace(file)
    except OSError as e:
        raise StorageError(f"can't note in {folder} what moves: {e.strerror or e}. Nothing was moved.") from e
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def notes(config: InstanceConfig) -> Iterator[MoveNote]:
    """The notes that are there."""
    folder = config.home / "moves"
    for file in sorted(folder.glob(f"*{_SUFFIX}")) if folder.is_dir() else ():
        note = MoveNote.read(file)
        if note is not None:
            yield note
