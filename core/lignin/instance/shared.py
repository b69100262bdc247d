"""Whether records name what lies at a place: by its own storage location, or by another that holds the same place."""

from __future__ import annotations

from pathlib import PurePosixPath

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lignin.base.settings import host_name
from lignin.instance.beginning import begins_with
from lignin.instance.places import is_below
from lignin.model import Artifact, ArtifactState, Storage

__all__ = ["is_named"]


def is_named(session: Session, storage: Storage, relpath: str) -> bool:
    """Whether a record, in the trash or not, counts on the bytes at this place, on a folder around them, or on a file in it."""
    where = f"{storage.root.rstrip('/')}/{relpath}"
    same_host = Storage.host.in_(["", host_name()]) if storage.type == "local" else Storage.host == storage.host
    for other in session.scalars(select(Storage).where(same_host)):
        if not is_below(where, other.root):
            continue
        inside = where[len(other.root.rstrip("/")) + 1 :]
        above = [str(parent) for parent in PurePosixPath(inside).parents if str(parent) != "."]
        names = or_(Artifact.relpath == inside, begins_with(Artifact.relpath, f"{inside}/"), Artifact.relpath.in_(above))
        # Of what was overwritten there earlier, nothing is left to keep.
        counts = or_(Artifact.state != ArtifactState.GONE.value, Artifact.relpath.startswith(".lignin/"))
        if session.scalars(select(Artifact.id).where(Artifact.storage_id == other.id, names, counts).limit(1)).first() is not None:
            return True
    return False
