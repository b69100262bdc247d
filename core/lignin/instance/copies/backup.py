"""The catalogue in one file, whichever database it is in: a SQLite database with all tables.

Taken while others work, it is the state of one moment. Bytes in storage are no part of it.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import text

from lignin.base.errors import LigninError, NoInstance, StorageError, UsageError
from lignin.base.ids import new_uid
from lignin.base.settings import InstanceConfig
from lignin.instance.copies.tables import read_rows, replace_all, snapshot
from lignin.instance.database import Database
from lignin.instance.migrate import migrate
from lignin.instance.migrations import HEAD
from lignin.instance.open import create_tables
from lignin.instance.schema_version import check_version, schema_version
from lignin.model import fresh_tables
from lignin.storage import flush_file, flush_folder

__all__ = ["backup", "restore_backup"]

_BUSY_SECONDS = 60


def backup(database: Database, path: Path, *, force: bool = False) -> int:
    """Write the catalogue to a file; nothing is there, or the whole of it. Its size in bytes.

    Args:
        database: may have any schema that this code knows.
        path: the file.
        force: whether a file that is there is replaced.

    Raises:
        UsageError: a file is there already.
        StorageError: it can't be written.
        LigninError: the database can't be read.
    """
    try:
        path.exists()
    except OSError as e:
        raise StorageError(f"can't write the backup {path}: {e.strerror or e}. Nothing was written.") from e
    own = Path(str(database.engine.url.database)) if database.is_sqlite else None
    if own is not None and not own.is_file():
        raise NoInstance(f"the database {own} is not there. Bring it back with: lignin backup --restore FILE")
    if own is not None and path.exists() and path.samefile(own):
        raise UsageError(f"{path} is the catalogue itself. Give another name for its backup.")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already. Give another name, or replace it with: --force")
    version = schema_version(database)
    draft = path.with_name(f".{path.name}.{new_uid(6)}.part")
    try:
        # Others must not read it: parameters and sources are in it.
        draft.touch(mode=0o600)
        if own is not None:
            _copy_sqlite(own, draft)
        else:
            check_version(database)
            _copy_tables(database, draft, version=version)
        _settle(draft)
        draft.replace(path)
        flush_folder(path.parent)
    except (OSError, sqlite3.Error) as e:
        raise StorageError(f"can't write the backup {path}: {e}. Nothing was written.") from e
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                draft.with_name(draft.name + ending).unlink(missing_ok=True)
    return path.stat().st_size


def restore_backup(config: InstanceConfig, path: Path, *, force: bool = False) -> Mapping[str, int]:
    """Make the catalogue what it was when a backup was taken; the number of rows by table.

    One of an older schema is migrated on the way, in a copy. Where the database is lost, it is made anew.

    Args:
        config: the instance, on either back end.
        path: the backup.
        force: whether what is in the catalogue now is given up.

    Raises:
        UsageError: the catalogue is not empty.
        LigninError: the file is no backup, or does not fit; then nothing is changed.
    """
    if not path.is_file():
        raise UsageError(f"there is no backup {path}")
    with tempfile.TemporaryDirectory(prefix="lignin-") as folder:
        copy = Path(folder) / "backup.db"
        _check_backup(path)
        try:
            _copy_sqlite(path, copy)
        except (OSError, sqlite3.Error) as e:
            raise StorageError(f"can't read the backup {path}: {e}. Nothing was changed.") from e
        with closing(Database(f"sqlite:///{copy}")) as source:
            if schema_version(source) != HEAD:
                migrate(source)
            create_tables(config)
            with closing(Database(config.db_url)) as target, snapshot(source) as connection:
                check_version(target)
                return replace_all(target, lambda table: read_rows(connection, table), force=force)


def _check_backup(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro", uri=True)) as connection:
            said = [line for (line,) in connection.execute("pragma integrity_check(1)")]
    except sqlite3.Error as e:
        raise LigninError(f"{path} is no backup of a catalogue: {e}. Nothing was changed.") from e
    if said != ["ok"]:
        raise LigninError(f"the backup {path} is damaged: {said[0]}. Nothing was changed.")


def _copy_sqlite(source: Path, target: Path) -> None:
    """All pages of a database as they are at one moment; writers go on meanwhile."""
    with closing(sqlite3.connect(source, timeout=_BUSY_SECONDS)) as reader, closing(sqlite3.connect(target)) as writer:
        reader.backup(writer)


def _copy_tables(database: Database, draft: Path, *, version: str) -> None:
    """All rows of another database in a SQLite file, as they are at one moment."""
    with closing(Database(f"sqlite:///{draft}")) as target:
        with target.engine.execution_options(lignin_write=True).begin() as connection:
            fresh_tables().create_all(connection)
            connection.execute(text("create table alembic_version (version_num varchar(32) not null primary key)"))
            connection.execute(text("insert into alembic_version values (:v)"), {"v": version})
        with snapshot(database) as source:
            replace_all(target, lambda table: read_rows(source, table), force=True)


def _settle(draft: Path) -> None:
    """Make it one file that is on the disk, and see that it can be read."""
    with closing(sqlite3.connect(draft)) as connection:
        connection.execute("pragma journal_mode=delete")
        (said,) = connection.execute("pragma quick_check(1)").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(f"the catalogue is damaged: {said}. See: lignin fsck")
    flush_file(draft)


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
