"""All rows of all tables, from one database to another: ids kept, in one transaction on either side.

JSON travels as text, so that an empty value and JSON's own `null` stay apart.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Insert,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError

from lignin.base.errors import LigninError, UsageError
from lignin.base.redact import redact_url
from lignin.instance.database import Database
from lignin.model import Registry
from lignin.model.types import JsonObject

__all__ = ["Rows", "catalogue_tables", "is_json", "read_rows", "replace_all", "snapshot"]

BATCH = 5_000
# What a new catalogue has too: it still counts as empty.
_BUILT_IN = {"account", "branch", "space", "storage"}

Rows = Iterable[Sequence[Mapping[str, Any]]]


def catalogue_tables() -> Sequence[Table]:
    """All tables, those first that others refer to."""
    return Registry.metadata.sorted_tables


def is_json(column: Column[Any]) -> bool:
    """Whether a column holds JSON."""
    return isinstance(column.type, JsonObject)


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """A connection that sees one state of the database until it is closed, whatever others write meanwhile."""
    options: dict[str, Any] = {} if database.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        with database.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection
    except DBAPIError as e:
        raise database.explained(e) from e


def read_rows(connection: Connection, table: Table) -> Iterator[Sequence[Mapping[str, Any]]]:
    """All rows of a table in the order of its key, in batches; JSON as text."""
    is_sqlite = connection.dialect.name == "sqlite"
    columns = [(type_coerce(c, Text) if is_sqlite else cast(c, Text)).label(c.name) if is_json(c) else c for c in table.c]
    result = connection.execute(select(*columns).order_by(*table.primary_key.columns), execution_options={"yield_per": BATCH})
    for batch in result.partitions():
        yield [dict(row._mapping) for row in batch]


def replace_all(database: Database, rows_of: Callable[[Table], Rows], *, force: bool) -> Mapping[str, int]:
    """Make these the rows of all tables, in one transaction.

    Args:
        database: has the newest schema.
        rows_of: the rows of a table, in batches, as `read_rows` gives them.
        force: whether what is there already is given up.

    Returns:
        the number of rows, by table.

    Raises:
        UsageError: the catalogue is not empty.
        LigninError: a row does not fit; then nothing is changed.
    """
    try:
        with database.engine.execution_options(lignin_write=True).begin() as connection:
            keys = _hold(connection)
            _make_empty(connection, database, force=force)
            counts = {table.name: _fill(connection, table, rows_of(table)) for table in catalogue_tables()}
            for statement in keys:
                connection.execute(text(statement))
            if not database.is_sqlite:
                _reset_sequences(connection)
    except DBAPIError as e:
        raise _not_taken(database, e) from e
    return counts


def _not_taken(database: Database, error: DBAPIError) -> LigninError:
    cause = str(error.orig).strip().split("\n")[0]
    return LigninError(f"{redact_url(database.url)} does not take these rows, and nothing was changed: {cause}")


def _hold(connection: Connection) -> Sequence[str]:
    """Lock all tables, and let rows come in any order; returns what makes the foreign keys again."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("pragma defer_foreign_keys=on"))
        return ()
    quoted = connection.dialect.identifier_preparer.quote
    names = sorted(table.name for table in catalogue_tables())
    connection.execute(text(f"lock table {', '.join(map(quoted, names))} in access exclusive mode"))
    again = []
    for name in names:
        for key in inspect(connection).get_foreign_keys(name):
            own, theirs = (", ".join(map(quoted, key[end])) for end in ("constrained_columns", "referred_columns"))
            ondelete = f" on delete {key['options']['ondelete']}" if key.get("options", {}).get("ondelete") else ""
            constraint = quoted(str(key["name"]))
            again.append(f"alter table {quoted(name)} add constraint {constraint} foreign key ({own}) references {quoted(key['referred_table'])} ({theirs}){ondelete}")
            connection.execute(text(f"alter table {quoted(name)} drop constraint {constraint}"))
    return again


def _make_empty(connection: Connection, database: Database, *, force: bool) -> None:
    for table in catalogue_tables():
        if not force and table.name not in _BUILT_IN and connection.execute(select(1).select_from(table).limit(1)).first():
            raise UsageError(f"{redact_url(database.url)} is not empty: its table {table.name} has rows. Use an empty catalogue, or give up what is there with: --force")
    for table in reversed(catalogue_tables()):
        connection.execute(delete(table))


def _fill(connection: Connection, table: Table, batches: Rows) -> int:
    statement, count = _insert(connection, table), 0
    for batch in batches:
        if batch:
            connection.execute(statement, [{f"new_{name}": value for name, value in row.items()} for row in batch])
            count += len(batch)
    return count


def _insert(connection: Connection, table: Table) -> Insert:
    # Under other names: those of the columns would be taken for values of their own types.
    values: dict[str, Any] = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in table.c}
    for column in table.c:
        if is_json(column):
            given = bindparam(f"new_{column.name}", type_=Text())
            values[column.name] = given if connection.dialect.name == "sqlite" else cast(given, _jsonb())
    return insert(table).values(values)


def _jsonb() -> Any:
    # Only users of PostgreSQL load its module.
    return import_module("sqlalchemy.dialects.postgresql").JSONB()


def _reset_sequences(connection: Connection) -> None:
    """Let each table count on from its highest id."""
    for table in catalogue_tables():
        if "id" in table.c:
            highest = connection.scalar(select(func.max(table.c.id))) or 0
            sequence = select(func.setval(func.pg_get_serial_sequence(table.name, "id"), max(highest, 1), highest > 0))
            connection.execute(sequence)
