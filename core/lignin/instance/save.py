"""Store records: one, or many in few transactions."""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from lignin.base.errors import UsageError
from lignin.base.ids import FIRST_VERSION, new_uid
from lignin.base.messages import say
from lignin.base.ports import current
from lignin.base.settings import host_name
from lignin.base.texts import composed
from lignin.instance.annotate import said_in, store_said, tell_stored
from lignin.instance.at_key import make_room, rename_key
from lignin.instance.current_run import current_run_id
from lignin.instance.fields import check_fields, conceal
from lignin.instance.move import move
from lignin.instance.references import (
    given_references,
    refuse_cycle,
    refuse_missing,
    refuse_taken,
)
from lignin.instance.replace import replacement_of, take_over
from lignin.instance.rows import (
    as_before_on_failure,
    become,
    changes,
    insert_records,
    update_record,
)
from lignin.instance.save_artifact import save_artifacts
from lignin.instance.save_collection import save_collection
from lignin.instance.save_schema import save_schema
from lignin.instance.sheets import check_joining
from lignin.instance.similar_names import hint_at_similar
from lignin.instance.told_dtypes import told_dtypes
from lignin.model import (
    Artifact,
    Collection,
    Feature,
    Record,
    Registry,
    Run,
    Schema,
    Storage,
    ToOne,
    Transform,
    Trashable,
    Typed,
    Versioned,
)
from lignin.storage import Root, check_key, check_writable

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["save", "save_many", "save_records"]

# What a record is, as against what people say of it.
_UID = frozenset({"id", "uid"})
_FIXED = {
    "Artifact": _UID | {"family", "branch_id", "hash", "size", "n_files", "suffix", "is_latest", "state", "storage_id", "relpath", "mtime_ns", "run_id", "origin_id"},
    "Collection": _UID | {"family", "branch_id", "hash", "is_latest"},
    "Transform": _UID | {"family", "branch_id", "hash", "is_latest", "source_code"},
    "Storage": _UID | {"root", "host", "type", "instance_uid"},
    "Note": _UID | {"target_registry", "target_id", "kind", "content", "created_at", "created_by_id"},
    "Feature": _UID | {"dtype", "is_type"},
    "Schema": _UID | {"hash", "n_members", "kind", "is_type", "itype", "dtype", "otype", "index_id", "minimal_set", "maximal_set", "ordered_set", "flexible", "coerce"},
    "Run": _UID | {"engine", "scope", "external_id", "attempt", "told", "told_end"},
}
_BATCH = 5_000


def save(instance: Instance, record: Registry, **options: Any) -> None:
    """Store a record, or what was changed of one that is stored."""
    if record.id is not None:
        _save_changes(instance, record)
    elif isinstance(record, Artifact):
        make_room(instance, [record])
        save_artifacts(instance, [record])
    elif isinstance(record, Collection):
        save_collection(instance, record)
    elif isinstance(record, Schema) and not record.is_type:
        _check(record)
        save_schema(instance, record)
    else:
        save_many(instance, [record])


def save_many(instance: Instance, records: Iterable[Registry]) -> None:
    """Store many records of any registries, in the order in which they are given.

    New ones of a kind that stand together go into one transaction; each is as if saved alone.
    """
    listed = list(records)
    for record in listed:
        if not isinstance(record, Registry):
            raise UsageError(f"only records can be saved, not {record!r}")
    # Before the first is stored: a bad one at the end must not leave half of them.
    for record in listed:
        if record.id is None and not isinstance(record, Artifact | Collection):
            _check(record)
    for (registry, is_new, is_type), group in groupby(listed, key=lambda r: (type(r), r.id is None, isinstance(r, Schema) and bool(r.is_type))):
        batch = list(group)
        if not is_new or registry is Collection or (registry is Schema and not is_type):
            for record in batch:
                save(instance, record)
        else:
            for begin in range(0, len(batch), _BATCH):
                _save_new(instance, batch[begin : begin + _BATCH])


def _save_new(instance: Instance, batch: Sequence[Any]) -> None:
    if isinstance(batch[0], Artifact):
        make_room(instance, batch)
        save_artifacts(instance, batch)
        return
    registry, given = type(batch[0]), given_references(batch)
    uids = {record.uid for record in batch if record.uid}
    for record in batch:
        _prepare(instance, record)
    said_by = said_in(instance) if any("_said" in record.__dict__ for record in batch) else {}

    def work(session: Session) -> list[tuple[Any, Any]]:
        if _was_stored(session, batch):
            return []
        refuse_missing(session, registry, given)
        _refuse_uids(session, registry, uids)
        match batch[0]:
            case Storage():
                return _insert_places(session, batch)
            case Typed():
                known = _insert_named(session, batch)
                rows = {id(record): row for record, row in known}
                store_said(instance, session, [(record, rows.get(id(record))) for record in batch], said_by=said_by)
                return known
        for record in batch:
            refuse_taken(session, record)
        insert_records(session, batch)
        return []

    with as_before_on_failure(*batch):
        existing = instance.database.transact(work)
    for record, row in existing:
        become(record, row)
        if len(batch) == 1:
            say("→", f"returning {type(record).__name__.lower()} with same {record.label}: {getattr(record, record.label)!r}")
    for record in batch:
        tell_stored(record)
    if issubclass(registry, Typed) and len(existing) < len(batch):
        known = {id(record) for record, _ in existing}
        hint_at_similar(instance, [record for record in batch if id(record) not in known])


