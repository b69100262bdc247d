"""Records and their rows: how a record in memory becomes the row that it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select, text, update
from sqlalchemy.orm import Session, make_transient, make_transient_to_detached
from sqlalchemy.orm.attributes import flag_modified, set_committed_value

from lignin.base.clock import now
from lignin.base.errors import Locked, NotFound
from lignin.instance.insert import default_of, insert_many, insert_one
from lignin.model import Owned, Registry

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = [
    "as_before_on_failure",
    "become",
    "become_row",
    "changes",
    "find_row",
    "insert_record",
    "insert_records",
    "owned_fields",
    "reserve_ids",
    "update_record",
]

_CHUNK = 500


def become(record: Registry, row: Registry) -> None:
    """Make `record` the row that `row` was loaded from, so that both stand for the same."""
    become_row(record, {name: getattr(row, name) for name in row.fields()})


def become_row(record: Registry, values: Mapping[str, Any]) -> None:
    """Make `record` the row that holds these values."""
    state = inspect(record)
    if state.key is None:
        record.id = values["id"]
        make_transient_to_detached(record)
    for name, value in values.items():
        set_committed_value(record, name, value)


@contextmanager
def as_before_on_failure(*records: Registry) -> Iterator[None]:
    """If the block raises, what was unsaved in these records is so still: saving them again stores them.

    A transaction may fail as late as its commit, when records stand for their rows already.
    """
    pending = [(record, None if record.id is None else tuple(changes(record))) for record in records]
    try:
        yield
    except BaseException:
        for record, names in pending:
            if names is None:
                if inspect(record).key is not None:
                    make_transient(record)
                record.id = None
            else:
                for name in names:
                    flag_modified(record, name)
        raise


def changes(record: Registry) -> Mapping[str, Any]:
    """The fields that were set since the record was loaded or saved, with their new values."""
    attributes = inspect(record).attrs
    return {name: getattr(record, name) for name in record.fields() if attributes[name].history.has_changes()}


def find_row(session: Session, registry: type[Registry], row_id: int) -> Any:
    """The row of an id.

    Raises:
        NotFound: it was deleted meanwhile.
    """
    row = session.get(registry, row_id)
    if row is None:
        raise NotFound(f"{registry.__name__} {row_id} is no longer in the database; somebody deleted it")
    return row


def reserve_ids(session: Session, registry: type[Registry], count: int) -> Sequence[int]:
    """Ids for new rows of a registry, in ascending order, that no other writer gets.

    The caller holds the write lock of SQLite; PostgreSQL's sequence gives each number once.
    """
    table = registry.__tablename__
    if session.get_bind().dialect.name == "sqlite":
        last = session.execute(text(f"select coalesce(max(id), 0) from {table}")).scalar_one()
        return range(last + 1, last + 1 + count)
    drawn = text("select nextval(pg_get_serial_sequence(:table, 'id')) from generate_series(1, :count)")
    return sorted(session.scalars(drawn, {"table": table, "count": count}))


def owned_fields(instance: Instance) -> dict[str, Any]:
    """What every new row has that somebody records."""
    return {
        "created_at": now(),
        "is_locked": False,
        "created_by_id": instance.user_id,
        "branch_id": instance.branch_id,
        "created_on_id": instance.branch_id,
        "space_id": instance.space_id,
    }


def insert_record(session: Session, record: Registry) -> None:
    """Insert a new record; it has its id afterwards."""
    session.add(record)
    session.flush([record])


def insert_records(session: Session, records: Sequence[Registry]) -> None:
    """Insert many new records of one registry at once; each stands for its row afterwards.

    Their uids must be set: by them the new ids are found, since many rows that hand their ids back
    go out one by one on SQLite.
    """
    if not records:
        return
    table: Any = type(records[0]).__table__
    rows = [{column.key: _value(record, column) for column in table.c if column.key != "id"} for record in records]
    if len(rows) == 1:
        become_row(records[0], {**rows[0], "id": insert_one(session, table, rows[0])})
        return
    insert_many(session, table, rows, shared={})
    ids: dict[str, int] = {}
    for begin in range(0, len(rows), _CHUNK):
        uids = [row["uid"] for row in rows[begin : begin + _CHUNK]]
        ids.update(session.execute(select(table.c.uid, table.c.id).where(table.c.uid.in_(uids))).tuples().all())
    for record, row in zip(records, rows, strict=True):
        become_row(record, {**row, "id": ids[row["uid"]]})


def _value(record: Registry, column: Any) -> Any:
    """What a new row holds: the record's value, or the column's default."""
    value = getattr(record, column.key)
    return default_of(column) if value is None else value


def update_record(session: Session, record: Registry, new: Mapping[str, Any]) -> None:
    """Write changed fields of a saved record.

    Raises:
        Locked: the row is locked, and the change is not to unlock it.
        NotFound: the row is gone.
    """
    registry = type(record)
    row_id = record.id
    if issubclass(registry, Owned):
        locked = session.scalar(select(registry.is_locked).where(registry.id == row_id))
        if locked is None:
            find_row(session, registry, row_id)
        if locked and new != {"is_locked": False}:
            raise Locked(f"{record!r} is locked. Unlock it first: record.is_locked = False; record.save()")
    session.execute(update(registry).where(registry.id == row_id).values(**new))
    for name, value in new.items():
        set_committed_value(record, name, value)
