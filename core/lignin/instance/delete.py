"""Trash, restore, and delete for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from lignin.base.errors import Locked, StorageError, UsageError
from lignin.base.messages import say
from lignin.base.settings import host_name
from lignin.instance.deletions import note_deletion
from lignin.instance.derive import derive_origins
from lignin.instance.locate import locate
from lignin.instance.notes import delete_notes
from lignin.instance.reach import is_as_recorded
from lignin.instance.references import refuse_taken, refuse_valued
from lignin.instance.retained import drop_retained
from lignin.instance.rows import find_row
from lignin.instance.save_artifact import OBJECTS, content_lock
from lignin.model import (
    ALL_SPACE,
    ARCHIVE,
    MAIN,
    TRASH,
    Artifact,
    Branch,
    Owned,
    Registry,
    Run,
    Space,
    Storage,
    Trashable,
    User,
    Versioned,
)
from lignin.storage import remove

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["delete", "restore"]


def delete(instance: Instance, record: Registry, *, permanent: bool | None = None, storage: bool | None = None) -> None:
    """Trash a record; for good where it has no trash, is in it already, or `permanent` says so.

    Raises:
        Locked: it is locked.
        UsageError: it is not saved, or others depend on it.
    """
    name = f"{type(record).__name__} {record.uid}"
    row_id = record.id
    if row_id is None:
        raise UsageError(f"{record!r} is not saved, so there is nothing to delete")
    for option, value in (("permanent", permanent), ("storage", storage)):
        if value is not None and not isinstance(value, bool):
            raise UsageError(f"{option} is True, False or None, not {value!r}")
    row = instance.database.read(lambda session: find_row(session, type(record), row_id))
    _refuse_needed(instance, row)
    if isinstance(row, Owned) and row.is_locked:
        raise Locked(f"{name} is locked. Unlock it first: record.is_locked = False; record.save()")
    if permanent is None:
        permanent = not isinstance(row, Trashable) or row.branch_id == TRASH
    if not permanent:
        _move(instance, record, branch_id=TRASH)
        say("→", f"moved {name} to the trash; take it back with .restore()")
        return
    _delete_row(instance, row, name)
    if isinstance(row, Artifact):
        try:
            _delete_bytes(instance, row, storage=storage)
            drop_retained(instance, row)
        except StorageError as e:
            raise StorageError(f"{name} is deleted for good, but its bytes still lie at {row.relpath} in its storage: {e} Delete them there.") from e
    say("→", f"deleted {name} for good")


def restore(instance: Instance, record: Registry) -> None:
    """Take a record out of the trash, to the branch it was made on.

    Raises:
        UsageError: it is not in the trash, or another has its name meanwhile.
    """
    if record.id is None:
        raise UsageError(f"{record!r} is not saved, so it is not in the trash")
    with instance.database.reading() as session:
        row = find_row(session, type(record), record.id)
    assert isinstance(row, Trashable)
    if row.branch_id != TRASH:
        raise UsageError(f"{type(record).__name__} {record.uid} is not in the trash")
    _move(instance, record, branch_id=row.created_on_id if row.created_on_id > 0 else instance.branch_id)


def _refuse_needed(instance: Instance, row: Registry) -> None:
    """What an instance can't be without."""
    is_built_in = (isinstance(row, Branch) and row.id in {MAIN, ARCHIVE, TRASH}) or (isinstance(row, Space) and row.id == ALL_SPACE)
    if is_built_in or (isinstance(row, Branch) and row.id == instance.branch_id) or (isinstance(row, Space) and row.id == instance.space_id):
        raise UsageError(f"{type(row).__name__} {getattr(row, 'name', row.uid)!r} is needed here; it can't be deleted")
    if isinstance(row, User) and row.id == instance.user_id:
        raise UsageError(f"User {row.handle!r} works here; it can't be deleted")
    if isinstance(row, Storage) and row.id == instance.storage.id:
        raise UsageError(f"Storage {row.root} is the default storage of this instance; it can't be deleted")