def _check(record: Any) -> None:
    """Refuse a new record that can't be stored as it is; its name is brought to the form in which names are kept."""
    label = type(record).label
    name = getattr(record, label)
    if label in {"name", "root", "handle"} and not (isinstance(record, Run | Record | Schema) and name is None):
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"a {type(record).__name__} needs a {label}, not {name!r}")
        if name != name.strip():
            raise UsageError(f"{name[:60]!r} can't be the {label} of a {type(record).__name__}: it begins or ends with white space")
        if label != "root" and not isinstance(record, Run):
            setattr(record, label, composed(name))
    check_fields(record)
    conceal(record)
    _check_type(record)


def _check_type(record: Any) -> None:
    kind = record.__dict__.get("_type")
    if isinstance(record, Typed) and kind is not None and kind.id == record.type_id and not kind.is_type:
        raise UsageError(f"{kind.name!r} is no type: its is_type is not set. Make it one first: label.is_type = True; label.save()")


def _refuse_uids(session: Session, registry: type[Registry], uids: Several[str]) -> None:
    """Refuse uids that a user gave and another record has."""
    listed = sorted(uids)
    for begin in range(0, len(listed), 500):
        taken = session.scalar(select(registry.uid).where(registry.uid.in_(listed[begin : begin + 500])).limit(1))
        if taken is not None:
            raise UsageError(f"there is a {registry.__name__} with the uid {taken} already. Leave the uid out to get one.")


def _prepare(instance: Instance, record: Any) -> None:
    """Fill what every new record gets."""
    if not record.uid:
        version = FIRST_VERSION if isinstance(record, Versioned) else ""
        record.uid = new_uid(type(record).uid_length) + version
    if isinstance(record, Trashable):
        record.branch_id = record.branch_id or instance.branch_id
        record.created_on_id = record.created_on_id or record.branch_id
        record.space_id = record.space_id or instance.space_id
    if "created_by_id" in record.fields() and record.created_by_id is None:
        record.created_by_id = instance.user_id
    if "run_id" in record.fields() and record.run_id is None and not isinstance(record, Transform):
        record.run_id = current_run_id(instance)
    if isinstance(record, Storage):
        _prepare_storage(instance, record)
        instance.forget_storages()
    if isinstance(record, Transform) and record.family is None:
        record.family = f"uid:{record.uid[:-4]}"


def _prepare_storage(instance: Instance, storage: Storage) -> None:
    where = Root.parse(storage.root)
    storage.root, storage.type, storage.role, storage.instance_uid = where.url, where.kind, storage.role or "managed", instance.config.uid
    if where.is_remote:
        storage.host, storage.region = where.endpoint, where.region
        if storage.role == "managed":
            check_writable(where.path())
        return
    root = Path(where.url)
    if storage.host is None:
        is_shared = instance.config.db_in_folder and root.is_relative_to(instance.config.folder)
        storage.host = "" if is_shared else host_name()
    if storage.role == "managed":
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise UsageError(f"can't make the storage folder {root}: {e.strerror or e}") from e


def _was_stored(session: Session, batch: Sequence[Any]) -> bool:
    """Whether an earlier try, whose commit was not answered, stored these records after all."""
    first = batch[0]
    registry = type(first)
    if isinstance(first, Typed | Storage) or inspect(first).key is None:
        # Those are found again by what they are.
        return False
    # All went in one transaction. Another writer's record of that uid was not made in the same microsecond.
    made = session.scalar(select(registry.created_at).where(registry.uid == first.uid))
    return made is not None and bool(made == first.created_at)


def _insert_places(session: Session, batch: Sequence[Storage]) -> list[tuple[Storage, Storage]]:
    """Insert storage locations that are new; the rest comes back with the rows there are."""
    known: list[tuple[Storage, Storage]] = []
    for storage in batch:
        same = select(Storage).where(Storage.root == storage.root, Storage.host == storage.host, Storage.branch_id > 0)
        row = session.scalars(same).one_or_none()
        if row is None:
            insert_records(session, [storage])
        else:
            session.expunge(row)
            known.append((storage, row))
    return known


