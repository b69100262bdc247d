"""Inserts on both back ends, of many rows at once.

SQLAlchemy's own way to the driver takes as long for a row as SQLite takes to write it, so the statement
is made once for a table and its fields, and each column is converted as one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from itertools import repeat
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Double,
    Integer,
    String,
    Table,
    insert,
)
from sqlalchemy.orm import Session

from lignin.model.types import JsonObject

__all__ = ["default_of", "insert_columns", "insert_ignore", "insert_many", "insert_one"]

# What PostgreSQL calls the types of columns that are handed over as arrays.
_ARRAYS: Mapping[type[Any], str] = {BigInteger: "bigint", Boolean: "boolean", Double: "double precision", Integer: "integer", JsonObject: "text", String: "text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """An insert as the driver takes it.

    Attributes:
        text: the SQL.
        names: its parameters, in their order.
        is_positional: whether the driver takes them by their place.
        convert: for each what brings a value to the driver's form, where one is needed.
    """

    text: str
    names: tuple[str, ...]
    is_positional: bool
    convert: tuple[Callable[[Any], Any] | None, ...]


def insert_ignore(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the same fields; those that would break a unique constraint are left out."""
    _insert(session, table, rows, shared={}, ignores=True)


def insert_many(session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *, shared: Mapping[str, Any]) -> None:
    """Insert rows of the same fields, each with what all of them share.

    What neither names gets its default, which is made once for all rows.
    """
    _insert(session, table, rows, shared=shared, ignores=False)


def insert_columns(session: Session, table: Any, columns: Mapping[str, Sequence[Any]], *, shared: Mapping[str, Any]) -> None:
    """Insert many rows that come column by column, each with what all of them share; what neither names gets its default.

    PostgreSQL gets each column as one array, in a single statement: rows sent one after the other take ten times as long.
    """
    count = len(next(iter(columns.values())))
    if not count:
        return
    connection = session.connection()
    alike = {column.key: default_of(column) for column in table.c if column.default is not None}
    fixed = {name: value for name, value in {**alike, **shared}.items() if name not in columns}
    if connection.dialect.name == "sqlite":
        statement = _statement(connection.dialect, table, (*columns, *fixed), False)
        given: list[Iterable[Any]] = []
        for name, convert in zip(statement.names, statement.convert, strict=True):
            if name in fixed:
                given.append(repeat(convert(fixed[name]) if convert else fixed[name], count))
            else:
                given.append(map(convert, columns[name]) if convert else columns[name])
        connection.exec_driver_sql(statement.text, list(zip(*given, strict=True)))
    else:
        _insert_arrays(connection, table, columns, fixed)


def _insert_arrays(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]], fixed: Mapping[str, Any]) -> None:
    dialect = connection.dialect
    quoted = dialect.identifier_preparer.quote
    arrays, selected, values = [], [], {}
    for name, given in columns.items():
        kind: Any = table.c[name].type
        convert = kind.dialect_impl(dialect).bind_processor(dialect)
        arrays.append(f"%({name})s::{next(told for of, told in _ARRAYS.items() if isinstance(kind, of))}[]")
        selected.append(f"u.{quoted(name)}::jsonb" if isinstance(kind, JsonObject) else f"u.{quoted(name)}")
        values[name] = [json.dumps(value) for value in given] if isinstance(kind, JsonObject) else list(map(convert, given) if convert else given)
    for name, value in fixed.items():
        convert = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        selected.append(f"%({name})s")
        values[name] = convert(value) if convert else value
    names = ", ".join(map(quoted, (*columns, *fixed)))
    source = f"unnest({', '.join(arrays)}) as u({', '.join(map(quoted, columns))})"
    connection.exec_driver_sql(f"insert into {quoted(table.name)} ({names}) select {', '.join(selected)} from {source}", values)


def insert_one(session: Session, table: Table, row: Mapping[str, Any]) -> int:
    """Insert a row that names all fields but its id; returns that."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        (row_id,) = connection.execute(insert(table), row).inserted_primary_key or (None,)
    else:
        statement = _statement(connection.dialect, table, tuple(row), False)
        values = tuple(convert(row[name]) if convert else row[name] for name, convert in zip(statement.names, statement.convert, strict=True))
        row_id = connection.exec_driver_sql(statement.text, values).lastrowid
    assert isinstance(row_id, int)
    return row_id


def default_of(column: Column[Any]) -> Any:
    """What a column holds in a new row that says nothing of it."""
    default: Any = column.default
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


def _insert(session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *, shared: Mapping[str, Any], ignores: bool) -> None:
    if not rows:
        return
    connection = session.connection()
    own = rows[0].keys()
    alike = {**{column.key: default_of(column) for column in table.c if column.default is not None}, **shared}
    fixed = {name: value for name, value in alike.items() if name not in own}
    statement = _statement(connection.dialect, table, (*own, *fixed), ignores)
    columns: list[Iterable[Any]] = []
    for name, convert in zip(statement.names, statement.convert, strict=True):
        if name in fixed:
            columns.append(repeat(convert(fixed[name]) if convert else fixed[name], len(rows)))
        else:
            values = map(itemgetter(name), rows)
            columns.append(map(convert, values) if convert else values)
    parameters = zip(*columns, strict=True)
    listed = list(parameters) if statement.is_positional else [dict(zip(statement.names, values, strict=True)) for values in parameters]
    connection.exec_driver_sql(statement.text, listed)


@lru_cache(maxsize=128)
def _statement(dialect: Dialect, table: Table, names: tuple[str, ...], ignores: bool) -> _Statement:  # noqa: FBT001 - part of the cache's key
    # Each back end's own module, which only its users load.
    made = import_module(f"sqlalchemy.dialects.{dialect.name}").insert(table).on_conflict_do_nothing() if ignores else insert(table)
    compiled: Any = made.compile(dialect=dialect, column_keys=list(names), for_executemany=True)
    order = tuple(compiled.positiontup or names)
    convert = tuple(table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order)
    return _Statement(text=str(compiled), names=order, is_positional=compiled.positional, convert=convert)