def _move(instance: Instance, record: Registry, *, branch_id: int) -> None:
    """Move to another branch; its family keeps exactly one latest there."""
    registry: Any = type(record)
    row_id = record.id

    def work(session: Session) -> bool | None:
        row = find_row(session, registry, row_id)
        session.expunge(row)
        if branch_id != TRASH:
            refuse_taken(session, row)
        if not isinstance(row, Versioned):
            session.execute(update(registry).where(registry.id == row_id).values(branch_id=branch_id))
            return None
        instance.database.lock(session, str(row.family))
        old_branch = row.branch_id
        session.execute(update(registry).where(registry.id == row_id).values(branch_id=branch_id, is_latest=False))
        for branch in {old_branch, branch_id} - {TRASH}:
            _choose_latest(session, registry, row.family, branch)
        if branch_id == TRASH:
            session.execute(update(registry).where(registry.id == row_id).values(is_latest=row.is_latest))
        elif row.is_latest:
            _lead_again(session, registry, row, branch_id)
        if isinstance(row, Artifact) and row.hash is not None:
            # What is in the trash is no origin of anything.
            derive_origins(session, [row.hash])
        return bool(session.scalar(select(registry.is_latest).where(registry.id == row_id)))

    latest = instance.database.transact(work)
    set_committed_value(record, "branch_id", branch_id)
    if latest is not None:
        set_committed_value(record, "is_latest", latest)


def _choose_latest(session: Session, registry: Any, family: str | None, branch_id: int) -> None:
    """Where a family has no latest on a branch, its newest version is."""
    rows = session.execute(
        select(registry.id, registry.is_latest).where(registry.family == family, registry.branch_id == branch_id).order_by(registry.uid.desc())
    ).all()
    if rows and not any(is_latest for _, is_latest in rows):
        session.execute(update(registry).where(registry.id == rows[0][0]).values(is_latest=True))


def _lead_again(session: Session, registry: Any, row: Any, branch_id: int) -> None:
    """What was the latest when it was trashed is so again, unless a newer version came meanwhile."""
    others = session.execute(
        select(registry.id, registry.uid, registry.is_latest).where(registry.family == row.family, registry.branch_id == branch_id, registry.id != row.id)
    ).all()
    if all(uid < row.uid for _, uid, _ in others):
        session.execute(update(registry).where(registry.id.in_([i for i, _, is_latest in others if is_latest])).values(is_latest=False))
        session.execute(update(registry).where(registry.id == row.id).values(is_latest=True))


def _delete_row(instance: Instance, row: Registry, name: str) -> None:
    registry: Any = type(row)

    def work(session: Session) -> None:
        row_id = row.id
        # Held first: who gives a value that points here waits, and then sees that it is gone.
        session.execute(select(registry.id).where(registry.id == row_id).with_for_update())
        refuse_valued(session, row)
        if isinstance(row, Artifact):
            session.execute(update(Artifact).where(Artifact.origin_id == row_id).values(origin_id=None))
            session.execute(update(Run).where(Run.report_id == row_id).values(report_id=None))
            session.execute(update(Run).where(Run.environment_id == row_id).values(environment_id=None))
        note_deletion(session, registry, row.uid, name=getattr(row, registry.label), by=instance.user_id)
        delete_notes(session, registry, row_id)
        session.execute(sql_delete(registry).where(registry.id == row_id))
        if isinstance(row, Artifact) and row.hash is not None:
            derive_origins(session, [row.hash])
        if isinstance(row, Versioned) and row.branch_id != TRASH:
            _choose_latest(session, registry, row.family, row.branch_id)

    try:
        instance.database.transact(work)
    except UsageError as e:
        if isinstance(e.__cause__, IntegrityError):
            raise UsageError(f"{name} can't be deleted: other records depend on it. Delete or change those first.") from e
        raise


def _delete_bytes(instance: Instance, artifact: Artifact, *, storage: bool | None) -> None:
    """Remove an artifact's bytes, unless another record shares them or they are not ours."""
    ours = artifact.relpath.startswith(f"{OBJECTS}/")
    if not (ours if storage is None else storage):
        return
    place = instance.database.read(lambda session: session.scalars(select(Storage).where(Storage.id == artifact.storage_id)).one())
    if place.type == "local" and place.host and place.host != host_name():
        say("!", f"kept its bytes: they lie at {place.root} on the machine {place.host}; delete them there")
        return
    path = locate(place, artifact.relpath)
    if place.type in {"http", "https"}:
        say("!", f"kept {path}: Lignin only reads what is on a web server")
        return
    if not ours and not is_as_recorded(artifact, path):
        say("!", f"kept {path}: it no longer holds what was recorded")
        return
    same = select(func.count()).select_from(Artifact).where(Artifact.storage_id == artifact.storage_id, Artifact.relpath == artifact.relpath)

    def work(session: Session) -> None:
        # A save of the same bytes waits here, and then sees that they are gone.
        instance.database.lock(session, content_lock(artifact.hash))
        if not session.scalar(same):
            remove(path)

    instance.database.transact(work)
