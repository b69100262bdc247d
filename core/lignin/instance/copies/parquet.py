"""The catalogue as Parquet files, one for each table, and back again: between SQLite and PostgreSQL nothing is lost.

Beside them lies `catalogue.json`, written last: a folder without it is not whole. JSON columns are texts
in the files, times are in UTC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    String,
    Table,
)

from lignin.base.errors import FormatError, SchemaVersionError, StorageError, UsageError
from lignin.base.texts import MAX_INDEXED, problem_of_text, size_of
from lignin.instance.copies.tables import (
    catalogue_tables,
    is_json,
    read_rows,
    replace_all,
    snapshot,
)
from lignin.instance.database import Database
from lignin.instance.migrations import HEAD
from lignin.instance.schema_version import check_version

__all__ = ["export_parquet", "import_parquet"]

_CONTENTS = "catalogue.json"
_FORMAT = 1
_BATCH = 5_000
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def export_parquet(database: Database, folder: Path) -> Mapping[str, int]:
    """Write all tables as they are at one moment to a folder that is empty or not there; the number of rows by table.

    Raises:
        UsageError: something is in the folder.
        StorageError: it can't be written.
    """
    check_version(database)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty. Export to a new folder.")
        with snapshot(database) as connection:
            counts = {table.name: _write(connection, table, folder / f"{table.name}.parquet") for table in catalogue_tables()}
        contents = {"lignin": "catalogue", "format": _FORMAT, "schema": HEAD, "tables": counts}
        (folder / _CONTENTS).write_text(json.dumps(contents, indent=1) + "\n", encoding="utf-8")
    except OSError as e:
        raise StorageError(f"can't export to {folder}: {e.strerror or e}") from e
    return counts


def import_parquet(database: Database, folder: Path, *, force: bool = False) -> Mapping[str, int]:
    """Fill an empty catalogue with what was exported, ids kept; the number of rows by table.

    Args:
        database: the catalogue.
        folder: what `export_parquet` wrote.
        force: whether what is in the catalogue now is given up.

    Raises:
        UsageError: the catalogue is not empty.
        FormatError: the folder holds no whole export.
        SchemaVersionError: it was made by a Lignin with another schema.
    """
    check_version(database)
    counts = _contents(folder)
    missing = [table.name for table in catalogue_tables() if table.name not in counts or not (folder / f"{table.name}.parquet").is_file()]
    if missing:
        raise FormatError(f"{folder} is no whole export: it lacks {', '.join(missing)}. Export again.")
    return replace_all(database, lambda table: _read(table, folder / f"{table.name}.parquet", expected=counts[table.name]), force=force)


def _contents(folder: Path) -> Mapping[str, int]:
    path = folder / _CONTENTS
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
        kind, form, schema, tables = (contents[name] for name in ("lignin", "format", "schema", "tables"))
        counts = {str(name): int(count) for name, count in tables.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise FormatError(f"{folder} holds no export of a catalogue: {path.name} is missing or can't be read ({e}). Make one with: lignin export") from e
    if kind != "catalogue" or form != _FORMAT:
        raise FormatError(f"{folder} is an export of a form that this Lignin does not know. Upgrade with: pip install --upgrade lignin")
    if schema != HEAD:
        raise SchemaVersionError(
            f"{folder} was exported with schema {schema}, this Lignin has {HEAD}. "
            "Import it with the Lignin that exported it, run `lignin migrate` with this one, and export again."
        )
    return counts


def _write(connection: Connection, table: Table, path: Path) -> int:
    pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    schema, count = pyarrow.schema([(column.name, _type(column)) for column in table.c]), 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in read_rows(connection, table):
            writer.write_batch(pyarrow.RecordBatch.from_pylist(list(batch), schema=schema))
            count += len(batch)
    return count


def _read(table: Table, path: Path, *, expected: int) -> Iterator[Sequence[Mapping[str, Any]]]:
    pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    count = 0
    try:
        with parquet.ParquetFile(path) as file:
            if set(file.schema_arrow.names) != set(table.c.keys()):
                raise FormatError(f"{path} has the columns {', '.join(file.schema_arrow.names)}, not those of the table {table.name}")
            for batch in file.iter_batches(batch_size=_BATCH):
                rows = batch.to_pylist()
                for row in rows:
                    _check(table, row, path)
                yield rows
                count += len(batch)
    except (OSError, pyarrow.ArrowException) as e:
        raise FormatError(f"can't read {path}: {e}. Export again.") from e
    if count != expected:
        raise FormatError(f"{path} has {count} rows, and {expected} were exported. Export again.")


def _check(table: Table, row: Mapping[str, Any], path: Path) -> None:
    """Refuse what SQLite would take and PostgreSQL not, or the other way round: a file may be anybody's."""
    for column in table.c:
        value = row[column.name]
        if value is None and column.nullable:
            continue
        kind = getattr(column.type, "impl_instance", column.type)
        if is_json(column):
            fits = isinstance(value, str) and _is_json(value)
        elif isinstance(kind, String):
            fits = isinstance(value, str) and problem_of_text(value) is None and (len(value) * 4 <= MAX_INDEXED or not column.index or size_of(value) <= MAX_INDEXED)
        elif isinstance(kind, Boolean):
            fits = isinstance(value, bool)
        elif isinstance(kind, Integer):
            fits = isinstance(value, int) and abs(value) < 2 ** (63 if isinstance(kind, BigInteger) else 31)
        else:
            fits = not isinstance(value, str | bytes)
        if not fits:
            raise FormatError(f"{path} can't be imported: {column.name} can't be {ascii(value)[:80]}. Nothing was changed. Export again.")


def _is_json(value: str) -> bool:
    # A NUL or half of a surrogate pair is written with a backslash, if at all.
    if problem_of_text(value) or (_ESCAPED.search(value) and problem_of_text(_texts_of(value))):
        return False
    try:
        json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _texts_of(value: str) -> str:
    """All texts in some JSON, with what their escapes stand for."""
    try:
        return json.dumps(json.loads(value), ensure_ascii=False).replace("\\u0000", "\0")
    except (ValueError, RecursionError):
        return ""


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _type(column: Column[Any]) -> Any:
    pyarrow = import_module("pyarrow")
    kind = getattr(column.type, "impl_instance", column.type)
    if is_json(column) or isinstance(kind, String):
        return pyarrow.string()
    known = ((Boolean, pyarrow.bool_()), (Integer, pyarrow.int64()), (Float, pyarrow.float64()), (DateTime, pyarrow.timestamp("us", tz="UTC")), (Date, pyarrow.date32()))
    return next(arrow for sql, arrow in known if isinstance(kind, sql))
