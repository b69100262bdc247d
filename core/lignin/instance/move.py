"""Bring bytes from one storage location to another, with the records that name them.

For each file: copied, compared, the rows switched in one transaction, and only then the old bytes removed, if no other
record shares them. Killed at any moment, the rows name bytes that are whole; a note in `.lignin/moves` says what may
be left, until nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from lignin.base.errors import StorageError, UsageError
from lignin.base.messages import say
from lignin.base.progress import watched
from lignin.instance.find_storage import find_storage
from lignin.instance.locate import locate
from lignin.instance.move_notes import note_move
from lignin.instance.plan_move import MovePlan, Step, plan_move
from lignin.instance.save_artifact import content_lock
from lignin.instance.shared import is_named
from lignin.model import Artifact, ArtifactState, Storage
from lignin.storage import hash_whole, look, remove, transfer, transfer_new

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["carry_out", "move", "refresh"]

_FEW = 8


def move(instance: Instance, artifacts: Iterable[Artifact], storage: object) -> MovePlan:
    """Bring artifacts to a storage location; returns what was done.

    Raises:
        UsageError: some can't be moved. Nothing was.
        ContentChanged: what lies there are other bytes than recorded.
        StorageError: bytes can't be read or written.
    """
    listed = list(artifacts)
    plan = plan_move(instance, listed, find_storage(instance, storage))
    carry_out(instance, plan)
    refresh(instance, listed)
    return plan


def carry_out(instance: Instance, plan: MovePlan) -> None:
    """Do what a plan says; what was moved before one fails stays moved.

    Raises:
        UsageError: the plan refuses some artifacts. Nothing was moved.
        ContentChanged: what lies there are other bytes than recorded.
        StorageError: bytes can't be read or written.
    """
    if plan.refused:
        shown = "; ".join(f"{artifact.name}: {why}" for artifact, why in plan.refused[:10])
        raise UsageError(f"{len(plan.refused)} can't be moved: {shown}. Nothing was moved.")
    with watched("copied", f"moving to {plan.target.root}", total=plan.size):
        _carry_all(instance, plan)


def _carry_all(instance: Instance, plan: MovePlan) -> None:
    if len(plan.steps) < _FEW:
        for step in plan.steps:
            _carry(instance, step)
        return
    # Each waits for a disk or a server; side by side they wait together.
    with ThreadPoolExecutor(max_workers=8) as pool:
        for _ in pool.map(lambda step: _carry(instance, step), plan.steps):
            pass


def _carry(instance: Instance, step: Step) -> None:
    source, target = locate(step.source, step.source_relpath), locate(step.target, step.target_relpath)
    if look(source) is None:
        raise StorageError(f"there is nothing at {source}, so it can't be moved. Look at it with: lignin fsck")
    # A file of the same content that somebody else put there is not ours to remove again.
    is_made = not step.is_new or look(target) is None
    with note_move(instance.config, step, is_made=is_made):
        copy = transfer_new if step.is_new else transfer
        copy(source, target, expected=step.content)
        is_moved = False
        try:
            is_moved = instance.database.transact(lambda session: _switch(instance, session, step))
        finally:
            if not is_moved and is_made:
                _remove_unnamed(instance, step, step.target, step.target_relpath)
        if not is_moved:
            raise StorageError(f"{step.artifacts[0].name} was changed or deleted while it was moved. It lies where it lay.")
        _remove_unnamed(instance, step, step.source, step.source_relpath)


def _switch(instance: Instance, session: Session, step: Step) -> bool:
    """Let the rows name the new place, if they are as they were and the bytes are there."""
    families = {artifact.family for artifact in step.artifacts if artifact.family}
    instance.database.lock(session, content_lock(step.content), *families)
    seen = look(locate(step.target, step.target_relpath))
    ids = [artifact.id for artifact in step.artifacts]
    same = (
        Artifact.id.in_(ids), Artifact.storage_id == step.source.id, Artifact.relpath == step.source_relpath,
        Artifact.hash == step.content, Artifact.state == ArtifactState.STORED.value, Artifact.is_locked.is_(False),
    )  # fmt: skip
    if seen is None or len(session.scalars(select(Artifact.id).where(*same)).all()) != len(ids):
        return False
    new = {"storage_id": step.target.id, "relpath": step.target_relpath, "mtime_ns": seen.mtime_ns if step.is_new else None}
    session.execute(update(Artifact).where(*same).values(**new), execution_options={"synchronize_session": False})
    return True


def _remove_unnamed(instance: Instance, step: Step, storage: Storage, relpath: str) -> None:
    """Remove one end of a step, unless a record names it, or it is no longer what was moved."""
    place = locate(storage, relpath)

    def work(session: Session) -> bool:
        # A save of the same bytes waits here, and then sees that they are gone.
        instance.database.lock(session, content_lock(step.content))
        if is_named(session, storage, relpath):
            return False
        remove(place)
        return True

    if look(place) is None:
        return
    if relpath.startswith(".lignin/") or _is_same(storage, relpath, step):
        instance.database.transact(work)
    else:
        say("!", f"kept {place}: it no longer holds what was moved")


def _is_same(storage: Storage, relpath: str, step: Step) -> bool:
    """Whether a file that others can write still holds what was moved from it, or was written there."""
    try:
        return hash_whole(locate(storage, relpath)).id == step.content
    except StorageError:
        return False


def refresh(instance: Instance, artifacts: list[Artifact]) -> None:
    """Let the records in memory say where their bytes lie now."""
    held = {artifact.id: artifact for artifact in artifacts}
    ids = list(held)
    with instance.database.reading() as session:
        for begin in range(0, len(ids), 500):
            rows = select(Artifact.id, Artifact.storage_id, Artifact.relpath, Artifact.mtime_ns).where(Artifact.id.in_(ids[begin : begin + 500]))
            for row in session.execute(rows):
                for name in ("storage_id", "relpath", "mtime_ns"):
                    set_committed_value(held[row.id], name, getattr(row, name))
