"""Store artifacts: bytes to their place first, then the rows, in one transaction for all.

An object's place is named by its content, so that two writers of the same bytes do each other no
harm, a killed save can be repeated, and equal contents under several keys are stored once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from lignin.base.content import look_at
from lignin.base.errors import ContentChanged, StorageError, UsageError
from lignin.base.ids import FIRST_VERSION
from lignin.base.messages import say
from lignin.base.progress import watched
from lignin.base.settings import host_name
from lignin.base.texts import MAX_INDEXED, problem_of_text, size_of
from lignin.instance.annotate import said_in, store_said, tell_stored
from lignin.instance.beginning import begins_with
from lignin.instance.construct import Draft, check_draft, draft_of
from lignin.instance.current_run import current_run_id
from lignin.instance.deletions import next_uid, retired_uids
from lignin.instance.derive import derive_origins, derive_producers
from lignin.instance.families import key_family, own_family
from lignin.instance.inherit import inherit
from lignin.instance.insert import insert_ignore
from lignin.instance.locate import OBJECTS, home_of, locate, path_below
from lignin.instance.places import place_remote
from lignin.instance.remote_source import RemoteSource
from lignin.instance.rows import (
    as_before_on_failure,
    become,
    insert_records,
    update_record,
)
from lignin.instance.save_found import FoundRows, found_rows, store_found
from lignin.model import Artifact, ArtifactState, Registry, Storage, run_output
from lignin.storage import Seen, adopt, check_key, look, put, put_new, suffix_of

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["OBJECTS", "content_lock", "is_at_key", "object_path", "rekey", "save_artifacts"]

_FEW = 8
_TRIES = 5

_TABLE: Any = Artifact.__table__
_AT_PLACE = (Artifact.id, Artifact.relpath, Artifact.hash, Artifact.mtime_ns, Artifact.size)
_ANY_OF_FAMILIES = select(_TABLE.c.id).where(_TABLE.c.family.in_(bindparam("families", expanding=True))).limit(1)
_MADE_ELSEWHERE = select(_TABLE.c.hash).where(_TABLE.c.hash.in_(bindparam("hashes", expanding=True)), _TABLE.c.run_id.is_not(None)).distinct()


@dataclass(slots=True, kw_only=True)
class _Plan:
    """Where a new artifact's bytes lie, and what it turned out to be.

    Attributes:
        in_place: they lie there already.
        at_key: they go to a place that is not Lignin's alone, under their key.
        mtime_ns: of what lies where others may write: its time of last change.
        found: what was found in it, where it was checked against a schema.
    """

    record: Artifact
    draft: Draft
    storage: Storage
    relpath: str
    in_place: bool
    run_id: int | None
    at_key: bool = False
    mtime_ns: int | None = None
    found: FoundRows | None = None
    existing: Artifact | None = None


def save_artifacts(instance: Instance, records: Sequence[Artifact]) -> None:
    """Store new artifacts, each as if saved alone.

    Raises:
        ContentChanged: a file changed since it was inspected.
        StorageError: bytes can't be stored.
    """
    # Reports and environments are papers about runs, made by none.
    papers = all((record.kind or "").startswith("__lignin") for record in records)
    run_id = None if papers else current_run_id(instance)
    managed = instance.managed_storages()
    remote = _place_remote(instance, records)
    plans = [_plan(instance, record, managed=managed, remote=remote, run_id=run_id) for record in records]
    _refuse_taken(instance, plans)
    for plan in plans:
        plan.found = found_rows(plan.draft.found)
    said_by = said_in(instance) if any("_said" in record.__dict__ for record in records) else {}
    with as_before_on_failure(*records):
        for _ in range(_TRIES):
            _store_bytes(plans)
            if instance.database.transact(lambda session: _store_rows(instance, session, plans, said_by=said_by)):
                break
        else:
            raise StorageError(f"what is stored in {plans[0].storage.root} vanishes again and again; look for who deletes files there. Nothing was saved.")
    for plan in plans:
        if plan.existing is not None:
            become(plan.record, plan.existing)
        if plan.draft.owned is not None:
            plan.draft.owned.cleanup()
        plan.record.__dict__.pop("_draft", None)
        plan.record.__dict__.pop("_at_key", None)
        tell_stored(plan.record)
    if len(plans) == 1:
        _tell(plans[0])


def rekey(instance: Instance, record: Artifact, new: Mapping[str, Any]) -> None:
    """Give an artifact, with all its versions, another key.

    Raises:
        InvalidKey: the key can't be one.
        UsageError: another artifact has it, or the suffix would change.
    """
    key = check_key(new["key"])
    is_plain_folder = record.n_files is not None and not record.suffix
    if not is_plain_folder and suffix_of(key) != record.suffix and not (record.suffix and key.endswith(record.suffix)):
        raise UsageError(f"the key {key!r} must end with {record.suffix or 'no suffix'}, like the artifact")
    family = key_family(key)

    def work(session: Session) -> None:
        instance.database.lock(session, family)
        taken = session.scalar(select(Artifact.uid).where(Artifact.family == family, Artifact.uid.not_like(f"{record.stem_uid}%")).limit(1))
        if taken:
            raise UsageError(f"the key {key!r} belongs to artifact {taken} already")
        update_record(session, record, {**new, "family": family})
        versions = update(Artifact).where(begins_with(Artifact.uid, record.stem_uid))
        session.execute(versions.values(key=key, family=family), execution_options={"synchronize_session": False})

    with as_before_on_failure(record):
        instance.database.transact(work)


def _place_remote(instance: Instance, records: Sequence[Artifact]) -> Mapping[str, tuple[Storage, str]]:
    """The storage and the path there of all that is registered where it lies on a server, by its URL with the server's."""
    drafts = [draft for record in records if (draft := draft_of(record)) is not None and not draft.is_lazy]
    roots = [draft.source.root for draft in drafts if isinstance(draft.source, RemoteSource) and draft.storage is None]
    return place_remote(instance, roots) if roots else {}


