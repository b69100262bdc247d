"""Inspect what a new record is made of, and fail early: nothing is stored here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.content import Content, hash_path, look_at
from lignin.base.errors import (
    ContentChanged,
    FormatError,
    InvalidKey,
    NotFound,
    StorageError,
    UsageError,
)
from lignin.base.ids import digest
from lignin.formats import format_of_object, format_of_suffix
from lignin.formats.known import count_in_memory
from lignin.instance.fields import check_fields, check_value, conceal
from lignin.instance.remote_source import RemoteSource, find_remote, inspect_remote
from lignin.model import TRASH, Artifact, Collection, Registry, Run, Storage
from lignin.storage import Root, check_key, suffix_of

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Draft", "check_draft", "construct", "draft_of", "members_hash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a new artifact is made of, between its construction and its save.

    Attributes:
        source: its bytes, on a local disk or where they lie on S3.
        content: what they were when they were inspected.
        mtime_ns: the source's time of last change then.
        owned: the source is ours (an object that was written out) and goes after the save.
        revises: the version that this one follows.
        storage: a storage location other than the default.
        run: the run that made it, where one was named.
    """

    source: Path | RemoteSource
    content: Content
    mtime_ns: int
    owned: tempfile.TemporaryDirectory[str] | None
    revises: Artifact | None
    storage: Storage | None
    run: Run | None


def construct(instance: Instance, record: Registry, data: Any, options: Mapping[str, Any]) -> None:
    """Fill a new record from what it is made of.

    Raises:
        LigninError: it can't be made of that; the message says why.
    """
    match record:
        case Artifact():
            _construct_artifact(instance, record, data, options)
        case Collection():
            _construct_collection(record, data, options)
        case _:
            raise UsageError(f"a {type(record).__name__} is made of its fields, not of {data!r}")


def draft_of(record: Registry) -> Draft | None:
    """The draft of an artifact that was not saved yet."""
    draft: Draft | None = record.__dict__.get("_draft")
    return draft


def check_draft(record: Artifact, draft: Draft) -> None:
    """Refuse an artifact that was changed since it was made of something, where that says what it is.

    Raises:
        UsageError: its content was set, or a field holds what it can't.
        InvalidKey: its new key can't be one.
    """
    told = {"hash": draft.content.id, "size": draft.content.size, "n_files": draft.content.n_files}
    for name, value in told.items():
        if getattr(record, name) != value:
            raise UsageError(f"Artifact.{name} follows from what was recorded and can't be set. Make an artifact of the content that you mean.")
    if record.key is not None:
        record.key = check_key(record.key)
        if record.n_files is None or record.suffix:
            _check_suffix(record.key, record.suffix)
    check_fields(record)
    conceal(record)


def _construct_artifact(instance: Instance, record: Artifact, data: Any, options: Mapping[str, Any]) -> None:
    revises = options["revises"]
    _check_revised(revises)
    key = options["key"] if options["key"] is not None or revises is None else revises.key
    if key is not None:
        key = check_key(key)
    for name in ("description", "kind", "version_tag"):
        if options[name] is not None:
            check_value(Artifact, name, options[name])
    format_options = options["format"] or {}
    given, owned = _as_source(instance, data, key=key, write=format_options.get("write") or {})
    try:
        source, content, mtime_ns = _inspect(instance, given, read=options.get("read"))
        suffix = suffix_of(source.name) if content.n_files is None or source.name.endswith(".zarr") else ""
        if content.n_files is None or suffix:
            _check_suffix(key, suffix)
        known = format_of_suffix(suffix, otype=format_options.get("otype"))
        record.key = key
        record.description = options["description"]
        record.kind = options["kind"]
        record.version_tag = options["version_tag"]
        record.suffix = suffix
        record.otype = format_options.get("otype") or (known.otype if known else None)
        record.size, record.hash, record.n_files = content.size, content.id, content.n_files
        if owned is not None:
            record.n_observations = count_in_memory(data)
        elif known and known.count and record.otype and format_options and isinstance(source, Path):
            record.n_observations = _count(known.count, source, record.otype)
    except BaseException:
        if owned is not None:
            owned.cleanup()
        raise
    record.__dict__["_draft"] = Draft(
        source=source,
        content=content,
        mtime_ns=mtime_ns,
        owned=owned,
        revises=revises,
        storage=_as_storage(options["storage"]),
        run=_as_run(options["run"]),
    )


def _as_source(instance: Instance, data: Any, *, key: str | None, write: Mapping[str, Any]) -> tuple[Path | Root, tempfile.TemporaryDirectory[str] | None]:
    if data is None:
        raise UsageError("an artifact is made of something: ln.Artifact(path, key=…), or Artifact.from_dataframe(df, key=…)")
    remote = find_remote(instance, data)
    if remote is not None:
        return remote, None
    if isinstance(data, str | os.PathLike):
        return _as_local_path(os.fspath(data)), None
    known, suffix, _ = format_of_object(data, suffix=suffix_of(key or ""))
    folder = tempfile.TemporaryDirectory(prefix="lignin-")
    path = Path(folder.name) / f"object{suffix}"
    try:
        assert known.write is not None
        known.write(data, path, **write)
    except BaseException:
        folder.cleanup()
        raise
    return path, folder


