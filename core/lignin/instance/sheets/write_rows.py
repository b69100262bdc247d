"""Write rows of a sheet: records and their values, in one transaction and a few statements for each feature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.errors import Locked, NotFound, UsageError
from lignin.base.ids import new_uid
from lignin.instance.annotate import hold_targets, said_in
from lignin.instance.insert import insert_columns
from lignin.instance.rows import owned_fields, reserve_ids
from lignin.instance.sheets.encode_column import EncodedColumn
from lignin.model import TRASH, Record, record_value

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Rows", "Written", "write_rows"]

_CHUNK = 5_000
_VALUES = record_value.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A part of a frame.

    Attributes:
        begin: the row of the frame that is its first.
        names: what its rows are called.
        columns: its values, by rows of the frame.
    """

    begin: int
    names: Sequence[str | None]
    columns: Sequence[EncodedColumn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of them.

    Attributes:
        ids: of the records, row by row.
        n_new: how many are new.
    """

    ids: Sequence[int]
    n_new: int


def write_rows(instance: Instance, sheet: Record, part: Rows) -> Written:
    """Store rows; those whose name is in the sheet already must say the same as there.

    Raises:
        UsageError: one says something else; nothing is stored then.
        Locked: the sheet is locked.
    """
    # Asked for before the transaction begins, which it would wait for.
    shared = {**said_in(instance), "slot": ""}
    fields = {**owned_fields(instance), "run_id": shared["by_run_id"], "type_id": sheet.id, "is_type": False}
    uids = [new_uid(Record.uid_length) for _ in part.names]

    def work(session: Session) -> Written:
        instance.database.lock(session, f"sheet {sheet.id}")
        _hold(session, sheet)
        known = _known(session, sheet, part.names)
        there = {part.begin + place: known[name] for place, name in enumerate(part.names) if name is not None and name in known}
        if there:
            _refuse_others(session, part, there)
        new = [place for place in range(len(part.names)) if part.begin + place not in there]
        new_ids = reserve_ids(session, Record, len(new)) if new else ()
        rows: dict[str, Any] = {"id": list(new_ids), "uid": [uids[place] for place in new], "name": [part.names[place] for place in new]}
        insert_columns(session, Record.__table__, rows, shared=fields)
        ids = dict(zip(new, new_ids, strict=True))
        for column in part.columns:
            _insert_values(session, column.without(frozenset(there)), shared, ids=ids, begin=part.begin)
        return Written(ids=[there[row] if (row := part.begin + place) in there else ids[place] for place in range(len(part.names))], n_new=len(new))

    return instance.database.transact(work)


def _hold(session: Session, sheet: Record) -> None:
    row = session.execute(select(Record.is_locked, Record.branch_id).where(Record.id == sheet.id).with_for_update(read=True, key_share=True)).first()
    if row is None or row.branch_id == TRASH:
        raise NotFound(f"the sheet {sheet.name!r} ({sheet.uid}) is {'in the trash' if row else 'no longer in the database'}. Take it out, or give another.")
    if row.is_locked:
        raise Locked(f"the sheet {sheet.name!r} is locked. Unlock it first: record.is_locked = False; record.save()")


def _known(session: Session, sheet: Record, names: Sequence[str | None]) -> Mapping[str, int]:
    given = [name for name in names if name is not None]
    found: dict[str, int] = {}
    for begin in range(0, len(given), _CHUNK):
        mine = select(Record.name, Record.id).where(Record.type_id == sheet.id, Record.branch_id > 0, Record.name.in_(given[begin : begin + _CHUNK]))
        found.update((str(name), own) for name, own in session.execute(mine).tuples())
    return found


def _insert_values(session: Session, column: EncodedColumn, shared: Mapping[str, Any], *, ids: Mapping[int, int], begin: int) -> None:
    if not column.rows:
        return
    rows: dict[str, Sequence[Any]] = {"record_id": [ids[row - begin] for row in column.rows], "position": column.positions, column.column: column.values}
    if column.registries is not None:
        rows["registry"] = column.registries
        pairs = sorted(set(zip(column.registries, column.values, strict=True)))
        for first in range(0, len(pairs), _CHUNK):
            hold_targets(session, [{"registry": registry, "target_id": target} for registry, target in pairs[first : first + _CHUNK]])
    insert_columns(session, record_value, rows, shared={**shared, "feature_id": column.feature.id})


def _refuse_others(session: Session, part: Rows, there: Mapping[int, int]) -> None:
    """Compare rows that are in the sheet with what the frame says of them."""
    features = [column.feature.id for column in part.columns]
    stored = _stored(session, sorted(set(there.values())), features)
    given: dict[tuple[int, int], list[Any]] = {}
    for column in part.columns:
        mine = column.only(frozenset(there))
        for place, row in enumerate(mine.rows):
            registry = None if mine.registries is None else mine.registries[place]
            given.setdefault((there[row], column.feature.id), []).append((column.column, registry, mine.values[place]))
    others = {record for record, _ in given.keys() | stored.keys()}
    differing = {record for record in others if any(given.get((record, f)) != stored.get((record, f)) for f in features)}
    if differing:
        names = [str(part.names[row - part.begin]) for row, record in there.items() if record in differing]
        few = ", ".join(map(repr, names[:5])) + (", …" if len(names) > 5 else "")
        raise UsageError(f"{len(names):,} of the names are in the sheet already, with other values: {few}. Nothing was stored. Change those records with record.features.update_values({{…}}), or leave them out.")


def _stored(session: Session, ids: Sequence[int], features: Sequence[int]) -> Mapping[tuple[int, int], list[Any]]:
    found: dict[tuple[int, int], list[Any]] = {}
    for row in _rows(session, ids, features):
        column = next(name for name in ("integer", "number", "text", "json", "target_id") if getattr(row, name) is not None)
        found.setdefault((row.record_id, row.feature_id), []).append((column, row.registry, getattr(row, column)))
    return found


def _rows(session: Session, ids: Sequence[int], features: Sequence[int]) -> Iterator[Any]:
    for begin in range(0, len(ids), _CHUNK):
        mine = select(record_value).where(_VALUES.record_id.in_(ids[begin : begin + _CHUNK]), _VALUES.slot == "", _VALUES.feature_id.in_(features))
        yield from session.connection().execute(mine.order_by(_VALUES.record_id, _VALUES.feature_id, _VALUES.position))