def _plan(instance: Instance, record: Artifact, *, managed: Sequence[Storage], remote: Mapping[str, tuple[Storage, str]], run_id: int | None) -> _Plan:
    draft = draft_of(record)
    if draft is None:
        raise UsageError(f"{record!r} has no content to save; make it with ln.Artifact(path, key=…)")
    check_draft(record, draft)
    run_id = run_id if draft.run is None else draft.run.id
    if isinstance(draft.source, RemoteSource) and not draft.is_lazy:
        return _plan_remote(record, draft, draft.source, remote=remote, run_id=run_id)
    at_key = is_at_key(record)
    if isinstance(draft.source, Path):
        if not draft.source.exists():
            raise ContentChanged(f"{draft.source} is gone since the artifact was made of it. Nothing was stored.")
        for storage in managed:
            if draft.owned is None and draft.storage is None:
                relpath = path_below(draft.source, Path(storage.root))
                if relpath is not None and relpath.split("/", 1)[0] != OBJECTS and (not at_key or relpath == record.key):
                    _check_relpath(relpath)
                    return _Plan(record=record, draft=draft, storage=storage, relpath=relpath, in_place=True, mtime_ns=draft.mtime_ns, run_id=run_id)
    storage = draft.storage or instance.storage
    if at_key:
        return _Plan(record=record, draft=draft, storage=storage, relpath=str(record.key), in_place=False, at_key=True, run_id=run_id)
    relpath = object_path(instance, storage, content=draft.content.id, suffix=record.suffix)
    return _Plan(record=record, draft=draft, storage=storage, relpath=relpath, in_place=False, run_id=run_id)


def _refuse_taken(instance: Instance, plans: Sequence[_Plan]) -> None:
    """Refuse a key that belongs to another artifact than the revised one, before bytes are stored; `_join` asks again."""
    for plan in plans:
        revised, key = plan.draft.revises, plan.record.key
        if revised is not None and key is not None and key != revised.key:
            with instance.database.reading() as session:
                _refuse_other(revised, key, session.scalars(select(Artifact.uid).where(Artifact.family == key_family(key))))


