"""Bring bytes back from a copy, or record truthfully that they are gone."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from lignin.base.content import Stat, hash_path, look_at
from lignin.base.errors import StorageError
from lignin.instance.fsck.aside import set_aside, set_aside_remote
from lignin.instance.fsck.families import choose_latest
from lignin.instance.fsck.objects import COLUMNS, Looker, content_of, copies, judge
from lignin.instance.fsck.places import Root, is_object
from lignin.instance.fsck.report import Finding, Kind
from lignin.instance.notes import delete_notes
from lignin.instance.save_artifact import content_lock
from lignin.model import Artifact, ArtifactState, Run, collection_artifact, run_input
from lignin.storage import Seen, fetch, look, put

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["mend_bytes", "mend_saving", "mend_state"]

_NEW_STATE = {
    Kind.MISSING: ArtifactState.GONE,
    Kind.WRONG: ArtifactState.GONE,
    Kind.OVERWRITTEN: ArtifactState.GONE,
    Kind.CHANGED: ArtifactState.CHANGED,
    Kind.BACK: ArtifactState.STORED,
}


def mend_bytes(instance: Instance, finding: Finding) -> Finding:
    """Put missing or wrong bytes right from a copy; where there is none, the record says that they are gone.

    Wrong bytes are moved to `lost+found`, so that nobody is served them.
    """
    row, looker = _row(instance, finding), _looker(finding)
    if row is None or judge(row, looker, chosen=True) is None:
        return replace(finding, repaired=True)
    root = looker.roots[row.storage_id]
    if finding.kind is Kind.WRONG and not _put_wrong_aside(instance, root, row):
        return replace(finding, problem=f"{finding.problem}; they can't be moved away")
    with instance.database.reading() as session:
        candidates = copies(session, row, looker)
    for candidate in candidates:
        if _copy_back(candidate, root, row):
            return replace(finding, repaired=True, repairable=True)
    if not mend_state(instance, finding).repaired:
        return replace(finding, problem=f"{finding.problem}; no copy is left")
    return replace(finding, problem=f"{finding.problem}; no copy is left, and it is recorded as gone", repairable=False)


def mend_state(instance: Instance, finding: Finding) -> Finding:
    """Record the state that the bytes are in."""
    row, looker = _row(instance, finding), _looker(finding)
    if row is None:
        return replace(finding, repaired=True)
    path = looker.place(row)
    seen = _glance(path)
    again = judge(row, looker, chosen=finding.kind is not Kind.MISSING)
    if again is None or again.kind not in _NEW_STATE:
        return replace(finding, repaired=again is None)

    def work(session: Session) -> bool:
        # Reading took its time, in which nobody was held up; now nothing may have moved.
        if not _is_unmoved(instance, session, row, path, seen):
            return False
        session.execute(update(Artifact).where(Artifact.id == row.id).values(state=_NEW_STATE[again.kind].value))
        return True

    return _done(finding, repaired=instance.database.transact(work))


def mend_saving(instance: Instance, finding: Finding) -> Finding:
    """End a save that was never told of as done: its bytes are all there, or the record goes."""
    row, looker = _row(instance, finding), _looker(finding)
    if row is None or row.state != ArtifactState.SAVING:
        return replace(finding, repaired=True)
    path = looker.place(row)
    seen, is_whole = _glance(path), _is_whole(path, row)

    def work(session: Session) -> bool:
        if not _is_unmoved(instance, session, row, path, seen):
            return False
        if is_whole or _is_used(session, row.id):
            state = ArtifactState.STORED if is_whole else ArtifactState.GONE
            session.execute(update(Artifact).where(Artifact.id == row.id).values(state=state.value))
            return True
        session.execute(update(Artifact).where(Artifact.origin_id == row.id).values(origin_id=None))
        delete_notes(session, Artifact, row.id)
        session.execute(delete(Artifact).where(Artifact.id == row.id))
        if row.family is not None and row.branch_id > 0:
            choose_latest(session, Artifact, family=row.family, branch_id=row.branch_id)
        return True

    return _done(finding, repaired=instance.database.transact(work))


def _done(finding: Finding, *, repaired: bool) -> Finding:
    return replace(finding, repaired=True) if repaired else replace(finding, problem=f"{finding.problem}; somebody is changing it just now")


def _is_unmoved(instance: Instance, session: Session, row: Any, path: Any, seen: Stat | Seen | None) -> bool:
    """Whether a record and its bytes are as they were when they were looked at; its family is held until the transaction ends."""
    if row.family is not None:
        instance.database.lock(session, row.family)
    return session.execute(select(*COLUMNS).where(Artifact.id == row.id)).one_or_none() == row and _glance(path) == seen


def _glance(path: Any) -> Stat | Seen | None:
    try:
        return look_at(path) if isinstance(path, Path) else look(path)
    except (OSError, StorageError):
        return None


def _row(instance: Instance, finding: Finding) -> Any:
    with instance.database.reading() as session:
        return session.execute(select(*COLUMNS).where(Artifact.id == finding.target[0])).one_or_none()


def _looker(finding: Finding) -> Looker:
    looker: Looker = finding.target[1]
    # What was read before may have changed since.
    looker.known.clear()
    looker.ahead.clear()
    # A listing is from when the examination began.
    return replace(looker, roots={i: replace(root, listing=None) for i, root in looker.roots.items()})


def _put_wrong_aside(instance: Instance, root: Root, row: Any) -> bool:
    """Move wrong bytes away; whether they no longer lie where a record points."""
    try:
        if root.where.is_remote:
            set_aside_remote(instance, root, row.relpath, may=lambda session, copy: _may_go(instance, session, row, copy))
            return True
        return _move_wrong(root.path, row)
    except FileNotFoundError:
        return True
    except (OSError, StorageError):
        return False


def _move_wrong(root: Path, row: Any) -> bool:
    place = root / row.relpath
    before = place.stat().st_ino
    moved = set_aside(root, row.relpath)
    if moved.stat().st_ino != before and hash_path(moved).id == row.hash:
        # Right ones came in between.
        moved.rename(place)
    return True


def _may_go(instance: Instance, session: Session, row: Any, copy: Any) -> bool:
    """Whether what lies in a bucket is still wrong. A save of the right bytes waits here, and then stores them again."""
    instance.database.lock(session, content_lock(row.hash))
    return bool(content_of(copy) != row.hash)


def _copy_back(candidate: Any, root: Root, row: Any) -> bool:
    try:
        if not is_object(row.relpath):
            return False
        with tempfile.TemporaryDirectory(prefix="lignin-") as folder:
            source = candidate
            if not isinstance(candidate, Path):
                source = Path(folder) / "copy"
                fetch(candidate, source)
            if hash_path(source).id != row.hash:
                return False
            put(source, root.where.path(row.relpath), expected=row.hash)
    except StorageError:
        return False
    return True


def _is_whole(path: Any, row: Any) -> bool:
    try:
        seen = look(path)
        return row.hash is not None and seen is not None and seen.size == row.size and content_of(path) == row.hash
    except (OSError, StorageError):
        return False


def _is_used(session: Session, artifact_id: int) -> bool:
    """Whether others name it, so that its record has to stay."""
    uses = (
        exists().where(collection_artifact.c.artifact_id == artifact_id),
        exists().where(run_input.c.artifact_id == artifact_id),
        exists().where((Run.report_id == artifact_id) | (Run.environment_id == artifact_id)),
    )
    return any(session.scalar(select(use)) for use in uses)
