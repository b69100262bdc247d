"""Records whose bytes are not there, or are others than recorded; saves that never ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lignin.base.clock import now
from lignin.base.content import hash_path
from lignin.base.errors import StorageError
from lignin.instance.fsck.aside import kept_aside
from lignin.instance.fsck.places import Root, is_object
from lignin.instance.fsck.report import Finding, Kind
from lignin.model import Artifact, ArtifactState
from lignin.storage import Seen, hash_whole, look

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lignin.instance.instance import Instance

__all__ = ["COLUMNS", "Looker", "content_of", "copies", "find_objects", "judge"]

_BATCH = 2_000
_AT_ONCE = 8
_SECOND = 1_000_000_000

COLUMNS = (
    Artifact.id, Artifact.uid, Artifact.key, Artifact.family, Artifact.branch_id, Artifact.hash, Artifact.size, Artifact.mtime_ns,
    Artifact.state, Artifact.storage_id, Artifact.relpath, Artifact.created_at, Artifact.n_files,
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
        ahead: what buckets said of places that are in no listing, asked side by side.
        read: how many were read.
    """

    roots: Mapping[int, Root]
    rehash: float = 0
    grace: timedelta
    chance: Random = field(default_factory=Random)
    known: dict[str, str] = field(default_factory=dict)
    ahead: dict[int, Seen | StorageError | None] = field(default_factory=dict)
    read: int = 0

    def place(self, row: Any) -> Any:
        """Where the bytes of an artifact should lie."""
        return self.roots[row.storage_id].where.path(row.relpath)

    def content(self, place: Any) -> str:
        """The content id of what lies there."""
        name = str(place)
        if name not in self.known:
            self.known[name] = content_of(place)
            self.read += 1
        return self.known[name]

    def look(self, row: Any, place: Any) -> Seen | None:
        """What lies there: on a disk now; in a bucket as its listing said, and now where that said nothing."""
        listing = self.roots[row.storage_id].listing
        if listing is not None and (listed := listing.seen(row.relpath)) is not None and listed.size == row.size:
            return listed
        if row.id not in self.ahead:
            return look(place)
        told = self.ahead[row.id]
        if isinstance(told, StorageError):
            raise told
        return told

    def look_ahead(self, rows: Sequence[Any]) -> None:
        """Ask buckets about places that are in no listing: side by side, since each answer takes its time."""
        self.ahead.clear()
        asked = [row for row in rows if row.storage_id in self.roots and self.roots[row.storage_id].where.is_remote and not is_object(row.relpath)]
        if asked:
            with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
                self.ahead.update(zip((row.id for row in asked), pool.map(lambda row: _look_or_error(self.place(row)), asked), strict=True))

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
        looker.look_ahead(rows)
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
    path = looker.place(row)
    try:
        if row.state == ArtifactState.SAVING:
            return _judge_saving(row, looker)
        return _judge_object(row, path, looker, chosen) if is_object(row.relpath) else _judge_in_place(row, path, looker, chosen)
    except (OSError, StorageError) as e:
        return _finding(row, Kind.UNREADABLE, f"{path} can't be read: {e}", repairable=False)


def copies(session: Session, row: Any, looker: Looker) -> list[Any]:
    """Where else the bytes of an artifact may lie: in `lost+found`, or at another record's place."""
    root = looker.roots[row.storage_id]
    others = session.execute(
        select(Artifact.storage_id, Artifact.relpath)
        .where(Artifact.hash == row.hash, Artifact.state == ArtifactState.STORED.value, Artifact.id != row.id)
        .distinct()
    ).all()
    own = str(looker.place(row))
    places = [looker.place(other) for other in others if other.storage_id in looker.roots]
    found = [*kept_aside(root, row.relpath), *places]
    return [place for place in found if str(place) != own and not isinstance(_look_or_error(place), StorageError | None)]


def content_of(place: Any) -> str:
    """The content id of what lies on a disk or in a bucket, read whole."""
    return (hash_path(place) if isinstance(place, Path) else hash_whole(place)).id


def _look_or_error(place: Any) -> Seen | StorageError | None:
    try:
        return look(place)
    except StorageError as e:
        return e


def _judge_saving(row: Any, looker: Looker) -> Finding | None:
    if now() - row.created_at < looker.grace:
        return None
    return _finding(row, Kind.SAVING, "its save never ended")


def _judge_object(row: Any, path: Any, looker: Looker, chosen: bool) -> Finding | None:  # noqa: FBT001 - one of two alike
    seen = looker.look(row, path)
    if seen is None:
        return None if row.state == ArtifactState.GONE else _finding(row, Kind.MISSING, f"there is nothing at {path}")
    is_same = seen.size == row.size and (seen.n_files is None or row.n_files is None or seen.n_files == row.n_files)
    if row.state == ArtifactState.GONE:
        is_back = is_same and _is_known(row) and looker.content(path) == row.hash
        return _finding(row, Kind.BACK, f"its bytes are recorded as gone, and lie at {path}") if is_back else None
    if not is_same:
        files = "" if seen.n_files in {None, row.n_files} else f" in {seen.n_files} files"
        return _finding(row, Kind.WRONG, f"{path} has {seen.size} bytes{files}, and {row.size} are recorded")
    if chosen and _is_known(row) and looker.content(path) != row.hash:
        return _finding(row, Kind.WRONG, f"{path} holds other bytes than recorded")
    return None


def _judge_in_place(row: Any, path: Any, looker: Looker, chosen: bool) -> Finding | None:  # noqa: FBT001 - one of two alike
    # Nobody but users and pipelines writes here: what changed is a fact to record, and no damage.
    if row.state == ArtifactState.GONE:
        return None
    seen = looker.look(row, path)
    if seen is None:
        # A name that is no UTF-8 is recorded with escapes, which do not lead back to it.
        return None if "\\" in row.relpath else _finding(row, Kind.OVERWRITTEN, f"there is nothing at {path} any more")
    if row.state == ArtifactState.CHANGED:
        return None
    is_same = (row.size is None or seen.size == row.size) and _is_of_then(row, seen)
    if row.hash is None:
        return None if is_same else _finding(row, Kind.CHANGED, f"{path} changed before anybody had read it")
    is_other = row.size is not None and seen.size != row.size
    if is_other or _has_other_etag(row, seen):
        return _finding(row, Kind.OVERWRITTEN, f"{path} holds other bytes by now")
    if _is_known(row) and (chosen or not is_same) and looker.content(path) != row.hash:
        return _finding(row, Kind.OVERWRITTEN, f"{path} holds other bytes by now")
    return None


def _is_of_then(row: Any, seen: Seen) -> bool:
    """Whether the time of last change is the one recorded; buckets tell it to the second only."""
    if row.mtime_ns is None or seen.mtime_ns == row.mtime_ns:
        return True
    return seen.etag is not None and seen.mtime_ns // _SECOND == row.mtime_ns // _SECOND


def _has_other_etag(row: Any, seen: Seen) -> bool:
    kind, _, etag = str(row.hash).partition(":")
    return kind in {"etag", "etagd"} and seen.etag is not None and seen.etag != etag


def _is_known(row: Any) -> bool:
    """Whether its content id is one that can be compared."""
    return str(row.hash or "").startswith(("b3:", "b3d:"))


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
