"""Replace what an artifact holds: the new content is its next version, and the old one stays what it was.

A version's uid stands for its bytes: runs that read it, collections that hold it and artifacts that share its content say
so of those bytes. So nothing is written over. The record in memory stands for the new version after `save()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import make_transient

from lignin.base.errors import Locked, UsageError
from lignin.instance.read_values import values_of
from lignin.instance.rows import become_row
from lignin.model import Artifact, Feature, Schema, Storage

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["replace", "replacement_of", "take_over"]

_WRITERS = ("DataFrame", "AnnData")


def replace(instance: Instance, artifact: Artifact, data: Any, options: Mapping[str, Any]) -> None:
    """Inspect the new content of an artifact; `save()` stores it.

    Raises:
        UsageError: the artifact is not saved.
        Locked: it is locked.
        ValidationError: it does not satisfy the schema that the artifact was saved with.
        LigninError: the content can't be its next version; the message says why.
    """
    if artifact.id is None:
        raise UsageError(f"{artifact!r} is not saved yet; make it anew of what it is to hold")
    if artifact.is_locked:
        raise Locked(f"{artifact!r} is locked. Unlock it first: record.is_locked = False; record.save()")
    with instance.database.reading() as session:
        held = session.scalars(select(Artifact).where(Artifact.family == artifact.family, Artifact.is_latest, Artifact.branch_id == artifact.branch_id)).first()
        row = session.get(Artifact, artifact.id)
        storage = None if row is None else session.get(Storage, row.storage_id)
        schema = None if row is None or row.schema_id is None else session.get(Schema, row.schema_id)
    if row is None or held is None or held.id != row.id:
        newest = "" if held is None else f": {held.uid}"
        raise UsageError(f"{artifact.uid} is not the latest of its family; replace the latest{newest}")
    otype = row.otype if row.otype in _WRITERS else None
    is_managed = storage is not None and storage.role == "managed" and (row.family or "").startswith(("key:", "uid:"))
    is_under_key = is_managed and row.relpath == row.key
    new = Artifact(
        data,
        key=row.key,
        description=row.description,
        kind=row.kind,
        run=options.get("run"),
        revises=row,
        storage=storage if is_managed and (is_under_key or row.storage_id != instance.storage.id) else None,
        key_is_virtual=False if is_under_key else None,
        schema=schema,
        features=None if schema is None else _said(instance, row) or None,
        _format={"otype": otype} if otype else None,
    )
    # They go over with all that people said of the old version.
    new.__dict__.pop("_said", None)
    new.__dict__["_replaces"] = row.id
    artifact.__dict__["_replacement"] = new


def _said(instance: Instance, row: Artifact) -> Mapping[Feature, Any]:
    """What people said of an artifact, which its schema may ask for."""
    return {column.feature: column.values[row.id] for column in values_of(instance, row, external_only=True)}


def replacement_of(artifact: Artifact) -> Artifact | None:
    """What is to replace an artifact at its next save."""
    new: Artifact | None = artifact.__dict__.get("_replacement")
    return new


def take_over(artifact: Artifact, new: Artifact) -> None:
    """Let a record in memory stand for the version that replaced its own."""
    values = {name: getattr(new, name) for name in new.fields()}
    for name in ("_replacement", "_storage", "_run", "_origin"):
        artifact.__dict__.pop(name, None)
    # Its identity in memory is that of another row from here on.
    make_transient(artifact)
    become_row(artifact, values)
