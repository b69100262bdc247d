"""The database behind an instance: connections and transactions, alike on SQLite and PostgreSQL."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from weakref import WeakSet

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    StatementError,
)
from sqlalchemy.orm import Session

from lignin.base.errors import LigninError, MissingExtra, UsageError
from lignin.base.ids import derived_uid
from lignin.base.redact import redact_url

__all__ = ["Database", "sqlite_path"]

T = TypeVar("T")

_LOCK = text("select pg_advisory_xact_lock(number) from unnest(cast(:numbers as bigint[])) as number")
_LOCKS = 1024
_BUSY_MS = 60_000
_TRIES = 8
# Serialization failure, deadlock, no lock, a server that restarts, a name that another writer was first to take.
_PASSING = {"40001", "40P01", "55P03", "57P01", "57P02", "57P03", "23505"}


class Database:
    """A database, opened. Safe for threads; a forked child opens its own.

    Args:
        url: `sqlite:///path` or `postgresql://…`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        # What has to be known before the first write, by whichever thread makes it.
        self.prepare: Callable[[], object] | None = None
        self._preparing = threading.Lock()
        self.is_sqlite = url.startswith("sqlite:")
        self.engine = _open_sqlite(url) if self.is_sqlite else _open_postgres(url)
        # The same connections, whose transactions take the write lock when they begin.
        self._writer = self.engine.execution_options(lignin_write=True)
        _opened.add(self)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; what it loads stays usable afterwards."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            try:
                yield session
            except DBAPIError as e:
                raise self.explained(e) from e
            except (StatementError, OverflowError, UnicodeEncodeError) as e:
                raise UsageError(f"the database can't compare with this value: {str(e).splitlines()[0]}") from e

    def transact(self, work: Callable[[Session], T]) -> T:
        """Run `work` in one write transaction, and again where another writer got in between.

        `work` must not have effects outside the database.
        """
        if self.prepare is not None:
            with self._preparing:
                if self.prepare is not None:
                    self.prepare()
                    self.prepare = None
        return self.transact_unprepared(work)

    def transact_unprepared(self, work: Callable[[Session], T]) -> T:
        """The same for what `prepare` itself writes."""
        for attempt in range(_TRIES):
            try:
                with Session(self._writer, expire_on_commit=False, autoflush=False) as session, session.begin():
                    return work(session)
            except (IntegrityError, OperationalError) as e:
                if attempt == _TRIES - 1 or not _may_pass(e):
                    raise self.explained(e) from e
                time.sleep(0.01 * 2**attempt)
            except DBAPIError as e:
                raise self.explained(e) from e
            except (StatementError, OverflowError, UnicodeEncodeError) as e:
                raise UsageError(f"the database can't take this value: {str(e).splitlines()[0]}") from e
        raise AssertionError("the loop returns or raises")

    def lock(self, session: Session, *names: str) -> None:
        """Hold `names` until the transaction ends, so that writers of one family queue.

        SQLite has one writer at a time anyway; PostgreSQL takes advisory locks, in one statement and few
        enough for the server's table of locks: names that share a number queue too, which does no harm.
        """
        if self.is_sqlite:
            # A session begins with its first statement, and what comes after this call counts on the lock.
            session.connection()
            return
        numbers = sorted({_lock_number(name) for name in names})
        if numbers:
            session.execute(_LOCK, {"numbers": numbers})

    def explained(self, error: DBAPIError) -> LigninError:
        """A database error as one line that says what to do."""
        cause = str(error.orig).strip().split("\n")[0]
        place = redact_url(self.url)
        if isinstance(error, DataError):
            return UsageError(f"the database can't take this value, or compare with it: {cause}")
        if isinstance(error, IntegrityError):
            return UsageError(f"the database refused the change: {cause}")
        return LigninError(f"the database {place} did not answer as it should: {cause}. Look at it with: lignin doctor")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def forget(self) -> None:
        """Drop the connections without closing them: they belong to the process that forked this one."""
        self.engine.dispose(close=False)


_opened: WeakSet[Database] = WeakSet()


def _forget_all() -> None:
    """In a forked child: what it holds of the connections is its parent's, and the two would talk at once."""
    for database in tuple(_opened):
        database.forget()


os.register_at_fork(after_in_child=_forget_all)


def sqlite_path(url: str) -> str | None:
    """The file that a SQLite URL names; `None` for another database."""
    return url.partition("://")[2].removeprefix("/") if url.startswith("sqlite") else None


def _lock_number(name: str) -> int:
    value = 0
    for character in derived_uid(name, length=10):
        value = value * 128 + ord(character)
    return 7265117 * _LOCKS + value % _LOCKS


def _open_sqlite(url: str) -> Engine:
    # Not read as a URL: a folder's name may hold a question mark.
    where = URL.create("sqlite", database=sqlite_path(url))
    # As it is and not as `\\u00f6`: SQLite finds a name inside JSON only as it is written there.
    engine = create_engine(where, connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000}, json_serializer=partial(json.dumps, ensure_ascii=False))

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, and too late; see `_begin`.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"pragma busy_timeout={_BUSY_MS}")
        cursor.execute("pragma journal_mode=wal")
        cursor.execute("pragma synchronous=normal")
        cursor.execute("pragma foreign_keys=on")
        cursor.execute("pragma cache_size=-65536")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once when another wrote in
        # between; the busy timeout does not apply to it. So writers lock at the beginning.
        write = connection.get_execution_options().get("lignin_write")
        connection.exec_driver_sql("begin immediate" if write else "begin")

    return engine


def _open_postgres(url: str) -> Engine:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    if not url.startswith("postgresql+psycopg://"):
        raise UsageError(f"{redact_url(url)!a} is no database URL that can be opened: it is sqlite:///file.db or postgresql://user@host/name")
    try:
        return create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as e:
        raise MissingExtra("PostgreSQL needs the driver psycopg. Install it with: pip install 'lignin[postgres]'") from e
    except (ArgumentError, ValueError) as e:
        raise UsageError(f"{redact_url(url)} is no database URL that can be opened: {e}") from e


def _may_pass(error: DBAPIError) -> bool:
    if (state := getattr(error.orig, "sqlstate", None)) is not None:
        # PostgreSQL speaks the language of its server; its codes are the same everywhere.
        return state in _PASSING
    said = str(error.orig).lower()
    if isinstance(error, IntegrityError):
        return "unique" in said
    return any(word in said for word in ("locked", "busy", "deadlock", "serialize", "closed the connection", "terminating connection"))
