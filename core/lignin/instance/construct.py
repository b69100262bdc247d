"""Inspect what a new record is made of, and fail early: nothing is stored here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
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
from lignin.formats import (
    SOMA_OTYPE,
    Format,
    ObjectType,
    format_there,
    place_of_experiment,
    suffixes_of,
    type_of_object,
)
from lignin.instance.check_values import check_values, external_values
from lignin.instance.curate import Found, Subject, curate
from lignin.instance.define import define_feature, define_schema
from lignin.instance.fields import check_fields, check_value, conceal
from lignin.instance.find_storage import find_storage
from lignin.instance.remote_source import RemoteSource, find_remote, inspect_remote
from lignin.instance.sheets import check_row
from lignin.model import (
    TRASH,
    Artifact,
    Collection,
    Feature,
    Record,
    Registry,
    Run,
    Schema,
    Storage,
)
from lignin.storage import Root, check_key, suffix_of, suffix_there

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Draft", "as_local_path", "check_draft", "construct", "draft_of", "members_hash"]


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
        is_lazy: the source was written straight into its storage, and is moved to its place.
        found: what was found in it, where it was checked against a schema.
    """

    source: Path | RemoteSource
    content: Content
    mtime_ns: int
    owned: tempfile.TemporaryDirectory[str] | None
    revises: Artifact | None
    storage: Storage | None
    run: Run | None
    is_lazy: bool = False
    found: Found | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """An object that was written out."""

    path: Path
    folder: tempfile.TemporaryDirectory[str]
    otype: str
    n_observations: int | None


def construct(instance: Instance, record: Registry, data: Any, options: Mapping[str, Any]) -> None:
    """Fill a new record from what it is made of.

    Raises:
        LigninError: it can't be made of that; the message says why.
    """
    match record:
        case Artifact():
            said = None if options.get("features") is None else check_values(instance, options["features"])
            _construct_artifact(instance, record, data, options)
            if said is not None:
                record.__dict__["_said"] = said
        case Collection():
            _construct_collection(record, data, options)
        case Feature():
            define_feature(record, options)
        case Record():
            check_row(instance, record, data)
        case Schema():
            define_schema(instance, record, options)
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
    asked = options["format"] or {}
    data = place_of_experiment(data) or data
    kind = _kind_of(data, key=key, asked=asked)
    found = None if kind is None else _check_object(instance, data, options)
    written = None if kind is None else _write(data, kind, asked=asked)
    try:
        given = _as_source(instance, data) if written is None else written.path
        source, content, mtime_ns = _inspect(instance, given, read=options.get("read"), is_lazy="lazy" in asked)
        suffix = suffix_there(source.name, is_folder=content.n_files is not None)
        if content.n_files is None or suffix:
            _check_suffix(key, suffix)
        record.key = key
        record.description = options["description"]
        record.kind = options["kind"]
        record.version_tag = options["version_tag"]
        record.suffix = suffix
        record.size, record.hash, record.n_files = content.size, content.id, content.n_files
        if written is not None:
            record.otype, record.n_observations = written.otype, written.n_observations
        else:
            _describe(record, source, otype=asked.get("otype"))
        if found is None and options.get("schema") is not None:
            place = source if isinstance(source, Path) else source.root.path()
            subject = Subject(data=place, suffix=suffix, otype=record.otype, external=external_values(options.get("features")))
            found = curate(instance, subject, options["schema"])
        record.schema_id = None if found is None else found.schema.id
    except BaseException:
        if written is not None:
            written.folder.cleanup()
        raise
    record.__dict__["_draft"] = Draft(
        source=source,
        content=content,
        mtime_ns=mtime_ns,
        owned=None if written is None else written.folder,
        revises=revises,
        storage=None if options["storage"] is None else find_storage(instance, options["storage"]),
        run=_as_run(options["run"]),
        is_lazy="lazy" in asked,
        found=found,
    )


def _check_object(instance: Instance, data: Any, options: Mapping[str, Any]) -> Found | None:
    """Check an object in memory against the schema that is asked for, before it is written out; a lazy one is computed first."""
    if options.get("schema") is None or type(data).__name__ == "LazyFrame":
        return None
    return curate(instance, Subject(data=data, external=external_values(options.get("features"))), options["schema"])


def _is_path(data: Any) -> bool:
    return isinstance(data, str | os.PathLike | Root) or hasattr(type(data), "storage_options")


def _describe(record: Artifact, source: Path | RemoteSource, *, otype: str | None) -> None:
    """Say of what type the object in a file is; where a type is claimed, it is compared, and its observations are counted.

    Raises:
        FormatError: it is no object of the type that is claimed.
    """
    place = source if isinstance(source, Path) else source.root.path()
    if otype is not None and record.suffix.lower() not in suffixes_of(otype):
        raise FormatError(f"{place} is no file of a {otype}: those end with {', '.join(suffixes_of(otype))}. For other files: ln.Artifact(path, key=…)")
    known = format_there(place, record.suffix, otype=otype)
    record.otype = otype or (known.otype if known else None)
    if otype is not None and known is not None and known.count is not None:
        record.n_observations = _count(known, place, otype)


def _kind_of(data: Any, *, key: str | None, asked: Mapping[str, Any]) -> tuple[ObjectType, str] | None:
    """How an object in memory is written, and under which suffix; `None` for paths."""
    if data is None:
        raise UsageError("an artifact is made of something: ln.Artifact(path, key=…), or Artifact.from_dataframe(df, key=…)")
    if _is_path(data):
        return None
    if asked.get("otype") == SOMA_OTYPE:
        raise FormatError(
            f"an artifact of an experiment is made of what lies in a folder, not of a {type(data).__name__}. Write one first: "
            "tiledbsoma.io.from_anndata('name.tiledbsoma', adata, measurement_name='RNA')"
        )
    known, suffix = type_of_object(data, suffix=suffix_of(key or "") or asked.get("suffix") or "")
    if asked.get("otype") not in {None, known.otype}:
        raise FormatError(f"this makes an artifact of a {asked['otype']}, not of a {known.otype}")
    return known, suffix


def _write(data: Any, kind: tuple[ObjectType, str], *, asked: Mapping[str, Any]) -> _Written:
    """An object in memory as a file."""
    known, suffix = kind
    folder = tempfile.TemporaryDirectory(prefix="lignin-")
    path = Path(folder.name) / f"object{suffix}"
    try:
        known.writers[suffix.lower()](data, path, **(asked.get("write") or {}))
        return _Written(path=path, folder=folder, otype=known.otype, n_observations=known.count(data, path))
    except BaseException:
        folder.cleanup()
        raise


def _as_source(instance: Instance, data: Any) -> Path | Root:
    return find_remote(instance, data) or as_local_path(data)


def as_local_path(given: Any) -> Path:
    """The absolute path that a user's path or `file://` URL names.

    Raises:
        UsageError: it is none.
    """
    text = os.fsdecode(os.fspath(given))
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


def _count(known: Format, place: Any, otype: str) -> int | None:
    assert known.count is not None
    try:
        return known.count(place)
    except (OSError, ValueError, KeyError) as e:
        raise FormatError(f"{place} can't be read as {otype}: {str(e).strip().partition(chr(10))[0]}") from e


def _inspect(instance: Instance, source: Path | Root, *, read: bool | None, is_lazy: bool) -> tuple[Path | RemoteSource, Content, int]:
    """The source as it is now, its content, and its time of last change."""
    if isinstance(source, Root):
        # What was written here has a content id of ours, whatever its size.
        remote, content = inspect_remote(source, read=True if is_lazy else read)
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