def _refuse_other(revised: Artifact, key: str | None, uids: Iterable[str]) -> None:
    if {uid[:-4] for uid in uids} - {revised.stem_uid}:
        raise UsageError(f"the key {key!r} belongs to another artifact already, so {revised.uid} can't have a version of that key")


def _check_relpath(relpath: str) -> None:
    if (problem := problem_of_text(relpath)) or size_of(relpath) > MAX_INDEXED:
        raise UsageError(f"{relpath[:80]!a} can't be registered where it lies: {problem or f'its path has more than {MAX_INDEXED} bytes'}. Rename it.")


def _plan_remote(record: Artifact, draft: Draft, source: RemoteSource, *, remote: Mapping[str, tuple[Storage, str]], run_id: int | None) -> _Plan:
    """What lies on S3 is registered where it lies."""
    if draft.storage is not None:
        raise UsageError(f"{source.root.url} is registered where it lies. To copy it to a storage: ln.Artifact(artifact.cache(), key=…, storage=…)")
    storage, relpath = remote[source.root.text]
    if storage.role == "managed" and relpath.split("/", 1)[0] == OBJECTS:
        raise UsageError(f"{source.root.url} lies among the objects that Lignin keeps; use the artifact whose it is")
    return _Plan(record=record, draft=draft, storage=storage, relpath=relpath, in_place=True, mtime_ns=draft.mtime_ns, run_id=run_id)


def _store_bytes(plans: Sequence[_Plan]) -> None:
    total = sum(plan.draft.content.size for plan in plans if not plan.in_place)
    with watched("copied", "storing", total=total):
        _store_objects(plans)


def _store_objects(plans: Sequence[_Plan]) -> None:
    if len(plans) < _FEW:
        for plan in plans:
            _store_object(plan)
        return
    # Each file waits for the disk; side by side they wait together.
    with ThreadPoolExecutor(max_workers=8) as pool:
        for _ in pool.map(_store_object, plans):
            pass


def _store_object(plan: _Plan) -> None:
    source = plan.draft.source
    if plan.draft.is_lazy:
        _adopt(plan)
    elif isinstance(source, RemoteSource):
        if look(source.root.path()) != source.seen:
            raise ContentChanged(f"{source.root.url} changed while it was saved. Nothing was stored; save it again when it is at rest.")
    elif plan.at_key:
        target = locate(plan.storage, plan.relpath)
        put_new(source, target, expected=plan.draft.content.id)
        seen = look(target)
        plan.mtime_ns = None if seen is None else seen.mtime_ns
    elif not plan.in_place:
        put(source, locate(plan.storage, plan.relpath), expected=plan.draft.content.id)
    elif look_at(source).mtime_ns != plan.draft.mtime_ns:
        raise ContentChanged(f"{source} changed while it was saved. Nothing was stored; save it again when it is at rest.")


def is_at_key(record: Artifact) -> bool:
    """Whether a new artifact's bytes are to lie under its key, where people find them."""
    return bool(record.__dict__.get("_at_key"))


def object_path(instance: Instance, storage: Storage, *, content: str, suffix: str) -> str:
    """Where Lignin keeps a content below a storage's root."""
    digest = content.partition(":")[2]
    return f"{home_of(instance, storage)}/{digest[:2]}/{digest[2:]}{suffix}"


def _adopt(plan: _Plan) -> None:
    source, content = plan.draft.source, plan.draft.content
    if isinstance(source, RemoteSource):
        place, seen = source.root.path(), source.seen
    else:
        place, seen = source, Seen(size=content.size, mtime_ns=plan.draft.mtime_ns, is_folder=content.n_files is not None)
    adopt(place, locate(plan.storage, plan.relpath), expected=content.id, seen=seen)


