"""Artifacts from the files that a story's runs claim to have read and written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from lignin.base.clock import now
from lignin.base.ids import FIRST_VERSION, new_uid, next_version
from lignin.formats import format_of_suffix
from lignin.instance.insert import insert_ignore
from lignin.instance.places import Place, find_places
from lignin.model import Artifact, ArtifactState, run_input, run_output
from lignin.recording import Claim, FileRef, RefState, RunKey, local_path
from lignin.storage import suffix_of

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Touched", "write_files"]

_CHUNK = 500
_INSERT = insert(cast(Table, Artifact.__table__))


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What the derivations have to look at again."""

    families: Collection[str]
    artifact_ids: Collection[int]


@dataclass(slots=True, kw_only=True, eq=False)
class _Version:
    """A version of a file's family: a row that is there, or is about to be."""

    id: int | None
    uid: str
    hash: str | None
    size: int | None
    mtime_ns: int | None
    state: str
    place: Place | None = None
    ref: FileRef | None = None
    changed: bool = False


@dataclass(slots=True, kw_only=True)
class _Book:
    """All versions of the families at hand, and what is to be written."""

    versions: dict[str, list[_Version]] = field(default_factory=dict)
    merged: list[tuple[_Version, _Version]] = field(default_factory=list)


def write_files(instance: Instance, session: Session, claims: Sequence[Claim], ids: Mapping[RunKey, int]) -> Touched:
    """Bring the files of all claims into the catalogue as artifacts, and the claims as edges."""
    known = [claim for claim in claims if claim.run in ids]
    places = find_places(instance, session, (claim.ref for claim in known))
    families = {place.family for place in places.values()}
    instance.database.lock(session, *families)
    book = _load(session, families)
    # Contents first: a sighting without one may be of the same file.
    ordered = sorted({claim.ref for claim in known}, key=lambda ref: (ref.content_id is None, ref.mtime_ns or 0, ref.content_id or "", ref.uri))
    found = {ref: _resolve(book, places[ref.uri, ref.host, ref.key], ref) for ref in ordered}
    _write(instance, session, book)
    edges = [(claim, found[claim.ref].id) for claim in known]
    for table, written in ((run_input, False), (run_output, True)):
        rows = [
            {"run_id": ids[claim.run], "artifact_id": artifact_id, "role": claim.role[:255]}
            for claim, artifact_id in edges
            if claim.written is written
        ]
        insert_ignore(session, table, rows)
    return Touched(families=families, artifact_ids={artifact_id for _, artifact_id in edges if artifact_id is not None})


def _load(session: Session, families: Collection[str]) -> _Book:
    book, listed = _Book(), sorted(families)
    columns = (Artifact.family, Artifact.id, Artifact.uid, Artifact.hash, Artifact.size, Artifact.mtime_ns, Artifact.state, Artifact.branch_id)
    for begin in range(0, len(listed), _CHUNK):
        for row in session.execute(select(*columns).where(Artifact.family.in_(listed[begin : begin + _CHUNK]))):
            version = _Version(id=row.id, uid=row.uid, hash=row.hash, size=row.size, mtime_ns=row.mtime_ns, state=row.state)
            book.versions.setdefault(str(row.family), []).append(version)
    return book


def _resolve(book: _Book, place: Place, ref: FileRef) -> _Version:
    """The version that a sighting is of."""
    versions = book.versions.setdefault(place.family, [])
    unread = next((v for v in versions if v.hash is None and (v.size, v.mtime_ns) == (ref.size, ref.mtime_ns)), None)
    if ref.content_id is None:
        seen = next((v for v in versions if v.hash is not None and ref.size is not None and (v.size, v.mtime_ns) == (ref.size, ref.mtime_ns)), None)
        return seen or unread or _add(versions, place, ref)
    same = next((v for v in versions if v.hash == ref.content_id), None)
    if same is None and unread is None:
        return _add(versions, place, ref)
    if same is None:
        assert unread is not None
        unread.hash, unread.ref, unread.changed, unread.state = ref.content_id, ref, True, _state_of(ref)
        return unread
    if unread is not None:
        book.merged.append((unread, same))
        versions.remove(unread)
    if (ref.mtime_ns or 0) > (same.mtime_ns or 0):
        same.mtime_ns, same.changed, same.state = ref.mtime_ns, True, _state_of(ref)
    return same


