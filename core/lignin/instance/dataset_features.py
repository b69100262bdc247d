"""What was found in the parts of a dataset, and in those of the version before it, by one question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, Select, String, and_, cast, func, literal, null, select, union_all
from sqlalchemy.orm import aliased

from lignin.instance.beginning import begins_with
from lignin.model import (
    REGISTRIES,
    Artifact,
    Feature,
    Schema,
    artifact_schema,
    artifact_value,
    schema_feature,
)

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["DatasetFeatures", "SlotFeatures", "dataset_features"]

_PART, _COLUMN, _TERM = 0, 1, 2


@dataclass(slots=True, kw_only=True)
class SlotFeatures:
    """What was found in one part.

    Attributes:
        columns: dtypes by the names of features, in the order of the columns; the index first.
        terms: the labels that occur, by feature.
        index: the feature that the row names are.
        itype: what the names are identifiers of.
        n_members: how many features, or identifiers.
    """

    columns: dict[str, str] = field(default_factory=dict)
    terms: dict[str, list[str]] = field(default_factory=dict)
    index: str | None = None
    itype: str | None = None
    n_members: int = 0


@dataclass(slots=True, kw_only=True)
class DatasetFeatures:
    """What was found in a dataset.

    Attributes:
        uid: of the artifact.
        n_observations: of the artifact.
        slots: by part.
    """

    uid: str = ""
    n_observations: int | None = None
    slots: dict[str, SlotFeatures] = field(default_factory=dict)


def dataset_features(instance: Instance, artifact: Artifact) -> tuple[DatasetFeatures, DatasetFeatures | None]:
    """What was found in an artifact, and in the version before it, if there is one."""
    rows = instance.database.read(lambda session: session.execute(_question(artifact)).all())
    found: dict[int, DatasetFeatures] = {artifact.id: DatasetFeatures(uid=artifact.uid, n_observations=artifact.n_observations)}
    _fold(rows, found)
    before = next((dataset for own, dataset in found.items() if own != artifact.id), None)
    return found[artifact.id], before


def _question(artifact: Artifact) -> Any:
    # Versions are counted up in the uid, so that the one before is the greatest below.
    before = (
        select(Artifact.id)
        .where(begins_with(Artifact.uid, artifact.stem_uid), Artifact.uid < artifact.uid, Artifact.branch_id > 0)
        .order_by(Artifact.uid.desc())
        .limit(1)
        .scalar_subquery()
    )
    both = union_all(select(literal(artifact.id).label("id")), select(Artifact.id).where(Artifact.id == before)).cte("both")
    link, value, member = artifact_schema.c, artifact_value.c, schema_feature.c
    index, kinds = aliased(Feature), {name: aliased(registry) for name, registry in REGISTRIES.items()}
    labels = {name: getattr(kind, REGISTRIES[name].label) for name, kind in kinds.items()}
    labelled: Any = artifact_value.join(both, both.c.id == value.artifact_id).join(Feature, Feature.id == value.feature_id)
    for name, kind in kinds.items():
        labelled = labelled.outerjoin(kind, and_(value.registry == name, kind.id == value.target_id))
    found = artifact_schema.join(both, both.c.id == link.artifact_id)
    parts: list[Select[Any]] = [
        _row(Artifact.id, "", -1, 0, name=Artifact.uid, number=Artifact.n_observations).where(Artifact.id == before),
        _row(link.artifact_id, link.slot, _PART, 0, name=index.name, told=Schema.itype, number=Schema.n_members, more=index.dtype).select_from(
            found.join(Schema, Schema.id == link.schema_id).outerjoin(index, index.id == Schema.index_id)
        ),
        _row(link.artifact_id, link.slot, _COLUMN, member.position, name=Feature.name, told=Feature.dtype).select_from(
            found.join(schema_feature, member.schema_id == link.schema_id).join(Feature, Feature.id == member.feature_id)
        ),
        # A term has the name of its record, and any other label its text.
        _row(value.artifact_id, value.slot, _TERM, value.position, name=Feature.name, told=func.coalesce(value.text, *labels.values()))
        .select_from(labelled)
        .where(value.slot != ""),
    ]
    return union_all(*parts).order_by("rank", "slot", "position")


def _row(own: Any, slot: Any, rank: int, position: Any, *, name: Any, told: Any = None, number: Any = None, more: Any = None) -> Select[Any]:
    texts = {"name": name, "told": told, "more": more}
    return select(
        own.label("own"),
        cast(slot if not isinstance(slot, str) else literal(slot), String).label("slot"),
        literal(rank).label("rank"),
        cast(position if not isinstance(position, int) else literal(position), Integer).label("position"),
        *(cast(null() if text is None else text, String).label(label) for label, text in texts.items()),
        cast(null() if number is None else number, Integer).label("number"),
    )


def _fold(rows: Iterable[Any], found: dict[int, DatasetFeatures]) -> None:
    for row in rows:
        dataset = found.setdefault(row.own, DatasetFeatures())
        if row.rank == -1:
            dataset.uid, dataset.n_observations = row.name, row.number
            continue
        slot = dataset.slots.setdefault(row.slot, SlotFeatures())
        if row.rank == _PART:
            slot.itype, slot.n_members, slot.index = row.told, row.number or 0, row.name
            slot.columns |= {row.name: row.more} if row.name else {}
        elif row.rank == _COLUMN:
            slot.columns[row.name] = row.told
        else:
            slot.terms.setdefault(row.name, []).append(row.told)