def content_lock(content_id: str | None) -> str:
    """The name of the lock that who records stored bytes holds, and who deletes them."""
    return f"content:{content_id}"


def _store_rows(instance: Instance, session: Session, plans: Sequence[_Plan], *, said_by: Mapping[str, Any]) -> bool:
    """Write the rows; `False` where bytes went with another record meanwhile, and have to be stored again."""
    families = {key_family(p.record.key) for p in plans if p.record.key is not None}
    # Without a key the content is the name, and writers of one content queue like those of one key.
    contents = {content_lock(p.record.hash) for p in plans if p.record.key is None or not p.in_place}
    revised = {str(p.draft.revises.family) for p in plans if p.draft.revises is not None}
    same = {lock for p in plans if p.found is not None for lock in p.found.locks}
    instance.database.lock(session, *families, *contents, *revised, *same)
    if not all(p.in_place or _is_stored(p) for p in plans):
        return False
    book = _load_families(session, families)
    retired = retired_uids(session, Artifact, _uids(book))
    superseded: list[int] = []
    new: list[Artifact] = []
    for plan in plans:
        plan.existing = None
        known = _match(session, plan, book, new)
        if known is not None:
            plan.existing = known
            continue
        if plan.draft.revises is not None:
            _join(session, plan.record, plan.draft.revises, book)
            retired |= retired_uids(session, Artifact, [plan.draft.revises.uid])
        _fill(instance, plan, book, superseded, retired=retired)
        new.append(plan.record)
    fresh = {id(record) for record in new}
    old = [row_id for row_id in superseded if row_id]
    if old:
        session.execute(update(Artifact).where(Artifact.id.in_(old)).values(is_latest=False), execution_options={"synchronize_session": False})
    for plan in plans:
        if plan.existing is not None and id(plan.existing) not in fresh:
            _renew(session, plan, book)
    insert_records(session, new)
    inherit(session, [(plan.record.__dict__.get("_replaces"), plan.existing or plan.record) for plan in plans])
    for plan in plans:
        store_found(instance, session, plan.found, plan.existing or plan.record, run_id=plan.run_id)
    store_said(instance, session, [(plan.record, plan.existing) for plan in plans], said_by=said_by)
    _claim_outputs(session, plans)
    return True


def _is_stored(plan: _Plan) -> bool:
    seen, content = look(locate(plan.storage, plan.relpath)), plan.draft.content
    if seen is None or (plan.at_key and seen.mtime_ns != plan.mtime_ns):
        return False
    # Of a folder whose record was deleted while it was stored again, a part may lie there.
    return seen.size in {None, content.size} and seen.n_files in {None, content.n_files}


def _load_families(session: Session, families: set[str]) -> dict[str, list[Artifact]]:
    book: dict[str, list[Artifact]] = {}
    listed = sorted(families)
    for begin in range(0, len(listed), 500):
        chunk = listed[begin : begin + 500]
        # Of most new keys there is none, and a query of records takes several times as long as one of a column.
        if session.execute(_ANY_OF_FAMILIES, {"families": chunk}).first() is not None:
            for row in session.scalars(select(Artifact).where(Artifact.family.in_(chunk)).order_by(Artifact.uid)):
                book.setdefault(str(row.family), []).append(row)
    session.expunge_all()
    return book


def _uids(book: Mapping[str, list[Artifact]]) -> Iterator[str]:
    return (row.uid for rows in book.values() for row in rows)