def _insert_named(session: Session, batch: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Insert labels whose name is new within its type; the rest comes back with the rows there are."""
    registry = type(batch[0])
    names = {record.name for record in batch if record.name is not None}
    there = {}
    for begin in range(0, len(names), 500):
        chunk = sorted(names)[begin : begin + 500]
        rows = session.scalars(select(registry).where(registry.name.in_(chunk), registry.branch_id > 0))
        there.update({(row.name, row.type_id): row for row in rows})
    # The session must not hold the rows it found: the records that become them are other objects.
    session.expunge_all()
    new: dict[tuple[str, int | None], Any] = {}
    known: list[tuple[Any, Any]] = []
    nameless = [record for record in batch if record.name is None]
    for record in batch:
        place = (record.name, record.type_id)
        if record.name is None:
            continue
        if place in there:
            _refuse_other_dtype(session, record, there[place])
            known.append((record, there[place]))
        elif place in new:
            known.append((record, new[place]))
        else:
            new[place] = record
    insert_records(session, [*new.values(), *nameless])
    return known


def _refuse_other_dtype(session: Session, record: Any, there: Any) -> None:
    """A feature is what its values are: another dtype under its name would give old values a new meaning."""
    if isinstance(record, Feature) and record.dtype != there.dtype:
        told = told_dtypes(session, (dtype for dtype in (there.dtype, record.dtype) if dtype is not None))
        old, new = (told.get(str(dtype), "none") for dtype in (there.dtype, record.dtype))
        raise UsageError(f"there is a Feature {there.name!r} of dtype {old} already ({there.uid}), so it can't be {new}. Choose another name, or a type for it.")


def _save_changes(instance: Instance, record: Registry) -> None:
    new = dict(changes(record))
    replacement = replacement_of(record) if isinstance(record, Artifact) else None
    if isinstance(record, Artifact) and replacement is not None:
        _save_replacement(instance, record, replacement, new)
        return
    if isinstance(record, Artifact) and "storage_id" in new:
        # All of it is looked at before the bytes move.
        check_fields(record, new)
        new.pop("storage_id")
        _refuse_fixed(record, new)
        _save_place(instance, record)
    if new:
        _save_fields(instance, record, new)


def _save_replacement(instance: Instance, record: Artifact, replacement: Artifact, new: Mapping[str, Any]) -> None:
    """What was set meanwhile is meant for the new version."""
    for name, value in new.items():
        if name not in {"description", "kind", "version_tag"}:
            raise UsageError(f"save what replaces {record.uid} first, and set its {name} then")
        setattr(replacement, name, value)
    make_room(instance, [replacement])
    save_artifacts(instance, [replacement])
    take_over(record, replacement)


def _save_place(instance: Instance, artifact: Artifact) -> None:
    """`artifact.storage = other` is a move."""
    target = artifact.storage
    if not isinstance(target, Storage):
        raise UsageError(f"Artifact.storage_id can't be {artifact.storage_id!r}: there is no Storage of this id")
    move(instance, [artifact], target)


def _refuse_fixed(record: Registry, new: Mapping[str, Any]) -> None:
    fixed = sorted(_FIXED.get(type(record).__name__, _UID) & new.keys())
    if fixed:
        raise UsageError(f"{type(record).__name__}.{fixed[0]} follows from what was recorded and can't be set. Get the record anew, and save new content as a new version.")


def _save_fields(instance: Instance, record: Registry, new: Mapping[str, Any]) -> None:
    _refuse_fixed(record, new)
    if isinstance(record, Collection | Artifact) and isinstance(new.get("key"), str):
        record.key = check_key(record.key)
    check_fields(record, new)
    conceal(record, new)
    new = {name: getattr(record, name) for name in new}
    if "type_id" in new:
        _check_type(record)
        if isinstance(record, Record):
            check_joining(instance, record)
    if isinstance(record, Artifact) and "key" in new:
        rename_key(instance, record, new)
        return
    keys = {relation.key for relation in record.relations().values() if isinstance(relation, ToOne)}
    given = {name: {value} for name, value in new.items() if name in keys and value is not None}

    def work(session: Session) -> None:
        refuse_missing(session, type(record), given)
        refuse_cycle(session, record, new)
        if not new.keys().isdisjoint({"name", "handle", "type_id", "branch_id"}):
            refuse_taken(session, record)
        update_record(session, record, new)

    with as_before_on_failure(record):
        instance.database.transact(work)


def save_records(records: Registry | Iterable[Registry]) -> None:
    """Store one record or many, in few transactions: `ln.save([artifact1, artifact2, label])`.

    Raises:
        LigninError: one of them can't be stored; none is, where its own fields say so.
    """
    if not isinstance(records, Iterable):
        raise UsageError(f"only records can be saved, not {records!r}")
    current().save_many([records] if isinstance(records, Registry) else records)