def _as_local_path(given: Any) -> Path:
    text = os.fsdecode(given)
    if not text or "\0" in text:
        raise UsageError(f"{text!r} is no path of a file or folder")
    if "://" in text:
        text = Root.parse(text).url
    return Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 - links stay as the user wrote them


def _refuse_storage(instance: Instance, source: Path) -> None:
    """A folder that holds a storage would be copied into itself, and would change with each save."""
    if not source.is_dir():
        return
    for storage in instance.managed_storages():
        if Path(storage.root).is_relative_to(source):
            raise UsageError(f"the folder {source} holds the storage {storage.root}, so it can't be saved as one artifact. Save the folders and files in it.")


def _count(count: Callable[[Path], int | None], source: Path, otype: str) -> int | None:
    try:
        return count(source)
    except (OSError, ValueError, KeyError) as e:
        raise FormatError(f"{source} can't be read as {otype}: {str(e).strip().partition(chr(10))[0]}") from e


def _inspect(instance: Instance, source: Path | Root, *, read: bool | None) -> tuple[Path | RemoteSource, Content, int]:
    """The source as it is now, its content, and its time of last change."""
    if isinstance(source, Root):
        remote, content = inspect_remote(source, read=read)
        return remote, content, remote.seen.mtime_ns
    _check_there(source)
    _refuse_storage(instance, source)
    content = _inspect_local(source)
    return source, content, look_at(source).mtime_ns


def _check_there(source: Path) -> None:
    try:
        is_there = source.exists()
    except OSError as e:
        raise StorageError(f"can't read {source}: {e.strerror or e}.") from e
    if not is_there:
        hint = " It is a link that leads nowhere." if source.is_symlink() else ""
        raise NotFound(f"there is nothing at {source}.{hint}")


def _inspect_local(source: Path) -> Content:
    try:
        before = look_at(source)
        content = hash_path(source)
        after = look_at(source)
    except OSError as e:
        raise StorageError(f"can't read {e.filename or source}: {e.strerror or e}. Check that it exists and may be read.") from e
    if after != before:
        raise ContentChanged(f"{source} changed while it was read. Make an artifact of it when it is at rest.")
    if content.n_files == 0:
        raise StorageError(f"the folder {source} holds no file, so there is nothing to save")
    return content


def _check_suffix(key: str | None, suffix: str) -> None:
    if key is not None and suffix_of(key) != suffix and not (suffix and key.endswith(suffix)):
        raise InvalidKey(f"the key {key!r} must end like the file it names: {suffix or 'without a suffix'}", value=key)


def _check_revised(revises: Artifact | None) -> None:
    if revises is None:
        return
    if not isinstance(revises, Artifact) or revises.id is None:
        raise UsageError(f"revises takes a saved artifact, not {revises!r}")
    if revises.branch_id == TRASH:
        raise UsageError(f"{revises.uid} is in the trash; take it out before you revise it: artifact.restore()")
    if not revises.is_latest:
        raise UsageError(f"{revises.uid} is not the latest of its family; revise the latest: artifact.versions.first()")


def _as_storage(storage: Any) -> Storage | None:
    if storage is None or (isinstance(storage, Storage) and storage.id is not None):
        return storage
    raise UsageError(f"storage takes a saved ln.Storage, not {storage!r}")


def _as_run(run: Any) -> Run | None:
    if run is None or (isinstance(run, Run) and run.id is not None):
        return run
    raise UsageError(f"run takes a saved ln.Run, not {run!r}")


def members_hash(members: Sequence[Artifact]) -> str:
    """What tells one set of artifacts from another."""
    return digest("\n".join(artifact.uid for artifact in members))


def _construct_collection(record: Collection, data: Any, options: Mapping[str, Any]) -> None:
    if not isinstance(data, Sequence) or not data:
        raise UsageError("a collection is made of saved artifacts: ln.Collection([artifact1, artifact2], key=…)")
    seen: set[str] = set()
    for artifact in data:
        if not isinstance(artifact, Artifact) or artifact.id is None:
            raise UsageError(f"a collection is made of saved artifacts, not of {artifact!r}")
        if artifact.branch_id == TRASH:
            raise UsageError(f"{artifact.uid} is in the trash; take it out before you collect it: artifact.restore()")
        if artifact.uid in seen:
            raise UsageError(f"{artifact.uid} stands in the list twice; a collection holds each artifact once")
        seen.add(artifact.uid)
    if record.key is not None:
        record.key = check_key(record.key)
    record.hash = members_hash(data)
    record.__dict__["_members"] = tuple(data)
    record.__dict__["_run"] = _as_run(options.get("run"))
