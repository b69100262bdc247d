"""Artifacts from the files that a story's runs claim to have read and written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from lignin.formats import format_of_suffix
from lignin.instance.deletions import next_uid, note_deletion, retired_uids
from lignin.instance.insert import insert_ignore, insert_many
from lignin.instance.notes import hand_notes_over
from lignin.instance.places import Place, find_places
from lignin.instance.rows import owned_fields, reserve_ids
from lignin.model import LINKS, Artifact, ArtifactState, run_input, run_output, sighting
from lignin.recording import Claim, FileRef, RefState, RunKey, local_path
from lignin.storage import suffix_there

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Touched", "write_files"]

_CHUNK = 500
_TABLE = cast(Table, Artifact.__table__)
_LINKED = [table for table in LINKS if "artifact_id" in table.c]
# Asked for each file; looking up an enum's value takes longer than the rest.
_STORED, _UNHASHED, _CHANGED, _GONE = (state.value for state in (ArtifactState.STORED, ArtifactState.UNHASHED, ArtifactState.CHANGED, ArtifactState.GONE))
# Of two words on one version at one time, the one that knows of the worse.
_SEVERITY = {state.value: place for place, state in enumerate(ArtifactState(s) for s in ("saving", "stored", "unhashed", "changed", "gone"))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What the derivations have to look at again.

    Attributes:
        families: those of more than one version, and those that were there before.
        artifact_ids: whose producer may be another than its row says.
        hashes: the contents at hand of all that was touched.
    """

    families: Collection[str]
    artifact_ids: Collection[int]
    hashes: Collection[str]


@dataclass(slots=True, kw_only=True, eq=False)
class _Version:
    """A version of a file's family: a row that is there, or is about to be.

    `mtime_ns` is the last time at which the file held it, `times` all of them, `held` the earlier
    ones that the database knows. Of a new version, `run_id` is its producer where that is plain,
    and `is_only` says that its family has no other.
    """

    id: int | None
    uid: str
    hash: str | None
    size: int | None
    mtime_ns: int | None
    state: str
    n_files: int | None
    suffix: str
    otype: str | None
    place: Place | None = None
    run_id: int | None = None
    is_only: bool = False
    changed: bool = False
    is_trashed: bool = False
    times: set[int | None] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    is_merged: bool = False

    def is_of(self, ref: FileRef) -> bool:
        """Whether a sighting, by size and time, is of this version."""
        return self.size == ref.size and (ref.mtime_ns == self.mtime_ns or ref.mtime_ns in self.times)

    def tell(self, ref: FileRef, place: Place) -> None:
        """Take in a sighting with the content of this version."""
        state = _state_of(ref)
        if self.hash is None and self.state == ArtifactState.GONE:
            state = self.state
        if self.hash is None or _time(ref.mtime_ns) > _time(self.mtime_ns):
            self.hash, self.mtime_ns, self.state, self.changed = ref.content_id, ref.mtime_ns, state, True
        elif ref.mtime_ns == self.mtime_ns and _SEVERITY[state] > _SEVERITY[self.state]:
            self.state, self.changed = state, True
        if self.n_files is None and ref.n_files is not None:
            self.n_files, self.changed = ref.n_files, True
            self.suffix, self.otype = _kind_of(place, ref.n_files)
        self.times.add(ref.mtime_ns)

    def lose(self, state: str, mtime_ns: int | None) -> None:
        """Take in a word on this version by somebody who had not read it; of a read one it counts if it is gone."""
        counts = self.hash is None or state == ArtifactState.GONE
        if counts and mtime_ns == self.mtime_ns and _SEVERITY[state] > _SEVERITY[self.state]:
            self.state, self.changed = state, True


@dataclass(slots=True, kw_only=True)
class _Book:
    """All versions of the families at hand, and what is to be written."""

    versions: dict[str, list[_Version]] = field(default_factory=dict)
    retired: Mapping[str, str] = field(default_factory=dict)
    merged: list[tuple[_Version, _Version]] = field(default_factory=list)


