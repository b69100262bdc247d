"""What a move would do: a value, which can be printed before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lignin.base.errors import UsageError
from lignin.base.settings import host_name
from lignin.instance.describe import human_size
from lignin.instance.locate import locate
from lignin.instance.save_artifact import OBJECTS, object_path
from lignin.model import Artifact, ArtifactState, Storage

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["MovePlan", "Moved", "Step", "plan_in_storage", "plan_move"]

_BATCH = 500
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """An artifact of a plan, by its uid, with a name for people."""

    id: int
    uid: str
    name: str
    family: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One file or folder that moves, with the artifacts whose bytes it holds.

    Attributes:
        artifacts: whose place changes; others that share the bytes keep theirs, and then the bytes stay there too.
        content: its content id.
        size: in bytes.
        source, source_relpath: where it lies.
        target, target_relpath: where it goes.
    """

    artifacts: tuple[Moved, ...]
    content: str
    size: int
    source: Storage
    source_relpath: str
    target: Storage
    target_relpath: str

    @property
    def is_new(self) -> bool:
        """Whether it goes to a place that is not Lignin's alone, and may replace nothing there."""
        return not self.target_relpath.startswith(f"{OBJECTS}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePlan:
    """Which files move where.

    Attributes:
        target: where they go.
        steps: one for each file or folder.
        skipped: artifacts that lie there already.
        refused: artifacts that can't be moved, with why.
    """

    target: Storage
    steps: tuple[Step, ...]
    skipped: tuple[Moved, ...]
    refused: tuple[tuple[Moved, str], ...]

    @property
    def size(self) -> int:
        """How many bytes move."""
        return sum(step.size for step in self.steps)

    def __str__(self) -> str:
        artifacts = sum(len(step.artifacts) for step in self.steps)
        lines = [f"{_count(artifacts, 'artifact')} in {_count(len(self.steps), 'file')}, {human_size(self.size)}, to {self.target.root}"]
        for root in dict.fromkeys(step.source.root for step in self.steps):
            steps = [step for step in self.steps if step.source.root == root]
            lines.append(f"from {root}: {_count(len(steps), 'file')}, {human_size(sum(step.size for step in steps))}")
            lines += [f"  {', '.join(a.name for a in step.artifacts)}: {step.source_relpath} → {step.target_relpath}" for step in steps[:_SHOWN]]
            lines += [f"  and {len(steps) - _SHOWN} more"] if len(steps) > _SHOWN else []
        if self.skipped:
            more = ", …" if len(self.skipped) > _SHOWN else ""
            lines.append(f"skipped, there already: {', '.join(a.name for a in self.skipped[:_SHOWN])}{more}")
        lines += [f"can't be moved: {artifact.name}: {why}" for artifact, why in self.refused]
        return "\n".join(lines)


def plan_move(instance: Instance, artifacts: Iterable[Artifact], storage: Storage) -> MovePlan:
    """What it takes to bring artifacts to a storage location.

    What Lignin stored goes to its own place there, named by content; what lies at its key goes to its key there.

    Raises:
        UsageError: nothing can be stored there, or an artifact is not saved.
    """
    _check_target(storage)
    rows = _rows(instance, artifacts)
    with instance.database.reading() as session:
        sources = {s.id: s for s in session.scalars(select(Storage))}
    places: dict[tuple[int, str, str], list[Any]] = {}
    skipped, refused = [], []
    for row in rows:
        source = sources[row.storage_id]
        why = _why_not(row, source)
        if why is not None:
            refused.append((_named(row), why))
            continue
        is_under_key = row.relpath == row.key and not row.relpath.startswith(f"{OBJECTS}/")
        relpath = row.relpath if is_under_key else object_path(instance, storage, content=str(row.hash), suffix=row.suffix)
        if str(locate(storage, relpath)) == str(locate(source, row.relpath)) and storage.host == source.host:
            skipped.append(_named(row))
        else:
            places.setdefault((row.storage_id, row.relpath, relpath), []).append(row)
    steps = tuple(
        Step(
            artifacts=tuple(_named(row) for row in alike),
            content=alike[0].hash,
            size=alike[0].size,
            source=sources[storage_id],
            source_relpath=source_relpath,
            target=storage,
            target_relpath=relpath,
        )
        for (storage_id, source_relpath, relpath), alike in places.items()
    )
    return MovePlan(target=storage, steps=steps, skipped=tuple(skipped), refused=tuple(refused))


def plan_in_storage(storage: Storage, alike: Sequence[Artifact], relpath: str) -> MovePlan:
    """What it takes to bring artifacts that share their bytes to another place in their own storage location."""
    refused = tuple((_named(row), why) for row in alike if (why := _why_not(row, storage)) is not None)
    first = alike[0]
    step = Step(
        artifacts=tuple(_named(row) for row in alike), content=str(first.hash), size=first.size or 0,
        source=storage, source_relpath=first.relpath, target=storage, target_relpath=relpath,
    )  # fmt: skip
    return MovePlan(target=storage, steps=(step,), skipped=(), refused=refused)


def _rows(instance: Instance, artifacts: Iterable[Artifact]) -> Sequence[Artifact]:
    """The rows as they are now: what is in memory may be older."""
    ids = []
    for artifact in artifacts:
        if artifact.id is None:
            raise UsageError(f"{artifact!r} is not saved, so it can't be moved. Save it with storage=…")
        ids.append(artifact.id)
    found: dict[int, Artifact] = {}
    with instance.database.reading() as session:
        for begin in range(0, len(ids), _BATCH):
            rows = session.scalars(select(Artifact).where(Artifact.id.in_(ids[begin : begin + _BATCH])))
            found.update({row.id: row for row in rows})
    gone = [artifact_id for artifact_id in ids if artifact_id not in found]
    if gone:
        raise UsageError(f"{_count(len(gone), 'artifact')} of those that are to be moved {'was' if len(gone) == 1 else 'were'} deleted meanwhile. Nothing was moved.")
    return [found[artifact_id] for artifact_id in dict.fromkeys(ids)]


def _check_target(storage: Storage) -> None:
    if storage.role != "managed":
        raise UsageError(f"{storage.root} is a place where files were found, and no storage. Make it one: ln.Storage({storage.root!r}).save()")
    if not _is_here(storage):
        raise UsageError(f"{storage.root} is on the machine {storage.host}; move there from that machine")


def _why_not(row: Artifact, source: Storage) -> str | None:
    """Why an artifact can't be moved, if it can't."""
    if row.state != ArtifactState.STORED or row.hash is None:
        return f"its bytes are {row.state}"
    if row.is_locked:
        return "it is locked"
    if not row.hash.startswith("b3"):
        return "its bytes were never read, so that a copy could not be compared; save it with read=True first"
    if source.role != "managed" or (row.family or "").startswith("loc:"):
        return "it lies where a pipeline or another program keeps it; save a copy: ln.Artifact(artifact.cache(), key=…, storage=…)"
    if not _is_here(source):
        return f"it lies on the machine {source.host}; move it from there"
    return None


def _is_here(storage: Storage) -> bool:
    return storage.type != "local" or storage.host in {"", host_name()}


def _named(row: Artifact) -> Moved:
    return Moved(id=row.id, uid=row.uid, name=f"{row.key} ({row.uid})" if row.key else row.uid, family=row.family)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
