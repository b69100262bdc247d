"""What follows from other rows: the latest of each family, producers and origins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session

from lignin.instance.derive import (
    TINY,
    derive_latest,
    derive_origins,
    derive_producers,
    find_origins,
    find_producers,
)
from lignin.instance.fsck.report import Finding, Kind
from lignin.model import REGISTRIES, Artifact, Collection, Run, Transform, Versioned

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["choose_latest", "find_latest", "find_origin", "find_producer", "mend_derived", "mend_latest"]

_BATCH = 5_000


def find_latest(instance: Instance, counts: dict[str, int]) -> Iterator[Finding]:
    """Families that have no latest version on a branch, or several."""
    for name, registry in REGISTRIES.items():
        if not issubclass(registry, Versioned):
            continue
        table: Any = registry
        latest = func.sum(case((table.is_latest, 1), else_=0))
        grouped = select(table.family, table.branch_id, latest).where(table.branch_id > 0, table.family.is_not(None)).group_by(table.family, table.branch_id)
        with instance.database.reading() as session:
            counts["families"] += session.scalar(select(func.count(func.distinct(table.family))).where(table.branch_id > 0)) or 0
            rows = session.execute(grouped.having(latest != 1)).all()
        for family, branch_id, number in rows:
            problem = f"{name} has {number or 'no'} latest version{'s' if number else ''} on branch {branch_id}"
            yield Finding(kind=Kind.LATEST, subject=str(family), problem=problem, target=(name, family, branch_id))


def mend_latest(instance: Instance, finding: Finding) -> Finding:
    """Let the version be latest that would be by the rule of its family."""
    name, family, branch_id = finding.target
    registry: Any = REGISTRIES[name]

    def work(session: Session) -> None:
        instance.database.lock(session, f"collection {family}" if registry is Collection else family)
        if registry is Artifact and family.startswith("loc:"):
            derive_latest(session, [family])
        choose_latest(session, registry, family=family, branch_id=branch_id)

    instance.database.transact(work)
    return replace(finding, repaired=True)


def choose_latest(session: Session, registry: Any, *, family: str, branch_id: int) -> None:
    """Let a family have exactly one latest version on a branch; the one there is stays."""
    order = (registry.used_at, registry.hash) if registry is Transform else (registry.uid,)
    rows = session.execute(
        select(registry.id, registry.is_latest)
        .where(registry.family == family, registry.branch_id == branch_id)
        .order_by(*(column.desc() for column in order))
    ).all()
    latest = [row for row in rows if row.is_latest]
    if len(latest) == 1 or not rows:
        return
    chosen = (latest or rows)[0]
    # Down before up: at no moment may a family have two.
    others = update(registry).where(registry.family == family, registry.branch_id == branch_id, registry.id != chosen.id)
    session.execute(others.values(is_latest=False))
    session.execute(update(registry).where(registry.id == chosen.id).values(is_latest=True))


def find_producer(instance: Instance) -> Iterator[Finding]:
    """Artifacts whose producer is not the one that follows from the claims."""
    last = 0
    while True:
        with instance.database.reading() as session:
            ids = session.scalars(select(Artifact.id).where(Artifact.id > last).order_by(Artifact.id).limit(_BATCH)).all()
            _, wrong = find_producers(session, ids)
        if not ids:
            return
        last = ids[-1]
        if not wrong:
            continue
        # Once more: the first look may have fallen between two statements of a writer.
        with instance.database.reading() as session:
            _, wrong = find_producers(session, list(wrong))
            names = _names(session, Run, list(wrong.values()))
            rows = session.execute(select(Artifact.id, Artifact.uid, Artifact.hash, Artifact.family).where(Artifact.id.in_(wrong))).all()
        for row in rows:
            problem = f"by what was recorded, its producer is {names.get(wrong[row.id], 'no run')}; its row says otherwise"
            yield Finding(kind=Kind.PRODUCER, subject=row.uid, problem=problem, target=(row.id, row.hash, row.family))


def find_origin(instance: Instance) -> Iterator[Finding]:
    """Artifacts whose inferred origin is not the one that follows from what was recorded."""
    several = (
        select(Artifact.hash)
        .where(Artifact.hash.is_not(None), Artifact.size >= TINY, Artifact.branch_id > 0)
        .group_by(Artifact.hash)
        .having(or_(func.count() > 1, func.max(Artifact.origin_id).is_not(None)))
    )
    with instance.database.reading() as session:
        hashes = session.scalars(several).all()
        wrong = find_origins(session, [h for h in hashes if h is not None])
        names = _names(session, Artifact, list(wrong.values()))
    for begin in range(0, len(wrong), _BATCH):
        chunk = list(wrong)[begin : begin + _BATCH]
        with instance.database.reading() as session:
            rows = session.execute(select(Artifact.id, Artifact.uid, Artifact.hash, Artifact.family).where(Artifact.id.in_(chunk))).all()
        for row in rows:
            problem = f"by what was recorded, its origin is {names.get(wrong[row.id], 'no other artifact')}; its row says otherwise"
            yield Finding(kind=Kind.ORIGIN, subject=row.uid, problem=problem, target=(row.id, row.hash, row.family))


def mend_derived(instance: Instance, finding: Finding) -> Finding:
    """Derive an artifact's producer, and the origins of its content, anew."""
    artifact_id, content, family = finding.target

    def work(session: Session) -> None:
        if family is not None:
            instance.database.lock(session, family)
        derive_producers(session, [artifact_id])
        if content is not None:
            derive_origins(session, [content])

    instance.database.transact(work)
    return replace(finding, repaired=True)


def _names(session: Session, registry: Any, ids: Sequence[int | None]) -> dict[int | None, str]:
    known = [i for i in ids if i is not None]
    found: dict[int | None, str] = {}
    for begin in range(0, len(known), _BATCH):
        found.update(session.execute(select(registry.id, registry.uid).where(registry.id.in_(known[begin : begin + _BATCH]))).tuples().all())
    return found
