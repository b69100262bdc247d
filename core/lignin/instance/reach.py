"""Get at an artifact's bytes: never others than those that were recorded."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from lignin.base.content import hash_path, look_at
from lignin.base.errors import BytesGone, ContentChanged, StorageError
from lignin.base.settings import host_name
from lignin.instance.construct import draft_of
from lignin.instance.locate import locate
from lignin.instance.remote_source import RemoteSource
from lignin.instance.retained import retained
from lignin.instance.save_artifact import OBJECTS
from lignin.model import Artifact, ArtifactState, Storage
from lignin.storage import Seen, Wanted, cached, look

if TYPE_CHECKING:
    from upath import UPath

    from lignin.instance.instance import Instance

__all__ = ["is_as_recorded", "path_of", "reach", "reach_there"]

_ONE_MOMENT = 2.0


def path_of(instance: Instance, artifact: Artifact) -> UPath:
    """Where an artifact's bytes lie, or lay."""
    found: UPath = import_module("upath").UPath(_place_of(instance, artifact))
    return found


def _place_of(instance: Instance, artifact: Artifact) -> Path | UPath:
    draft = draft_of(artifact)
    if draft is None:
        return cast("Path | UPath", locate(_storage_of(instance, artifact), artifact.relpath))
    return cast("UPath", draft.source.root.path()) if isinstance(draft.source, RemoteSource) else draft.source


def reach(instance: Instance, artifact: Artifact, *, verify: bool = False) -> Path:
    """A local path with an artifact's bytes: the place itself for what is local, else a copy in the cache.

    Args:
        instance: whose artifact it is.
        artifact: which.
        verify: read every byte, and compare.
    """
    try:
        return _reach(instance, artifact, verify=verify)
    except (BytesGone, ContentChanged):
        # Of what was overwritten, a policy may have kept the bytes; others may have written through the link.
        kept = None if artifact.id is None else retained(instance, artifact)
        if kept is None or hash_path(kept).id != artifact.hash:
            raise
        return kept


def _reach(instance: Instance, artifact: Artifact, *, verify: bool) -> Path:
    if artifact.id is not None:
        _follow(instance, artifact)
    place = _place_of(instance, artifact)
    if not isinstance(place, Path):
        return _copy(artifact, place, verify=verify)
    if artifact.id is not None:
        _check(artifact, place)
    if verify:
        _verify(artifact, place)
    return place


def reach_there(instance: Instance, artifact: Artifact) -> UPath | None:
    """The place on S3, where the store says that it holds what was recorded; `None` where a copy has to be compared."""
    if artifact.id is None:
        return None
    _follow(instance, artifact)
    place = _place_of(instance, artifact)
    if isinstance(place, Path) or place.protocol in {"http", "https"}:
        # What a web server gives piece by piece may change between the pieces, so that a copy is compared and opened.
        return None
    seen = look(place)
    if seen is None:
        raise BytesGone(f"the bytes of {_name(artifact)} are gone: there is nothing at {place}")
    if seen.size != artifact.size or artifact.hash is None:
        return None
    is_same = artifact.relpath.startswith(f"{OBJECTS}/") or artifact.hash.partition(":")[2] == seen.etag or _is_of_then(artifact, seen)
    return place if is_same else None


def _is_of_then(artifact: Artifact, seen: Seen) -> bool:
    """Whether an object's time says that it is the one that was read; it says nothing of what was read within the same second."""
    if not (artifact.hash or "").startswith("b3") or seen.mtime_ns != artifact.mtime_ns:
        return False
    return artifact.created_at.timestamp() - seen.mtime_ns / 1e9 > _ONE_MOMENT


def _storage_of(instance: Instance, artifact: Artifact) -> Storage:
    default = instance.storage
    if artifact.storage_id == default.id:
        return default
    storage = artifact.storage
    assert isinstance(storage, Storage)
    return storage