def _add(versions: list[_Version], place: Place, ref: FileRef) -> _Version:
    uid = next_version(max(v.uid for v in versions)) if versions else new_uid(Artifact.uid_length) + FIRST_VERSION
    version = _Version(id=None, uid=uid, hash=ref.content_id, size=ref.size, mtime_ns=ref.mtime_ns, state=_state_of(ref), place=place, ref=ref)
    versions.append(version)
    return version


def _state_of(ref: FileRef) -> str:
    if ref.state is RefState.MISSING or (ref.state is RefState.TEMPORARY and _is_deleted(ref)):
        return ArtifactState.GONE.value
    if ref.state is RefState.CHANGED:
        return ArtifactState.CHANGED.value
    return ArtifactState.STORED.value if ref.content_id else ArtifactState.UNHASHED.value


def _is_deleted(ref: FileRef) -> bool:
    path = local_path(ref)
    return path is not None and not path.exists()


def _write(instance: Instance, session: Session, book: _Book) -> None:
    every = [version for versions in book.versions.values() for version in versions]
    new = [version for version in every if version.id is None]
    if new:
        moment = now()
        session.execute(_INSERT, [_row(instance, version, moment) for version in new])
        by_uid = {version.uid: version for version in new}
        listed = list(by_uid)
        for begin in range(0, len(listed), _CHUNK):
            for row_id, uid in session.execute(select(Artifact.id, Artifact.uid).where(Artifact.uid.in_(listed[begin : begin + _CHUNK]))):
                by_uid[uid].id = row_id
    changed = [version for version in every if version.changed and version.id is not None]
    if changed:
        table: Any = Artifact.__table__
        statement = update(table).where(table.c.id == bindparam("row"))
        statement = statement.values({name: bindparam(f"new_{name}") for name in ("hash", "mtime_ns", "state", "n_files")})
        session.execute(
            statement,
            [
                {"row": v.id, "new_hash": v.hash, "new_mtime_ns": v.mtime_ns, "new_state": v.state, "new_n_files": v.ref.n_files if v.ref else None}
                for v in changed
            ],
        )
    for unread, same in book.merged:
        _merge(session, unread, same)


def _row(instance: Instance, version: _Version, moment: datetime) -> dict[str, Any]:
    place, ref = version.place, version.ref
    assert place is not None
    assert ref is not None
    is_folder = ref.n_files is not None
    suffix = suffix_of(place.key) if not is_folder or place.key.endswith(".zarr") else ""
    known = format_of_suffix(suffix)
    return {
        "uid": version.uid,
        "key": place.key,
        "family": place.family,
        "suffix": suffix,
        "otype": known.otype if known else None,
        "size": version.size,
        "hash": version.hash,
        "n_files": ref.n_files,
        "storage_id": place.storage_id,
        "relpath": place.relpath,
        "mtime_ns": version.mtime_ns,
        "state": version.state,
        "is_latest": False,
        "created_at": moment,
        "is_locked": False,
        "created_by_id": instance.user_id,
        "branch_id": instance.branch_id,
        "created_on_id": instance.branch_id,
        "space_id": instance.space_id,
    }


def _merge(session: Session, unread: _Version, same: _Version) -> None:
    """A version that was seen before it was read turned out to be one that is there."""
    if unread.id is None or same.id is None:
        return
    for table in (run_input, run_output):
        rows = session.execute(select(table.c.run_id, table.c.role).where(table.c.artifact_id == unread.id)).all()
        insert_ignore(session, table, [{"run_id": run_id, "artifact_id": same.id, "role": role} for run_id, role in rows])
    session.execute(delete(Artifact).where(Artifact.id == unread.id))


