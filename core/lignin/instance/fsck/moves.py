"""Moves that were killed: what they left where no record names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.errors import LigninError, StorageError
from lignin.instance.fsck.report import Finding, Kind
from lignin.instance.locate import locate
from lignin.instance.move_notes import MoveNote, notes
from lignin.instance.save_artifact import content_lock
from lignin.instance.shared import is_named
from lignin.model import Storage
from lignin.storage import hash_whole, look, remove

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["find_moves", "mend_move"]


def find_moves(instance: Instance) -> Iterator[Finding]:
    """Notes of moves whose process is gone from this machine."""
    for note in notes(instance.config):
        if note.is_over:
            left = [str(locate(*end)) for end in _left(instance, note)]
            what = f"it left {' and '.join(left)}, which no record names" if left else "it left nothing but its note"
            yield Finding(kind=Kind.MOVE, subject=note.file.stem, problem=f"a move was killed; {what}", target=(note,))


def mend_move(instance: Instance, finding: Finding) -> Finding:
    """Remove what a move left at one end, where the other end holds the very bytes and a record names them; then the note."""
    note: MoveNote = finding.target[0]
    for storage, relpath in _left(instance, note):
        others = [end for end in _ends(instance, note) if end != (storage, relpath)]
        if not any(_holds(instance, end, note.content) for end in others) or not _is_content((storage, relpath), note.content):
            return replace(finding, problem=f"{finding.problem}. The bytes are nowhere else, or others by now, so they were left: look at them yourself")
        instance.database.transact(partial(_remove, instance, storage, relpath, note.content))
    with suppress(OSError):
        note.file.unlink(missing_ok=True)
    return replace(finding, repaired=not note.file.exists())


def _remove(instance: Instance, storage: Storage, relpath: str, content: str, session: Session) -> None:
    instance.database.lock(session, content_lock(content))
    if not is_named(session, storage, relpath):
        remove(locate(storage, relpath))


def _ends(instance: Instance, note: MoveNote) -> list[tuple[Storage, str]]:
    with instance.database.reading() as session:
        storages = {s.uid: s for s in session.scalars(select(Storage).where(Storage.uid.in_([uid for uid, _ in note.ends])))}
    return [(storages[uid], relpath) for uid, relpath in note.ends if uid in storages]


def _left(instance: Instance, note: MoveNote) -> list[tuple[Storage, str]]:
    """The ends at which something lies and no record names it."""
    left = []
    for storage, relpath in _ends(instance, note):
        if not note.is_made and (storage.uid, relpath) == note.ends[1]:
            continue
        with instance.database.reading() as session:
            named = is_named(session, storage, relpath)
        with suppress(LigninError):
            if not named and look(locate(storage, relpath)) is not None:
                left.append((storage, relpath))
    return left


def _holds(instance: Instance, end: tuple[Storage, str], content: str) -> bool:
    with instance.database.reading() as session:
        return is_named(session, *end) and _is_content(end, content)


def _is_content(end: tuple[Storage, str], content: str) -> bool:
    try:
        return hash_whole(locate(*end)).id == content
    except StorageError:
        return False