def write_files(instance: Instance, session: Session, claims: Sequence[Claim], ids: Mapping[RunKey, int]) -> Touched:
    """Bring the files of all claims into the catalogue as artifacts, and the claims as edges."""
    known = [(claim, run_id) for claim in claims if (run_id := ids.get(claim.run)) is not None]
    refs = dict.fromkeys(claim.ref for claim, _ in known)
    places = find_places(instance, session, refs)
    families = {place.family for place in places.values()}
    instance.database.lock(session, *families)
    book = _load(session, families)
    # In the order in which runs speak of them, so that their rows and edges lie as they are written.
    for place in places.values():
        book.versions.setdefault(place.family, [])
    # Contents first: a sighting without one may be of the same file.
    ordered = sorted(refs, key=lambda ref: (ref.content_id is None, ref.mtime_ns or 0, ref.content_id or "", ref.uri))
    found = {ref: _resolve(book, places[ref.uri, ref.host, ref.key], ref) for ref in ordered}
    edges = [(claim, run_id, found[claim.ref]) for claim, run_id in known]
    plain = _settle(book, edges)
    _write(instance, session, book)
    for table, written in ((run_input, False), (run_output, True)):
        rows = [{"run_id": run_id, "artifact_id": version.id, "role": claim.role[:255]} for claim, run_id, version in edges if claim.written is written]
        insert_ignore(session, table, rows)
    return Touched(
        families=families - {version.place.family for version in plain if version.is_only and version.place},
        artifact_ids={version.id for _, _, version in edges if version.id is not None and version not in plain},
        hashes={version.hash for _, _, version in edges if version.hash is not None},
    )


def _settle(book: _Book, edges: Iterable[tuple[Claim, int, _Version]]) -> Collection[_Version]:
    """Say of new versions what follows from the claims at hand alone, which are all that there are of them.

    Returns those whose producer is plain: written by one run at most, so that neither parents nor
    times bear on it.
    """
    writers: dict[_Version, set[int]] = defaultdict(set)
    readers: dict[_Version, set[int]] = defaultdict(set)
    for claim, run_id, version in edges:
        (writers if claim.written else readers)[version].add(run_id)
    merged = {version for pair in book.merged for version in pair}
    plain = set()
    for versions in book.versions.values():
        for version in versions:
            if version.id is None and version not in merged and len(writers[version]) <= 1:
                version.run_id = next(iter(writers[version] - readers[version]), None)
                version.is_only = len(versions) == 1
                plain.add(version)
    return plain


def _load(session: Session, families: Collection[str]) -> _Book:
    book, listed = _Book(), sorted(families)
    names = ("id", "uid", "hash", "size", "mtime_ns", "state", "n_files", "suffix", "otype")
    columns = [getattr(Artifact, name) for name in names]
    by_id: dict[int, _Version] = {}
    for begin in range(0, len(listed), _CHUNK):
        rows = select(Artifact.family, Artifact.branch_id, *columns).where(Artifact.family.in_(listed[begin : begin + _CHUNK])).order_by(Artifact.id)
        for family, branch_id, *values in session.execute(rows):
            version = _Version(**dict(zip(names, values, strict=True)), is_trashed=branch_id <= 0)
            version.times.add(version.mtime_ns)
            book.versions.setdefault(str(family), []).append(version)
            by_id[values[0]] = version
    book.retired = retired_uids(session, Artifact, (version.uid for version in by_id.values()))
    ids = list(by_id)
    for begin in range(0, len(ids), _CHUNK):
        for artifact_id, mtime_ns in session.execute(select(sighting).where(sighting.c.artifact_id.in_(ids[begin : begin + _CHUNK]))):
            by_id[artifact_id].times.add(mtime_ns)
            by_id[artifact_id].held.add(mtime_ns)
    return book


def _resolve(book: _Book, place: Place, ref: FileRef) -> _Version:
    """The version that a sighting is of."""
    versions = book.versions.setdefault(place.family, [])
    if not versions:
        return _add(book, versions, place=place, ref=ref)
    unread = next((v for v in versions if v.hash is None and not v.is_merged and v.is_of(ref)), None)
    if ref.content_id is None:
        seen = next((v for v in versions if v.hash is not None and ref.size is not None and v.is_of(ref)), None)
        found = seen or unread or _add(book, versions, place=place, ref=ref)
        found.lose(_state_of(ref), ref.mtime_ns)
        return found
    if ref.size is None:
        # Without a size nothing says that they are the same.
        unread = None
    alike = [v for v in versions if v.hash == ref.content_id]
    # What was trashed stays so when it is told again; a file that was written anew is there anew.
    known = next((v for v in alike if v.is_of(ref)), None) or next((v for v in alike if not v.is_trashed), None)
    same = known or unread or _add(book, versions, place=place, ref=ref)
    same.tell(ref, place)
    if unread is not None and unread is not same:
        same.lose(unread.state, unread.mtime_ns)
        # It stays in the list until its row is gone, so that no other version gets its uid.
        unread.is_merged = True
        book.merged.append((unread, same))
    return same


