"""How the numbers in a dataset differ from those of the version before it, for its description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from lignin.base.content import look_at
from lignin.base.errors import LigninError
from lignin.base.settings import host_name
from lignin.instance.drift_artifacts import dataset_at
from lignin.instance.locate import OBJECTS, locate
from lignin.model import Artifact, ArtifactState
from lignin.schema import ColumnDrift, Drift, drift

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["drift_lines"]

# What takes no more than a moment to read: a description is no place to wait. Of composite datasets no matrix is read.
_LARGEST_TABLE = 4 * 1024 * 1024
_MOST_OBSERVATIONS = 100_000
_TOLD = 6


def drift_lines(instance: Instance, artifact: Artifact, *, before: str) -> list[str]:
    """What changed in the numbers, types and missing values of columns since the version of a uid, the greatest first; one statement.

    Nothing where one of the two is large, lies elsewhere or is no dataset: `ln.drift` reads those, too.
    """
    new = _place(instance, artifact)
    if new is None:
        return []
    older = instance.database.read(lambda session: session.scalars(select(Artifact).where(Artifact.uid == before)).one_or_none())
    old = None if older is None else _place(instance, older)
    if older is None or old is None:
        return []
    try:
        with dataset_at(old, older.suffix, otype=older.otype) as one, dataset_at(new, artifact.suffix, otype=artifact.otype) as other:
            found = drift(one, other)
    except LigninError:
        # Who loads it is told what is wrong with it; here all else is told all the same.
        return []
    return list(_lines(found))


def _place(instance: Instance, artifact: Artifact) -> Path | None:
    """Where the bytes of a small dataset lie on this machine, where they are plainly those that were recorded."""
    if artifact.otype is None and artifact.kind != "dataset":
        return None
    small = artifact.n_observations is not None and artifact.n_observations <= _MOST_OBSERVATIONS and artifact.otype != "DataFrame"
    if artifact.state != ArtifactState.STORED or not (small or (artifact.size or _LARGEST_TABLE + 1) <= _LARGEST_TABLE):
        return None
    storage = instance.storage if artifact.storage_id == instance.storage.id else artifact.storage
    if storage is None or storage.type != "local" or storage.host not in {None, "", host_name()}:
        return None
    place = Path(locate(storage, artifact.relpath))
    if not place.exists():
        return None
    if artifact.relpath.startswith(f"{OBJECTS}/"):
        return place
    seen = look_at(place)
    return place if (seen.size, seen.mtime_ns) == (artifact.size, artifact.mtime_ns) else None


def _lines(found: Drift) -> Iterator[str]:
    changed = [(table.slot, column) for table in found.tables for column in table.columns if _is_told(column)]
    changed.sort(key=lambda pair: -(pair[1].distance or 0))
    for slot, column in changed[:_TOLD]:
        where = f"{slot} " if slot else ""
        yield f"{where}{column.name}: {'; '.join(_told(column))}"
    if len(changed) > _TOLD:
        yield f"and {len(changed) - _TOLD:,} more columns: ln.drift(older, newer)"


def _is_told(column: ColumnDrift) -> bool:
    return None not in column.types and bool(_told(column))


def _told(column: ColumnDrift) -> list[str]:
    """What the found features do not say: all of a column of numbers, the missing values and type of any."""
    if column.quantiles is not None:
        return list(column.changes)
    return [change for change in column.changes if not change.startswith(("+", "−", "distance"))]