def _match(session: Session, plan: _Plan, book: Mapping[str, list[Artifact]], new: Sequence[Artifact]) -> Artifact | None:
    """The artifact that this one is, where it is there already."""
    record = plan.record
    if plan.draft.revises is not None and plan.draft.revises.key != record.key:
        # An earlier try whose commit was not answered may have been stored after all.
        return next((row for row in book.get(str(record.family), []) if row.uid == record.uid and row.hash == record.hash), None)
    if record.key is not None:
        same = [row for row in book.get(key_family(record.key), []) if row.hash == record.hash and row.branch_id > 0]
        return max(same, key=lambda row: row.is_latest) if same else None
    # Without a key, content is the only name: what we keep, or the very file.
    rows = session.scalars(
        select(Artifact).where(Artifact.hash == record.hash, Artifact.branch_id > 0, Artifact.kind.is_not_distinct_from(record.kind)).order_by(Artifact.id)
    ).all()
    for row in rows:
        session.expunge(row)
    places = {(plan.storage.id, plan.relpath)}
    alike = [row for row in new if row.hash == record.hash and row.kind == record.kind]
    kept = [row for row in [*rows, *alike] if row.relpath.startswith(f"{OBJECTS}/") or (row.storage_id, row.relpath) in places]
    return min(kept, key=lambda row: not row.is_latest, default=None)


def _join(session: Session, record: Artifact, revised: Artifact, book: dict[str, list[Artifact]]) -> None:
    """See that the versions of a revised artifact are those of the new one's family: under a new key all move there."""
    family = key_family(record.key) if record.key is not None else str(revised.family)
    if book.get(family):
        _refuse_other(revised, record.key, (row.uid for row in book[family]))
        return
    mine = begins_with(Artifact.uid, revised.stem_uid)
    session.execute(update(Artifact).where(mine).values(family=family), execution_options={"synchronize_session": False})
    rows = session.scalars(select(Artifact).where(mine).order_by(Artifact.uid)).all()
    session.expunge_all()
    if not rows:
        raise UsageError(f"{revised.uid} was deleted, so it can't be revised")
    book[family] = list(rows)


def _fill(instance: Instance, plan: _Plan, book: dict[str, list[Artifact]], superseded: list[int], *, retired: Mapping[str, str]) -> None:
    """Make the record a new row: its uid, family and place."""
    record, revises = plan.record, plan.draft.revises
    family = key_family(record.key) if record.key is not None else revises.family if revises is not None else None
    versions = book.setdefault(family, []) if family else []
    record.uid = next_uid(Artifact, [row.uid for row in versions], retired)
    record.family = family or own_family(record.uid[:-4])
    record.is_latest = True
    record.branch_id = record.created_on_id = instance.branch_id
    record.space_id = instance.space_id
    record.created_by_id = instance.user_id
    record.storage_id, record.relpath = plan.storage.id, plan.relpath
    record.mtime_ns = plan.mtime_ns
    record.state = ArtifactState.STORED.value
    record.run_id = plan.run_id
    for row in versions:
        if row.is_latest and row.branch_id == record.branch_id:
            row.is_latest = False
            superseded.append(row.id)
    book.setdefault(str(record.family), []).append(record)


def _renew(session: Session, plan: _Plan, book: Mapping[str, list[Artifact]]) -> None:
    """The same artifact was saved again: its bytes are there, and under its key it is the latest now."""
    row = plan.existing
    assert row is not None
    new: dict[str, Any] = {}
    if row.state != ArtifactState.STORED or _is_changed(session, row, plan.storage):
        new |= {"state": ArtifactState.STORED.value, "storage_id": plan.storage.id, "relpath": plan.relpath, "mtime_ns": plan.mtime_ns}
    for name in ("description", "kind", "version_tag", "schema_id"):
        given = getattr(plan.record, name)
        if given is not None and given != getattr(row, name):
            new[name] = given
    # Without a key nothing was said of the family whose old version has this content.
    if not row.is_latest and plan.record.key is not None:
        others = [other for other in book.get(str(row.family), []) if other.is_latest and other.branch_id == row.branch_id]
        for other in others:
            other.is_latest = False
        session.execute(
            update(Artifact).where(Artifact.id.in_([o.id for o in others if o.id is not None])).values(is_latest=False),
            execution_options={"synchronize_session": False},
        )
        new["is_latest"] = True
        if str(new.get("relpath", row.relpath)).startswith(f"{OBJECTS}/"):
            # What we keep has no time of its own; it counts as stored now, also for who derives the latest later.
            new["mtime_ns"] = time.time_ns()
    if new:
        update_record(session, row, new)


