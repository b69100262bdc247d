"""What follows from claims: who made an artifact, which version is the latest, where a copy came from.

Each is a pure function of the rows that are there, so that the order in which claims arrive can't
matter. SQL reads and writes; the rules are the functions in between.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from lignin.model import Artifact, ArtifactState, Run, run_input, run_output

__all__ = ["TINY", "Maker", "chunks", "derive_latest", "derive_origins", "derive_producers", "find_origins", "find_producers", "maker_of"]

# Contents below this size (a flag file, an empty list) are alike by chance: nothing is inferred from them.
TINY = 32
_CHUNK = 500
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """A run that claims to have written an artifact."""

    run_id: int
    uid: str
    started_at: datetime | None


def maker_of(claims: Sequence[Maker], *, readers: Collection[int], parents: Mapping[int, int | None]) -> int | None:
    """The run that made an artifact, of all that claim to have written it.

    A run that also read it passed it on unchanged. Of a run and one inside it, the inner made it.
    Of several that made the same content, the earliest did; the others made it again.
    """
    writers = {claim.run_id: claim for claim in claims if claim.run_id not in readers}
    for run_id in tuple(writers):
        above, seen = parents.get(run_id), {run_id}
        while above is not None and above not in seen:
            seen.add(above)
            writers.pop(above, None)
            above = parents.get(above)
    first = min(writers.values(), key=lambda c: (c.started_at or datetime.max.replace(tzinfo=UTC), c.uid), default=None)
    return None if first is None else first.run_id


def derive_producers(session: Session, artifact_ids: Collection[int]) -> Mapping[int, int | None]:
    """Set `run_id` of these artifacts from the claims about them; returns it by artifact."""
    result, wrong = find_producers(session, artifact_ids)
    _set_column(session, "run_id", wrong)
    return result


def find_producers(session: Session, artifact_ids: Collection[int]) -> tuple[Mapping[int, int | None], Mapping[int, int | None]]:
    """The producer of each of these artifacts by the claims about it, and those that differ from what its row says."""
    claims: dict[int, list[Maker]] = defaultdict(list)
    readers = _readers(session, artifact_ids)
    held: dict[int, int | None] = {}
    for chunk in chunks(artifact_ids):
        made = (
            select(run_output.c.artifact_id, Run.id, Run.uid, Run.started_at)
            .distinct()
            .join(Run, Run.id == run_output.c.run_id)
            .where(run_output.c.artifact_id.in_(chunk))
        )
        for artifact_id, run_id, uid, started_at in session.execute(made):
            claims[artifact_id].append(Maker(run_id=run_id, uid=uid, started_at=started_at))
        held.update(session.execute(select(Artifact.id, Artifact.run_id).where(Artifact.id.in_(chunk))).tuples().all())
    contested = {claim.run_id for listed in claims.values() if len(listed) > 1 for claim in listed}
    parents = _parents(session, contested)
    result = {i: maker_of(claims[i], readers=readers[i], parents=parents) for i in held}
    return result, {i: run_id for i, run_id in result.items() if run_id != held[i]}


def derive_latest(session: Session, families: Collection[str]) -> None:
    """Of each location's versions, the one that was changed last is the latest; older bytes are gone."""
    latest: dict[int, bool] = {}
    states: dict[int, str] = {}
    for chunk in chunks(families):
        rows = select(
            Artifact.id, Artifact.family, Artifact.mtime_ns, Artifact.created_at, Artifact.hash, Artifact.size, Artifact.is_latest,
            Artifact.state, Artifact.uid, Artifact.storage_id, Artifact.relpath,
        )  # fmt: skip
        by_family: dict[str, list[Any]] = defaultdict(list)
        for row in session.execute(rows.where(Artifact.family.in_(chunk), Artifact.branch_id > 0)):
            by_family[row.family].append(row)
        for versions in by_family.values():
            newest = max(versions, key=_age)
            for row in versions:
                if row.is_latest != (row is newest):
                    latest[row.id] = row is newest
                is_overwritten = (row.storage_id, row.relpath) == (newest.storage_id, newest.relpath)
                if row is not newest and is_overwritten and row.hash and row.state in {ArtifactState.STORED, ArtifactState.CHANGED}:
                    states[row.id] = ArtifactState.GONE.value
    # Down before up: at no moment may a family have two.
    _set_column(session, "is_latest", {i: v for i, v in latest.items() if not v})
    _set_column(session, "is_latest", {i: v for i, v in latest.items() if v})
    _set_column(session, "state", states)


