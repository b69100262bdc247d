"""Records whose bytes are not there, or are others than recorded; saves that never ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lignin.base.clock import now
from lignin.base.content import hash_path, look_at
from lignin.base.errors import StorageError
from lignin.instance.fsck.places import Root, is_object, kept_aside
from lignin.instance.fsck.report import Finding, Kind
from lignin.model import Artifact, ArtifactState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lignin.instance.instance import Instance

__all__ = ["COLUMNS", "Looker", "copies", "find_objects", "judge"]

_BATCH = 2_000

COLUMNS = (
    Artifact.id, Artifact.uid, Artifact.key, Artifact.family, Artifact.branch_id, Artifact.hash, Artifact.size, Artifact.mtime_ns,
    Artifact.state, Artifact.storage_id, Artifact.relpath, Artifact.created_at,
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Looker:
    """How closely to look.

    Attributes:
        roots: what can be seen from here, by storage location.
        rehash: of how many artifacts in a hundred to read all bytes, though nothing makes them suspect.
        grace: what is younger is left alone.
        chance: who chooses them.
        known: contents that were read already, for records that share bytes.
        read: how many were read.
    """

    roots: Mapping[int, Root]
    rehash: float = 0
    grace: timedelta
    chance: Random = field(default_factory=Random)
    known: dict[Path, str] = field(default_factory=dict)
    read: int = 0

    def content(self, path: Path) -> str:
        """The content id of what lies there."""
        if path not in self.known:
            self.known[path] = hash_path(path).id
            self.read += 1
        return self.known[path]

    def is_chosen(self) -> bool:
        """Whether to read an artifact that nothing makes suspect."""
        return self.rehash > 0 and self.chance.random() * 100 < self.rehash


def find_objects(instance: Instance, looker: Looker, counts: dict[str, int]) -> Iterator[Finding]:
    """Every artifact, against what lies at its place."""
    last = 0
    while True:
        with instance.database.reading() as session:
            rows = session.execute(select(*COLUMNS).where(Artifact.id > last).order_by(Artifact.id).limit(_BATCH)).all()
        if not rows:
            counts["read"] += looker.read
            return
        last = rows[-1].id
        looker.known.clear()
        for row in rows:
            counts["artifacts"] += 1
            if row.storage_id not in looker.roots:
                counts["unseen"] += 1
                continue
            finding = judge(row, looker, chosen=looker.is_chosen())
            # A writer may have changed or deleted the record while its bytes were looked at.
            if finding is not None and _is_still(instance, row):
                yield _with_copies(instance, finding, row, looker)


def judge(row: Any, looker: Looker, *, chosen: bool) -> Finding | None:
    """What is wrong with the bytes of one artifact, if anything.

    Args:
        row: its `COLUMNS`.
        looker: how to look.
        chosen: read all of its bytes, though nothing makes them suspect.
    """
    path = looker.roots[row.storage_id].path / row.relpath
    try:
        if row.state == ArtifactState.SAVING:
            return _judge_saving(row, looker)
        return _judge_object(row, path, looker, chosen) if is_object(row.relpath) else _judge_in_place(row, path, looker, chosen)
    except (OSError, StorageError) as e:
        return _finding(row, Kind.UNREADABLE, f"{path} can't be read: {e}", repairable=False)


def copies(session: Session, row: Any, looker: Looker) -> list[Path]:
    """Where else the bytes of an artifact may lie: in `lost+found`, or at another record's place."""
    root = looker.roots[row.storage_id].path
    others = session.execute(
        select(Artifact.storage_id, Artifact.relpath)
        .where(Artifact.hash == row.hash, Artifact.state == ArtifactState.STORED.value, Artifact.id != row.id)
        .distinct()
    ).all()
    places = [looker.roots[other.storage_id].path / other.relpath for other in others if other.storage_id in looker.roots]
    found = [*kept_aside(root, row.relpath), *places]
    return [path for path in found if path != root / row.relpath and _exists(path)]


def _judge_saving(row: Any, looker: Looker) -> Finding | None:
    if now() - row.created_at < looker.grace:
        return None
    return _finding(row, Kind.SAVING, "its save never ended")


def _judge_object(row: Any, path: Path, looker: Looker, chosen: bool) -> Finding | None:  # noqa: FBT001 - one of two alike
    if not _exists(path):
        return None if row.state == ArtifactState.GONE else _finding(row, Kind.MISSING, f"there is nothing at {path}")
    size = look_at(path).size
    is_same = size == row.size
    if row.state == ArtifactState.GONE:
        is_back = is_same and _is_known(row) and looker.content(path) == row.hash
        return _finding(row, Kind.BACK, f"its bytes are recorded as gone, and lie at {path}") if is_back else None
    if not is_same:
        return _finding(row, Kind.WRONG, f"{path} has {size} bytes, and {row.size} are recorded")
    if chosen and _is_known(row) and looker.content(path) != row.hash:
        return _finding(row, Kind.WRONG, f"{path} holds other bytes than recorded")
    return None


def _judge_in_place(row: Any, path: Path, looker: Looker, chosen: bool) -> Finding | None:  # noqa: FBT001 - one of two alike
    # Nobody but users and pipelines writes here: what changed is a fact to record, and no damage.
    if row.state == ArtifactState.GONE:
        return None
    if not _exists(path):
        # A name that is no UTF-8 is recorded with escapes, which do not lead back to it.
        return None if "\\" in row.relpath else _finding(row, Kind.OVERWRITTEN, f"there is nothing at {path} any more")
    if row.state == ArtifactState.CHANGED:
        return None
    seen = look_at(path)
    is_same = (row.size is None or seen.size == row.size) and (row.mtime_ns is None or seen.mtime_ns == row.mtime_ns)
    if row.hash is None:
        return None if is_same else _finding(row, Kind.CHANGED, f"{path} changed before anybody had read it")
    if row.size is not None and seen.size != row.size:
        return _finding(row, Kind.OVERWRITTEN, f"{path} holds other bytes by now")
    if _is_known(row) and (chosen or not is_same) and looker.content(path) != row.hash:
        return _finding(row, Kind.OVERWRITTEN, f"{path} holds other bytes by now")
    return None


def _is_known(row: Any) -> bool:
    """Whether its content id is one that can be compared."""
    return str(row.hash or "").startswith(("b3:", "b3d:"))


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _finding(row: Any, kind: Kind, problem: str, *, repairable: bool = True) -> Finding:
    named = f"{row.key}: " if row.key else ""
    return Finding(kind=kind, subject=row.uid, problem=named + problem, repairable=repairable, target=(row.id,))


def _is_still(instance: Instance, row: Any) -> bool:
    with instance.database.reading() as session:
        found = session.execute(select(*COLUMNS).where(Artifact.id == row.id)).one_or_none()
    return bool(found == row)


def _with_copies(instance: Instance, finding: Finding, row: Any, looker: Looker) -> Finding:
    """Lost bytes can be brought back where a copy lies somewhere; that it is one, the repair finds out."""
    if finding.kind in {Kind.MISSING, Kind.WRONG}:
        with instance.database.reading() as session:
            is_there = bool(copies(session, row, looker))
        return Finding(kind=finding.kind, subject=finding.subject, problem=finding.problem, repairable=is_there, target=(row.id, looker))
    return Finding(kind=finding.kind, subject=finding.subject, problem=finding.problem, repairable=finding.repairable, target=(row.id, looker))