def _add(book: _Book, versions: list[_Version], *, place: Place, ref: FileRef) -> _Version:
    uid = next_uid(Artifact, [v.uid for v in versions], book.retired)
    suffix, otype = _kind_of(place, ref.n_files)
    version = _Version(
        id=None,
        uid=uid,
        hash=ref.content_id,
        size=ref.size,
        mtime_ns=ref.mtime_ns,
        state=_state_of(ref),
        n_files=ref.n_files,
        suffix=suffix,
        otype=otype,
        place=place,
        times={ref.mtime_ns},
    )
    versions.append(version)
    return version


def _state_of(ref: FileRef) -> str:
    if ref.state is RefState.PRESENT:
        return _STORED if ref.content_id else _UNHASHED
    if ref.state is RefState.MISSING or (ref.state is RefState.TEMPORARY and _is_deleted(ref)):
        return _GONE
    if ref.state is RefState.CHANGED:
        return _CHANGED
    return _STORED if ref.content_id else _UNHASHED


def _is_deleted(ref: FileRef) -> bool:
    path = local_path(ref)
    return path is not None and not path.exists()


def _kind_of(place: Place, n_files: int | None) -> tuple[str, str | None]:
    """The suffix and otype of a file; a folder has some only where it is a store."""
    suffix = suffix_there(place.key, is_folder=n_files is not None)
    known = format_of_suffix(suffix)
    return suffix, known.otype if known else None


def _time(mtime_ns: int | None) -> int:
    return -(2**64) if mtime_ns is None else mtime_ns


def _write(instance: Instance, session: Session, book: _Book) -> None:
    every = [version for versions in book.versions.values() for version in versions if not version.is_merged]
    new = [version for version in every if version.id is None]
    fresh = set(new)
    if new:
        for version, row_id in zip(new, reserve_ids(session, Artifact, len(new)), strict=True):
            version.id = row_id
        insert_many(session, _TABLE, [_row(version) for version in new], shared=owned_fields(instance))
    changed = [version for version in every if version.changed and version not in fresh]
    if changed:
        statement = update(_TABLE).where(_TABLE.c.id == bindparam("row"))
        names = ("hash", "mtime_ns", "state", "n_files", "suffix", "otype")
        statement = statement.values({name: bindparam(f"new_{name}") for name in names})
        session.execute(statement, [{"row": v.id, **{f"new_{name}": getattr(v, name) for name in names}} for v in changed])
    earlier = [{"artifact_id": v.id, "mtime_ns": t} for v in every for t in v.times - v.held - {v.mtime_ns, None}]
    insert_ignore(session, sighting, earlier)
    for unread, same in book.merged:
        _merge(session, unread, same)


def _row(version: _Version) -> dict[str, Any]:
    place = version.place
    assert place is not None
    return {
        "id": version.id,
        "uid": version.uid,
        "key": place.key,
        "family": place.family,
        "suffix": version.suffix,
        "otype": version.otype,
        "size": version.size,
        "hash": version.hash,
        "n_files": version.n_files,
        "storage_id": place.storage_id,
        "relpath": place.relpath,
        "mtime_ns": version.mtime_ns,
        "state": version.state,
        "run_id": version.run_id,
        "is_latest": version.is_only,
    }


def _merge(session: Session, unread: _Version, same: _Version) -> None:
    """A version that was seen before it was read turned out to be one that is there."""
    if unread.id is None or same.id is None:
        return
    for table in _LINKED:
        mine = table.c.artifact_id == unread.id
        rows = session.execute(select(table).where(mine)).mappings().all()
        insert_ignore(session, table, [{**row, "artifact_id": same.id} for row in rows])
        session.execute(delete(table).where(mine))
    hand_notes_over(session, Artifact, unread.id, to=same.id)
    session.execute(delete(Artifact).where(Artifact.id == unread.id))
    note_deletion(session, Artifact, unread.uid, replaced_by=same.uid)


