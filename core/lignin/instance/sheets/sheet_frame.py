"""A sheet as a frame: one statement for the records, one for the values, one for each registry of terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.errors import UsageError
from lignin.formats.tables import typed_frame
from lignin.instance.hierarchy import hierarchy
from lignin.instance.read_values import Column, names_of, read_columns
from lignin.instance.sheets.names import NAME, UID
from lignin.model import Feature, Record, Schema, schema_feature
from lignin.schema import Dtype, Kind, Simple

if TYPE_CHECKING:
    import pandas as pd

    from lignin.instance.instance import Instance

__all__ = ["sheet_frame"]

_NUMBERS = {Kind.INT, Kind.BOOL, Kind.FLOAT, Kind.NUM}


def sheet_frame(instance: Instance, sheet: Record, *, recurse: bool = False) -> pd.DataFrame:
    """All records of a type as a frame, with a column for each feature of its schema, and for others that occur.

    Args:
        instance: where.
        sheet: a saved type of records.
        recurse: with the records of the types below.

    Raises:
        UsageError: the record is no saved type.
    """
    if sheet.id is None or not sheet.is_type:
        raise UsageError(f"the record {sheet.name!r} is no saved type, so it has no rows. Its own values are in record.features.get_values()")
    branches = instance.branches_in_sight
    types = hierarchy(instance, sheet, along="records").filter(is_type=True).selected_ids() if recurse else None
    place = Record.type_id == sheet.id if types is None else (Record.type_id == sheet.id) | Record.type_id.in_(types)
    mine = select(Record.id).where(place, Record.is_type.is_(False), Record.branch_id.in_(branches))

    def work(session: Session) -> tuple[Sequence[Any], Sequence[Feature], Feature | None, Sequence[Column]]:
        rows = session.connection().execute(mine.with_only_columns(Record.id, Record.uid, Record.name).order_by(Record.id)).all()
        members, index = _members(session, sheet)
        return rows, members, index, read_columns(session, Record, owners=mine, external_only=True)

    rows, members, index, columns = instance.database.read(work)
    found = {column.feature.id: column for column in columns}
    ordered = [*members, *(column.feature for column in columns if column.feature.id not in {feature.id for feature in members})]
    data: dict[str, tuple[Sequence[Any], str | None]] = {}
    ids = [row[0] for row in rows]
    for name, feature in zip(names_of(ordered), ordered, strict=True):
        held: Mapping[int, Any] = found[feature.id].values if feature.id in found else {}
        data[name] = ([held.get(own) for own in ids], _stored(found[feature.id].dtype) if feature.id in found else None)
    names = [row[2] for row in rows]
    if index is not None:
        return typed_frame(data, index=names, index_name=index.name)
    if any(name is not None for name in names):
        data[NAME] = (names, None)
    return typed_frame(data, index=[row[1] for row in rows], index_name=UID)


def _members(session: Session, sheet: Record) -> tuple[Sequence[Feature], Feature | None]:
    if sheet.schema_id is None:
        return (), None
    listed = select(Feature).join(schema_feature, schema_feature.c.feature_id == Feature.id).where(schema_feature.c.schema_id == sheet.schema_id)
    index = select(Feature).join(Schema, Schema.index_id == Feature.id).where(Schema.id == sheet.schema_id)
    return session.scalars(listed.order_by(schema_feature.c.position)).all(), session.scalars(index).one_or_none()


def _stored(dtype: Dtype) -> str | None:
    """How a dtype is stored in a frame; `None` for objects."""
    if not isinstance(dtype, Simple):
        return None
    if dtype.kind is Kind.DATETIME:
        return "datetime64[us]" if dtype.zone is None else f"datetime64[us, {dtype.zone}]"
    return dtype.kind.value if dtype.kind in _NUMBERS else None