def _is_changed(session: Session, row: Artifact, storage: Storage) -> bool:
    """Whether a file that was registered in place on this machine is not as it was: then the new place is the better one."""
    if row.relpath.startswith(f"{OBJECTS}/"):
        return False
    # Most lie where they lie now too, and then nothing has to be asked.
    root, host = storage.root, storage.host
    if row.storage_id != storage.id:
        root, host = session.execute(select(Storage.root, Storage.host).where(Storage.id == row.storage_id)).one()
    if "://" in root or (host and host != host_name()):
        return False
    try:
        seen = look_at(Path(root, row.relpath))
    except OSError:
        return True
    return (seen.size, seen.mtime_ns) != (row.size, row.mtime_ns)


def _claim_outputs(session: Session, plans: Sequence[_Plan]) -> None:
    """Say which run made what; runs that made again what was there are told apart by `derive`."""
    rows = [
        {"run_id": plan.run_id, "artifact_id": (plan.existing or plan.record).id, "role": ""}
        for plan in plans
        if plan.run_id is not None
    ]
    insert_ignore(session, run_output, rows)
    again = {plan.existing.id: plan.existing for plan in plans if plan.existing is not None and plan.run_id is not None}
    if again:
        for artifact_id, run_id in derive_producers(session, set(again)).items():
            again[artifact_id].run_id = run_id
    _mark_overwritten(session, plans)
    unmade = sorted({str(p.record.hash) for p in plans if p.existing is None and p.run_id is None})
    for begin in range(0, len(unmade), 500):
        derive_origins(session, session.scalars(_MADE_ELSEWHERE, {"hashes": unmade[begin : begin + 500]}).all())


def _mark_overwritten(session: Session, plans: Sequence[_Plan]) -> None:
    """Other contents that were recorded at a place where these lie now are gone."""
    placed = {(plan.storage.id, plan.relpath): plan for plan in plans if plan.in_place or plan.at_key}
    gone: list[int] = []
    for storage_id in {storage_id for storage_id, _ in placed}:
        relpaths = [relpath for own_id, relpath in placed if own_id == storage_id]
        for begin in range(0, len(relpaths), 500):
            there = select(*_AT_PLACE).where(
                Artifact.storage_id == storage_id, Artifact.relpath.in_(relpaths[begin : begin + 500]), Artifact.state == ArtifactState.STORED
            )
            gone += [row.id for row in session.execute(there) if _is_other(placed[storage_id, row.relpath], row)]
    for begin in range(0, len(gone), 500):
        marked = update(Artifact).where(Artifact.id.in_(gone[begin : begin + 500])).values(state=ArtifactState.GONE.value)
        session.execute(marked, execution_options={"synchronize_session": False})


def _is_other(plan: _Plan, row: Any) -> bool:
    """Whether a row at a plan's place holds something else: on a server one content has two ids, ours and the store's."""
    content, source = str(plan.record.hash), plan.draft.source
    if row.hash is None or row.hash == content:
        return False
    if not isinstance(source, RemoteSource):
        return True
    seen = source.seen
    if row.hash in {f"etag:{seen.etag}", f"etagd:{seen.etag}"}:
        return False
    if content.startswith("b3") or row.hash.startswith("etag"):
        return True
    return (row.mtime_ns is not None and row.mtime_ns != seen.mtime_ns) or (row.size is not None and row.size != seen.size)


def _tell(plan: _Plan) -> None:
    record: Registry = plan.record
    assert isinstance(record, Artifact)
    if record.kind and record.kind.startswith("__lignin"):
        return
    if plan.existing is not None:
        say("→", f"returning artifact with same content: {record.key or record.uid} ({record.uid})")
    elif not record.uid.endswith(FIRST_VERSION):
        say("→", f"created new version of {record.key or record.stem_uid!r}: {record.uid}")
