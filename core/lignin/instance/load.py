"""Read artifacts into memory, or open them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.errors import FormatError, UsageError
from lignin.formats import Format, format_of_suffix, format_there
from lignin.formats.format import require
from lignin.formats.tables import join_frames
from lignin.instance.current_run import current_run_id
from lignin.instance.derive import derive_origins, derive_producers
from lignin.instance.insert import insert_ignore
from lignin.instance.reach import reach, reach_there
from lignin.model import Artifact, Collection, Run, run_input, run_output
from lignin.storage import open_stream

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["cache", "load", "open_artifact"]


def cache(instance: Instance, artifact: Artifact, *, verify: bool = False, is_run_input: bool | Run | None = None) -> Path:
    """A local path with an artifact's bytes; the place itself, for what is local."""
    path = reach(instance, artifact, verify=verify)
    _note_input(instance, artifact, is_run_input=is_run_input)
    return path


def load(
    instance: Instance, record: Artifact | Collection, *, verify: bool = False, is_run_input: bool | Run | None = None, **options: Any
) -> Any:
    """An artifact in memory; a collection's members joined."""
    if isinstance(record, Collection):
        return _load_collection(instance, record, verify=verify, is_run_input=is_run_input, **options)
    if options.get("engine") == "polars":
        _check_engine(record, format_of_suffix(record.suffix, otype=record.otype), "polars")
    path = cache(instance, record, verify=verify, is_run_input=is_run_input)
    if path.is_dir() and not record.suffix:
        return path
    with _explained(record, path):
        known = format_there(path, record.suffix, otype=record.otype)
        return path if known is None else known.load(path, **options)


@contextmanager
def _explained(artifact: Artifact, place: Any) -> Iterator[None]:
    """What a reader stumbles over, as an error of ours."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as e:
        what = f"{artifact.key or artifact.uid} ({artifact.uid})"
        raise FormatError(f"{what} can't be read as {artifact.otype or artifact.suffix}: {_first_line(e)}. Its bytes are at {place}") from e


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def open_artifact(
    instance: Instance,
    artifact: Artifact,
    *,
    mode: str = "r",
    engine: str | None = None,
    verify: bool = False,
    is_run_input: bool | Run | None = None,
    **options: Any,
) -> Any:
    """An artifact without loading it: from S3 as a stream, where its format can be read so."""
    if mode not in {"r", "rb"}:
        raise UsageError(f"an artifact is opened for reading, not in mode {mode!r}: its bytes are what its record says. Save a new version instead.")
    known = format_of_suffix(artifact.suffix, otype=artifact.otype)
    if engine is not None:
        _check_engine(artifact, known, engine)
        options["engine"] = engine
    is_stream = not verify and (artifact.n_files is None if known is None else known.streams and engine not in known.copied)
    place: Any = reach_there(instance, artifact) if is_stream else None
    if place is None:
        place = reach(instance, artifact, verify=verify)
    _note_input(instance, artifact, is_run_input=is_run_input)
    if known is None:
        if artifact.n_files is not None:
            return place
        return place.open("rb", **options) if isinstance(place, Path) else open_stream(place, **options)
    with _explained(artifact, place):
        there = format_there(place, artifact.suffix, otype=artifact.otype) or known
        return there.open(place, mode=mode, **options)


def _check_engine(artifact: Artifact, known: Format | None, engine: str) -> None:
    engines = () if known is None else known.engines
    if engine not in engines:
        choice = f"by {' or '.join(engines)}" if engines else "in one way"
        raise UsageError(f"{artifact.otype or artifact.suffix or 'a folder'} is read {choice}, not by the engine {engine!r}")


def _note_input(instance: Instance, artifact: Artifact, *, is_run_input: bool | Run | None) -> None:
    if not isinstance(is_run_input, bool | None) and not (isinstance(is_run_input, Run) and is_run_input.id is not None):
        raise UsageError(f"is_run_input is True, False or a saved ln.Run, not {is_run_input!r}")
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


def _load_collection(instance: Instance, collection: Collection, *, verify: bool, is_run_input: bool | Run | None, join: str = "outer", **options: Any) -> Any:
    members = collection.ordered_artifacts
    parts = [load(instance, artifact, verify=verify, is_run_input=is_run_input, **options) for artifact in members]
    kinds = {type(part).__name__ for part in parts}
    if kinds == {"DataFrame"}:
        return join_frames(parts, join=join)
    if kinds == {"AnnData"}:
        keys = [artifact.uid for artifact in members]
        return require("anndata", extra="anndata").concat(parts, join=join, label="artifact_uid", keys=keys)
    raise FormatError(f"a collection loads as one object when all members are frames or all are AnnData, not {', '.join(sorted(kinds))}")