def _name(artifact: Artifact) -> str:
    return f"{artifact.key or artifact.uid} ({artifact.uid})"


def _follow(instance: Instance, artifact: Artifact) -> None:
    """Where an artifact's bytes lie now, since they may have moved, or another version may lie there, since this record was loaded."""
    placed = select(Artifact.state, Artifact.storage_id, Artifact.relpath, Artifact.mtime_ns).where(Artifact.id == artifact.id)
    row = instance.database.read(lambda session: session.execute(placed).one_or_none())
    if row is None:
        raise BytesGone(f"{_name(artifact)} was deleted")
    if (row.storage_id, row.relpath) != (artifact.storage_id, artifact.relpath):
        for name in ("storage_id", "relpath", "mtime_ns"):
            set_committed_value(artifact, name, getattr(row, name))
    storage = _storage_of(instance, artifact)
    place = locate(storage, artifact.relpath)
    if storage.type == "local" and storage.host and storage.host != host_name():
        raise BytesGone(f"{artifact.key or artifact.uid} lies on the machine {storage.host} at {place}; read it there")
    if row.state == ArtifactState.GONE:
        raise BytesGone(f"the bytes of {_name(artifact)} are gone: {place} was overwritten or deleted since. Its record stays; see artifact.versions")


def _copy(artifact: Artifact, place: UPath, *, verify: bool) -> Path:
    """The copy in the cache of what lies elsewhere."""
    if artifact.hash is None:
        raise _never_read(artifact, place)
    wanted = Wanted(content=artifact.hash, size=artifact.size, suffix=artifact.suffix)
    try:
        return cached(place, wanted, verify=verify)
    except StorageError as e:
        # A store that does not answer says nothing of what it holds, and would be waited for twice.
        if (isinstance(e, ContentChanged) or isinstance(e.__cause__, FileNotFoundError)) and look(place) is None:
            raise BytesGone(f"the bytes of {_name(artifact)} are gone: there is nothing at {place}") from e
        raise


def is_as_recorded(artifact: Artifact, place: Path | UPath) -> bool:
    """Whether what lies in place is still what was recorded."""
    seen = look(place)
    if seen is None or seen.size != artifact.size:
        return False
    if isinstance(place, Path):
        return hash_path(place).id == artifact.hash
    return seen.mtime_ns == artifact.mtime_ns or (artifact.hash or "").partition(":")[2] == seen.etag


def _check(artifact: Artifact, path: Path) -> None:
    """What lies on this machine: its size, or its time, tells whether to read it again."""
    if not path.exists():
        raise BytesGone(f"the bytes of {_name(artifact)} are gone: there is nothing at {path}")
    if not artifact.relpath.startswith(f"{OBJECTS}/"):
        _check_in_place(artifact, path)
    elif artifact.n_files is None and path.stat().st_size != artifact.size:
        raise ContentChanged(f"{path} has {path.stat().st_size} bytes, not the {artifact.size} of {_name(artifact)}: somebody changed the stored file")


def _check_in_place(artifact: Artifact, path: Path) -> None:
    """A file that others can write: the time tells whether to read it again."""
    if artifact.hash is None:
        raise _never_read(artifact, path)
    seen = look_at(path)
    if seen.size == artifact.size and seen.mtime_ns == artifact.mtime_ns:
        return
    _verify(artifact, path)


def _verify(artifact: Artifact, path: Path) -> None:
    if artifact.hash and artifact.hash.startswith("b3") and hash_path(path).id != artifact.hash:
        why = "it was overwritten since" if artifact.mtime_ns is not None else "somebody changed the stored file"
        raise ContentChanged(f"{path} no longer holds {_name(artifact)}: {why}. Save it to record the new version.")


def _never_read(artifact: Artifact, place: UPath | Path) -> ContentChanged:
    return ContentChanged(f"{_name(artifact)} was never read, so nobody knows whether {place} still holds it. Save it to record what is there now.")
