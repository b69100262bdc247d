"""Storage locations as this machine sees them: folders on its disks, and buckets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select

from lignin.base.errors import LigninError
from lignin.base.settings import host_name
from lignin.instance.fsck.report import Finding, Kind
from lignin.instance.locate import home_of, root_of
from lignin.instance.save_artifact import OBJECTS
from lignin.model import Artifact, ArtifactState, Storage
from lignin.storage import Listing, list_below, look
from lignin.storage import Root as Where

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Root", "find_unreachable", "is_object", "is_object_name", "look_around"]

_OBJECT = re.compile(r"[0-9a-f]{62}(\.[^/]*)?")
_BUCKETS = {"s3", "gs"}
_NOTHING_THERE = "it is not there, or holds nothing that Lignin put there. Mount it, or bring it back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A storage root that can be looked at from here.

    Attributes:
        where: it is.
        is_managed: whether Lignin writes below it.
        storage_ids: all records of storage locations with this root.
        homes: the folders below it in which this instance keeps stored bytes; others may keep theirs beside.
        listing: of a bucket: what its homes held when the examination began.
    """

    where: Where
    is_managed: bool
    storage_ids: tuple[int, ...]
    homes: tuple[str, ...]
    listing: Listing | None = field(default=None, compare=False, repr=False)

    @property
    def path(self) -> Any:
        """Where it is: a `Path`, or a `UPath` in a bucket."""
        return self.where.path()


def is_object(relpath: str) -> bool:
    """Whether this is a place that Lignin writes to, and nobody else."""
    return relpath.startswith(f"{OBJECTS}/")


def look_around(instance: Instance) -> tuple[Mapping[int, Root], Mapping[str, str]]:
    """The roots that can be looked at from here, by the id of each storage location, and why others that hold stored bytes can't, by their names.

    Roots of other machines are neither, nor are web servers: nobody stores there.
    """
    with instance.database.reading() as session:
        storages = list(session.scalars(select(Storage).order_by(Storage.id)))
    found: dict[int, Root] = {}
    unseen: dict[str, str] = {}
    for storage in storages:
        where = root_of(storage)
        if where.kind not in _BUCKETS if where.is_remote else storage.host not in {"", host_name()}:
            continue
        alike = [s for s in storages if s.root == storage.root and (s.host == storage.host or not where.is_remote)]
        held = next((found[s.id] for s in alike if s.id in found), None)
        root = held or Root(
            where=where,
            is_managed=any(s.role == "managed" for s in alike),
            storage_ids=tuple(s.id for s in alike),
            homes=tuple(sorted({home_of(instance, s) for s in alike if s.role == "managed"})),
        )
        try:
            seen = held or _see(instance, root)
            problem = _NOTHING_THERE
        except LigninError as e:
            seen, problem = None, str(e)
        if seen is not None:
            found[storage.id] = seen
        elif _holds(instance, storage):
            unseen[where.text] = problem
    return found, unseen


def find_unreachable(unseen: Mapping[str, str]) -> Iterator[Finding]:
    """Roots that should hold stored bytes and can't be looked at: a disk that is not mounted, a server that does not answer."""
    for name, problem in unseen.items():
        yield Finding(kind=Kind.UNREACHABLE, subject=name, problem=f"{problem}; nothing was concluded about its artifacts", repairable=False)


def _see(instance: Instance, root: Root) -> Root | None:
    """The root, if it is what it was: an empty mount point is not, nor an empty bucket of that name on another server."""
    if not root.where.is_remote:
        return root if _is_there(instance, root) else None
    if not root.is_managed:
        # A bucket of somebody else may be large, and may be closed to lists: one object tells whether it answers.
        with instance.database.reading() as session:
            mine = select(Artifact.relpath).where(Artifact.storage_id.in_(root.storage_ids), Artifact.state != ArtifactState.GONE.value)
            relpath = session.scalars(mine.limit(1)).first()
        if relpath is not None:
            look(root.where.path(relpath))
        return root
    listing = _list_homes(root)
    # Whatever was there may have been deleted; then at least `lost+found` or another instance's objects tell whose place this is.
    is_empty = not listing.names and look(root.where.path(OBJECTS)) is None
    if is_empty and _stored_in(instance, root.storage_ids, objects=True):
        return None
    return Root(where=root.where, is_managed=True, storage_ids=root.storage_ids, homes=root.homes, listing=listing)


def _list_homes(root: Root) -> Listing:
    objects = {f"{home}/{name}": seen for home in root.homes for name, seen in list_below(root.where.path(home)).objects.items()}
    return Listing(names=tuple(sorted(objects)), objects=objects)


def _holds(instance: Instance, storage: Storage) -> bool:
    return _stored_in(instance, [storage.id], objects=False)


def _stored_in(instance: Instance, storage_ids: Sequence[int], *, objects: bool) -> bool:
    """Whether stored bytes are recorded there; `objects`, such as Lignin keeps itself."""
    mine = select(Artifact.id).where(Artifact.storage_id.in_(storage_ids), Artifact.state == ArtifactState.STORED.value)
    if objects:
        mine = mine.where(Artifact.relpath.startswith(f"{OBJECTS}/"))
    with instance.database.reading() as session:
        return bool(session.scalar(select(exists(mine))))


def _is_there(instance: Instance, root: Root) -> bool:
    path: Path = root.path
    try:
        if not path.is_dir():
            return False
        if not root.is_managed or (path / OBJECTS).is_dir():
            return True
    except OSError:
        return False
    return not _stored_in(instance, root.storage_ids, objects=True)


def is_object_name(name: str) -> bool:
    """Whether a file or folder in `.lignin/xx/` is named as stored bytes are."""
    return _OBJECT.fullmatch(name) is not None
