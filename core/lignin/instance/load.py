"""Read artifacts: never other bytes than those that were recorded."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.content import hash_path, look_at
from lignin.base.errors import BytesGone, ContentChanged, FormatError, UsageError
from lignin.base.settings import host_name
from lignin.formats import format_of_suffix
from lignin.formats.format import require
from lignin.instance.current_run import current_run_id
from lignin.instance.derive import derive_origins, derive_producers
from lignin.instance.insert import insert_ignore
from lignin.instance.save_artifact import OBJECTS
from lignin.model import Artifact, ArtifactState, Collection, Run, Storage, run_input, run_output
from lignin.storage import as_path

if TYPE_CHECKING:
    from upath import UPath

    from lignin.instance.instance import Instance

__all__ = ["cache", "load", "open_artifact", "path_of"]


def path_of(instance: Instance, artifact: Artifact) -> UPath:
    """Where an artifact's bytes lie, or lay."""
    draft = artifact.__dict__.get("_draft")
    if draft is not None:
        return _public(draft.source)
    return _public(as_path(_storage_of(instance, artifact).root, artifact.relpath))


def _public(path: Path | UPath) -> UPath:
    """A path as users get it: alike for every kind of storage."""
    found: UPath = import_module("upath").UPath(path)
    return found


def cache(instance: Instance, artifact: Artifact, *, is_run_input: bool | Run | None = None) -> Path:
    """A local path with an artifact's bytes; the place itself, for what is local."""
    path = _checked_path(instance, artifact)
    _note_input(instance, artifact, is_run_input=is_run_input)
    return path


def load(instance: Instance, record: Artifact | Collection, *, is_run_input: bool | Run | None = None, **options: Any) -> Any:
    """An artifact in memory; a collection's members joined."""
    if isinstance(record, Collection):
        return _load_collection(instance, record, is_run_input=is_run_input, **options)
    path = cache(instance, record, is_run_input=is_run_input)
    known = format_of_suffix(record.suffix, otype=record.otype)
    if known is None or (path.is_dir() and not record.suffix):
        return path
    try:
        return known.load(path, **options)
    except (OSError, ValueError, KeyError) as e:
        what = f"{record.key or record.uid} ({record.uid})"
        raise FormatError(f"{what} can't be read as {record.otype or record.suffix}: {_first_line(e)}. Its bytes are at {path}") from e


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def open_artifact(instance: Instance, artifact: Artifact, *, mode: str = "r", is_run_input: bool | Run | None = None, **options: Any) -> Any:
    """An artifact without loading it."""
    if mode not in {"r", "rb"}:
        raise UsageError(f"an artifact is opened for reading, not in mode {mode!r}: its bytes are what its record says. Save a new version instead.")
    path = cache(instance, artifact, is_run_input=is_run_input)
    known = format_of_suffix(artifact.suffix, otype=artifact.otype)
    if known is not None:
        return known.open(path, mode=mode, **options)
    return path if path.is_dir() else path.open("rb" if mode == "r" else mode, **options)


def _storage_of(instance: Instance, artifact: Artifact) -> Storage:
    default = instance.storage
    if artifact.storage_id == default.id:
        return default
    storage = artifact.storage
    assert isinstance(storage, Storage)
    return storage


def _checked_path(instance: Instance, artifact: Artifact) -> Path:
    if artifact.id is None:
        return Path(path_of(instance, artifact).path)
    name = artifact.key or artifact.uid
    storage = _storage_of(instance, artifact)
    place = as_path(storage.root, artifact.relpath)
    if "://" in storage.root:
        raise UsageError(f"{name} lies at {place}; this version of Lignin reads local disks only")
    path = Path(str(place))
    if storage.host and storage.host != host_name():
        raise BytesGone(f"{name} lies on the machine {storage.host} at {path}; read it there")
    # The state may have moved since this record was loaded: another version may lie there now.
    with instance.database.reading() as session:
        state = session.scalar(select(Artifact.state).where(Artifact.id == artifact.id))
    if state is None:
        raise BytesGone(f"{name} ({artifact.uid}) was deleted")
    if state == ArtifactState.GONE:
        raise BytesGone(f"the bytes of {name} ({artifact.uid}) are gone: {path} was overwritten or deleted since. Its record stays; see artifact.versions")
    if not path.exists():
        raise BytesGone(f"the bytes of {name} ({artifact.uid}) are gone: there is nothing at {path}")
    if not artifact.relpath.startswith(f"{OBJECTS}/"):
        _check_in_place(artifact, path, name)
    elif artifact.n_files is None and path.stat().st_size != artifact.size:
        raise ContentChanged(f"{path} has {path.stat().st_size} bytes, not the {artifact.size} of {name} ({artifact.uid}): somebody changed the stored file")
    return path


def _check_in_place(artifact: Artifact, path: Path, name: str) -> None:
    """A file that others can write: the time tells whether to read it again."""
    if artifact.hash is None:
        raise ContentChanged(f"{name} ({artifact.uid}) was never read, so nobody knows whether {path} still holds it. Save it to record what is there now.")
    seen = look_at(path)
    if seen.size == artifact.size and seen.mtime_ns == artifact.mtime_ns:
        return
    if artifact.hash.startswith("b3") and hash_path(path).id != artifact.hash:
        raise ContentChanged(f"{path} no longer holds {name} ({artifact.uid}): it was overwritten since. Save it to record the new version.")


def _note_input(instance: Instance, artifact: Artifact, *, is_run_input: bool | Run | None) -> None:
    if is_run_input is False or artifact.id is None:
        return
    run_id = is_run_input.id if isinstance(is_run_input, Run) else current_run_id(instance)
    if run_id is None or run_id == artifact.run_id:
        return
    instance.database.transact(lambda session: _claim_input(session, run_id, artifact))


def _claim_input(session: Session, run_id: int, artifact: Artifact) -> None:
    artifact_id, content = artifact.id, artifact.hash
    # What a run wrote it may read again; that makes it no input of its own.
    own = select(run_output.c.run_id).where(run_output.c.run_id == run_id, run_output.c.artifact_id == artifact_id)
    if session.execute(own).first() is None:
        insert_ignore(session, run_input, [{"run_id": run_id, "artifact_id": artifact_id, "role": ""}])
        made = derive_producers(session, [artifact_id]).get(artifact_id)
        if content is not None and (made is None or made != artifact.run_id):
            # When a file without a maker was first used bears on where it may have come from.
            derive_origins(session, [content])


def _load_collection(instance: Instance, collection: Collection, *, is_run_input: bool | Run | None, join: str = "outer", **options: Any) -> Any:
    members = collection.ordered_artifacts
    parts = [load(instance, artifact, is_run_input=is_run_input, **options) for artifact in members]
    kinds = {type(part).__name__ for part in parts}
    if kinds == {"DataFrame"}:
        return require("pandas", extra="pandas").concat(parts, join=join, ignore_index=True)
    if kinds == {"AnnData"}:
        keys = [artifact.uid for artifact in members]
        return require("anndata", extra="anndata").concat(parts, join=join, label="artifact_uid", keys=keys)
    raise FormatError(f"a collection loads as one object when all members are frames or all are AnnData, not {', '.join(sorted(kinds))}")
