"""Storage locations as this machine sees them, and the place to which strays are moved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from lignin.base.ids import new_uid
from lignin.base.settings import host_name
from lignin.instance.fsck.report import Finding, Kind
from lignin.instance.save_artifact import OBJECTS
from lignin.model import Artifact, ArtifactState, Storage

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["LOST", "Root", "find_unreachable", "is_object", "is_object_name", "kept_aside", "seen_roots", "set_aside"]

LOST = "lost+found"
_OBJECT = re.compile(r"[0-9a-f]{62}(\.[^/]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A storage root that can be looked at from here.

    Attributes:
        path: where it is.
        is_managed: whether Lignin writes below it.
        storage_ids: all records of storage locations with this root.
        homes: the folders below it in which this instance keeps stored bytes; others may keep theirs beside.
    """

    path: Path
    is_managed: bool
    storage_ids: tuple[int, ...]
    homes: tuple[str, ...]


def is_object(relpath: str) -> bool:
    """Whether this is a place that Lignin writes to, and nobody else."""
    return relpath.startswith(f"{OBJECTS}/")


def seen_roots(instance: Instance) -> Mapping[int, Root]:
    """The local roots of this machine that are there, by the id of each storage location."""
    with instance.database.reading() as session:
        storages = list(session.scalars(select(Storage)))
    local = [s for s in storages if "://" not in s.root and s.host in {"", host_name()}]
    found: dict[int, Root] = {}
    for storage in local:
        alike = [s for s in storages if s.root == storage.root]
        root = Root(
            path=Path(storage.root),
            is_managed=any(s.role == "managed" for s in alike),
            storage_ids=tuple(s.id for s in alike),
            homes=tuple(sorted({_home(instance, s) for s in alike if s.role == "managed"})),
        )
        if _is_there(instance, root):
            found[storage.id] = root
    return found


def find_unreachable(instance: Instance, roots: Mapping[int, Root]) -> Iterator[Finding]:
    """Local roots of this machine that should hold stored bytes and are not there: a disk that is not mounted, say."""
    with instance.database.reading() as session:
        holds = exists().where(Artifact.storage_id == Storage.id, Artifact.state == ArtifactState.STORED.value)
        storages = session.scalars(select(Storage).where(holds).order_by(Storage.id)).all()
    for storage in storages:
        if "://" not in storage.root and storage.host in {"", host_name()} and storage.id not in roots:
            problem = "it is not there, or holds nothing that Lignin put there. Mount it, or bring it back; nothing was concluded about its artifacts"
            yield Finding(kind=Kind.UNREACHABLE, subject=storage.root, problem=problem, repairable=False)


def set_aside(root: Path, relpath: str) -> Path:
    """Move something below a root's `.lignin` to `lost+found` there, under a name of its own; nothing is deleted.

    Raises:
        FileNotFoundError: it is there no more.
        OSError: it can't be moved.
    """
    place = root / OBJECTS / LOST / relpath.removeprefix(f"{OBJECTS}/")
    place.parent.mkdir(parents=True, exist_ok=True)
    target = place.with_name(f"{place.name}~{new_uid(6)}")
    (root / relpath).rename(target)
    return target


def kept_aside(root: Path, relpath: str) -> Iterator[Path]:
    """What was moved to `lost+found` from this place."""
    place = root / OBJECTS / LOST / relpath.removeprefix(f"{OBJECTS}/")
    with suppress(OSError):
        yield from sorted(path for path in place.parent.iterdir() if path.name.rpartition("~")[0] == place.name)


def _home(instance: Instance, storage: Storage) -> str:
    """Where `save` puts bytes: outside of the instance's folder, apart from those of other instances."""
    is_own = Path(storage.root).is_relative_to(instance.config.folder)
    return OBJECTS if is_own else f"{OBJECTS}/{storage.instance_uid}"


def _is_there(instance: Instance, root: Root) -> bool:
    """Whether a root is what it was: an empty mount point is not."""
    try:
        if not root.path.is_dir():
            return False
        if not root.is_managed or (root.path / OBJECTS).is_dir():
            return True
    except OSError:
        return False
    objects = select(Artifact.id).where(
        Artifact.storage_id.in_(root.storage_ids), Artifact.relpath.startswith(f"{OBJECTS}/"), Artifact.state == ArtifactState.STORED.value
    )
    with instance.database.reading() as session:
        return session.scalars(objects.limit(1)).first() is None


def is_object_name(name: str) -> bool:
    """Whether a file or folder in `.lignin/xx/` is named as stored bytes are."""
    return _OBJECT.fullmatch(name) is not None
