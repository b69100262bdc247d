"""What was deleted for good: noted with the deletion, so that no later version gets the uid of an earlier one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lignin.base.clock import now
from lignin.base.ids import FIRST_VERSION, new_uid, next_version, stem_of
from lignin.instance.beginning import begins_with
from lignin.instance.derive import chunks
from lignin.instance.insert import insert_ignore
from lignin.model import Registry, User, Versioned, deletion

__all__ = ["next_uid", "note_deletion", "retired_uids", "what_became_of"]


def note_deletion(session: Session, registry: type[Registry], uid: str, *, name: str | None = None, by: int | None = None, replaced_by: str | None = None) -> None:
    """Note that a record is deleted for good.

    Args:
        session: of the transaction that deletes it.
        registry: whose record it is.
        uid: the record's.
        name: what people called it.
        by: id of the user who deleted it.
        replaced_by: uid of the record that it turned out to be the same as.
    """
    stem = stem_of(uid) if issubclass(registry, Versioned) else None
    row = {"registry": registry.__name__, "uid": uid, "stem": stem, "name": name, "replaced_by": replaced_by, "deleted_at": now(), "deleted_by_id": by}
    insert_ignore(session, deletion, [row])


def retired_uids(session: Session, registry: type[Registry], uids: Iterable[str]) -> dict[str, str]:
    """Of the families of these versions, the last uid that was deleted for good, by stem."""
    last: dict[str, str] = {}
    stems: Collection[str] = sorted({stem_of(uid) for uid in uids})
    for chunk in chunks(stems):
        rows = select(deletion.c.stem, func.max(deletion.c.uid)).where(deletion.c.registry == registry.__name__, deletion.c.stem.in_(chunk))
        last.update(session.execute(rows.group_by(deletion.c.stem)).tuples().all())
    return last


def next_uid(registry: type[Registry], versions: Collection[str], retired: Mapping[str, str], *, stem: str | None = None) -> str:
    """The uid of a family's next version.

    Args:
        registry: whose record it is.
        versions: the uids of the versions there are.
        retired: as `retired_uids` says, of these or of `stem`.
        stem: the first part of the first version's uid, where it is given.
    """
    first = f"{stem}{FIRST_VERSION}" if stem else None
    stems = {stem_of(uid) for uid in ([first] if first else [])} | {stem_of(uid) for uid in versions}
    taken = [*versions, *(retired[name] for name in stems if name in retired)]
    return next_version(max(taken)) if taken else first or new_uid(registry.uid_length) + FIRST_VERSION


def what_became_of(session: Session, registry: type[Registry], uid: str) -> str | None:
    """A sentence on a record that was deleted for good; `None` where none was whose uid begins so."""
    columns: Any = (deletion.c.uid, deletion.c.name, deletion.c.replaced_by, deletion.c.deleted_at, User.handle)
    rows = select(*columns).outerjoin(User, User.id == deletion.c.deleted_by_id)
    gone = session.execute(
        rows.where(deletion.c.registry == registry.__name__, begins_with(deletion.c.uid, uid)).order_by(deletion.c.uid.desc()).limit(1)
    ).first()
    if gone is None:
        return None
    called = f" ({gone.name})" if gone.name else ""
    what = f"{registry.__name__} {gone.uid}{called}"
    if gone.replaced_by:
        return f"{what} turned out to be the same as {gone.replaced_by}; use that one"
    by = f" by {gone.handle}" if gone.handle else ""
    return f"{what} was deleted for good on {gone.deleted_at:%Y-%m-%d %H:%M} UTC{by}"
