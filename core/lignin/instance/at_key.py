"""Bytes that lie under their key, where people find them: room for a new version, and a new key for a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lignin.base.errors import StorageError, UsageError
from lignin.instance.construct import draft_of
from lignin.instance.locate import locate
from lignin.instance.move import carry_out, refresh
from lignin.instance.plan_move import MovePlan, plan_in_storage
from lignin.instance.save_artifact import OBJECTS, is_at_key, object_path, rekey
from lignin.model import Artifact, ArtifactState, Storage
from lignin.storage import check_key, hash_whole, look

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["make_room", "rename_key"]


def make_room(instance: Instance, records: Sequence[Artifact]) -> None:
    """Bring older versions that lie under the keys of new ones to Lignin's own place, so that none is overwritten.

    Raises:
        UsageError: a key leads into Lignin's own place.
        StorageError: bytes can't be read or written.
    """
    for record in records:
        draft = draft_of(record) if is_at_key(record) else None
        if draft is None or record.key is None:
            continue
        if record.key.split("/", 1)[0] == OBJECTS:
            raise UsageError(f"the key {record.key!r} leads to where Lignin keeps its own; choose another, or leave out key_is_virtual=False")
        storage = draft.storage or instance.storage
        older = [row for row in _lying_at(instance, storage, record.key) if row.hash != record.hash]
        if older and not _is_there(storage, older):
            # Others wrote over them already; the save itself sees to what that means.
            continue
        _relocate(instance, storage, older, new_key=None)


def rename_key(instance: Instance, record: Artifact, new: Mapping[str, Any]) -> None:
    """Give an artifact another key; a file that lies under its key goes along.

    Raises:
        InvalidKey: the key can't be one.
        UsageError: another artifact has it, or the suffix would change.
        StorageError: something else lies there.
    """
    key = check_key(new["key"])
    with instance.database.reading() as session:
        row = session.scalars(select(Artifact).where(Artifact.id == record.id)).one_or_none()
        storage = None if row is None else session.get(Storage, row.storage_id)
    is_under = row is not None and storage is not None and row.relpath == row.key and storage.role == "managed" and not row.is_locked
    if not is_under or row is None or storage is None:
        rekey(instance, record, new)
        return
    lying = _lying_at(instance, storage, str(row.key))
    if lying and look(locate(storage, key)) is not None:
        raise StorageError(f"something lies at {locate(storage, key)} already. Take it away, or choose another key. Nothing was changed.")
    rekey(instance, record, new)
    # The record is right at every moment: until the file has moved, it lies elsewhere than under its key.
    _relocate(instance, storage, lying, new_key=key)
    refresh(instance, [record])


def _is_there(storage: Storage, rows: Sequence[Artifact]) -> bool:
    place = locate(storage, rows[0].relpath)
    return look(place) is not None and hash_whole(place).id in {row.hash for row in rows}


def _lying_at(instance: Instance, storage: Storage, relpath: str) -> list[Artifact]:
    """The artifacts whose bytes lie at a place."""
    lying = select(Artifact).where(Artifact.storage_id == storage.id, Artifact.relpath == relpath, Artifact.state == ArtifactState.STORED.value)
    with instance.database.reading() as session:
        return list(session.scalars(lying))


def _relocate(instance: Instance, storage: Storage, rows: Sequence[Artifact], *, new_key: str | None) -> None:
    """Move what lies at one place to a key in the same storage, or to Lignin's own place there."""
    by_content: dict[str, list[Artifact]] = {}
    for row in rows:
        by_content.setdefault(str(row.hash), []).append(row)
    held = hash_whole(locate(storage, rows[0].relpath)).id if len(by_content) > 1 else None
    for content, alike in by_content.items():
        if held not in {None, content}:
            continue
        relpath = new_key or object_path(instance, storage, content=content, suffix=alike[0].suffix)
        plan: MovePlan = plan_in_storage(storage, alike, relpath)
        carry_out(instance, plan)