def _age(row: Any) -> tuple[int, str, int, str]:
    """The place of a version among those of its family; a copy that we keep counts from when it was stored."""
    is_kept = row.mtime_ns is None and row.family.startswith("key:")
    changed = int(row.created_at.timestamp() * 1e9) if is_kept else row.mtime_ns or 0
    return changed, row.hash or "", row.size or 0, row.uid


def derive_origins(session: Session, hashes: Collection[str]) -> None:
    """Where an artifact has no producer, the earliest made one of the same content is its origin."""
    bearing: list[str] = []
    for chunk in chunks(hashes):
        # Of most contents there is one artifact, which has no origin.
        several = or_(func.count() > 1, func.count(Artifact.origin_id) > 0)
        bearing += session.scalars(select(Artifact.hash).where(Artifact.hash.in_(chunk), Artifact.branch_id > 0).group_by(Artifact.hash).having(several))
    _set_column(session, "origin_id", find_origins(session, bearing))


def find_origins(session: Session, hashes: Collection[str]) -> Mapping[int, int | None]:
    """The origin of each artifact with one of these contents, where it differs from what its row says."""
    new: dict[int, int | None] = {}
    for chunk in chunks(hashes):
        first_use = (
            select(run_input.c.artifact_id, func.min(Run.started_at).label("at"))
            .join(Run, Run.id == run_input.c.run_id)
            .join(Artifact, Artifact.id == run_input.c.artifact_id)
            .where(Artifact.hash.in_(chunk))
            .group_by(run_input.c.artifact_id)
            .subquery()
        )
        rows = (
            select(Artifact.id, Artifact.hash, Artifact.run_id, Artifact.origin_id, Artifact.key, Run.started_at, first_use.c.at, Artifact.created_at, Artifact.uid)
            .outerjoin(Run, Run.id == Artifact.run_id)
            .outerjoin(first_use, first_use.c.artifact_id == Artifact.id)
            .where(Artifact.hash.in_(chunk), Artifact.branch_id > 0, Artifact.size >= TINY)
        )
        alike: dict[str, list[Any]] = defaultdict(list)
        for row in session.execute(rows):
            alike[row.hash].append(row)
        readers = _readers(session, [row.id for same in alike.values() if len(same) > 1 for row in same if row.run_id is None])
        for same in alike.values():
            made = sorted((r for r in same if r.run_id is not None), key=lambda r: (r.started_at or _LONG_AGO, r.key or "", r.uid))
            for row in same:
                origin = None if row.run_id is not None else _origin_of(row, made, readers[row.id])
                if origin != row.origin_id:
                    new[row.id] = origin
    return new


def _origin_of(row: Any, made: Sequence[Any], readers: Collection[int]) -> int | None:
    # What a run made of a file is a copy of it, and not the other way round.
    used = row.at or row.created_at
    earlier = (m.id for m in made if m.run_id not in readers and (m.started_at is None or used is None or m.started_at <= used))
    return next(earlier, None)


def _readers(session: Session, artifact_ids: Collection[int]) -> Mapping[int, set[int]]:
    """The runs that read each of these artifacts."""
    readers: dict[int, set[int]] = defaultdict(set)
    for chunk in chunks(artifact_ids):
        read = select(run_input.c.artifact_id, run_input.c.run_id).where(run_input.c.artifact_id.in_(chunk))
        for artifact_id, run_id in session.execute(read):
            readers[artifact_id].add(run_id)
    return readers


def _parents(session: Session, run_ids: Collection[int]) -> Mapping[int, int | None]:
    """The chains of parents above some runs: a query a level, and there are few levels."""
    parents: dict[int, int | None] = {}
    pending = set(run_ids)
    while pending:
        found: dict[int, int | None] = {}
        for chunk in chunks(pending):
            found.update(session.execute(select(Run.id, Run.parent_id).where(Run.id.in_(chunk))).tuples().all())
        parents.update(found)
        pending = {p for p in found.values() if p is not None} - parents.keys()
    return parents


def _set_column(session: Session, name: str, values: Mapping[int, Any]) -> None:
    if values:
        statement = update(Artifact.__table__).where(Artifact.__table__.c.id == bindparam("row")).values({name: bindparam("new")})  # type: ignore[arg-type]  # a mapped class has a Table
        session.execute(statement, [{"row": i, "new": v} for i, v in values.items()])


def chunks(items: Iterable[Any]) -> Iterable[list[Any]]:
    """As many at a time as a statement takes well."""
    listed = list(items)
    return (listed[i : i + _CHUNK] for i in range(0, len(listed), _CHUNK))
