"""Store collections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.instance.construct import members_hash
from lignin.instance.current_run import current_run_id
from lignin.instance.deletions import next_uid, retired_uids
from lignin.instance.families import key_family, own_family
from lignin.instance.fields import check_fields, conceal
from lignin.instance.rows import as_before_on_failure, become, insert_record, update_record
from lignin.model import Collection, collection_artifact
from lignin.storage import check_key

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["save_collection"]


def save_collection(instance: Instance, record: Collection) -> None:
    """Store a collection: the same members under the same key are the same collection."""
    if record.hash != members_hash(record.__dict__["_members"]):
        raise UsageError("Collection.hash follows from its members and can't be set. Make a collection of those that you mean.")
    if record.key is not None:
        record.key = check_key(record.key)
    check_fields(record)
    conceal(record)
    named = record.__dict__.get("_run")
    record.run_id = named.id if named is not None else current_run_id(instance)
    with as_before_on_failure(record):
        existing = instance.database.transact(lambda session: _store(instance, session, record))
    if existing is not None:
        become(record, existing)
        say("→", f"returning collection with same artifacts: {record.key or record.uid} ({record.uid})")


def _store(instance: Instance, session: Session, record: Collection) -> Collection | None:
    family = None if record.key is None else key_family(record.key)
    instance.database.lock(session, f"collection {family or record.hash}")
    where = Collection.hash == record.hash if family is None else Collection.family == family
    rows = session.scalars(select(Collection).where(where).order_by(Collection.uid)).all()
    session.expunge_all()
    living = [row for row in rows if row.branch_id == instance.branch_id]
    same = [row for row in living if row.hash == record.hash]
    known = max(same, key=lambda row: row.is_latest, default=None)
    if known is None or family is not None:
        _supersede(session, [row.id for row in living if family and row.is_latest and row is not known])
    if known is not None:
        _renew(session, record, known, leads=family is not None)
        return known
    record.id = None  # type: ignore[assignment]  # a try that was rolled back has set it
    before = [row.uid for row in rows] if family else []
    record.uid = next_uid(Collection, before, retired_uids(session, Collection, before))
    record.family = family or own_family(record.uid[:-4])
    record.is_latest = True
    record.branch_id = record.created_on_id = instance.branch_id
    record.space_id, record.created_by_id = instance.space_id, instance.user_id
    insert_record(session, record)
    members = record.__dict__["_members"]
    session.execute(
        insert(collection_artifact),
        [{"collection_id": record.id, "artifact_id": artifact.id, "position": n} for n, artifact in enumerate(members)],
    )
    return None


def _supersede(session: Session, ids: Sequence[int]) -> None:
    session.execute(update(Collection).where(Collection.id.in_(ids)).values(is_latest=False), execution_options={"synchronize_session": False})


def _renew(session: Session, record: Collection, known: Collection, *, leads: bool) -> None:
    """The same set was saved again: under its key it is the latest now, and what is said of it is new."""
    given = {name: getattr(record, name) for name in ("description", "version_tag", "reference", "reference_type")}
    new: dict[str, object] = {name: value for name, value in given.items() if value is not None and value != getattr(known, name)}
    if leads and not known.is_latest:
        new["is_latest"] = True
    if new:
        update_record(session, known, new)
