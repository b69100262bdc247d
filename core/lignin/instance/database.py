"""The database behind an instance: connections and transactions, alike on SQLite and PostgreSQL."""

import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakSet

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, StatementError
from sqlalchemy.orm import Session

from lignin.base.errors import LigninError, MissingExtra, UsageError
from lignin.base.ids import derived_uid
from lignin.base.redact import redact_url
from lignin.instance.outage import Outage, explained, is_away, may_pass, met

__all__ = ["RECORDER", "Database", "sqlite_path"]

# The lock of who brings events into the catalogue. One batch can touch any row, so that two would soon wait for each other.
RECORDER = "recorder"

T = TypeVar("T")

_LOCK = text("select pg_advisory_xact_lock(number) from unnest(cast(:numbers as bigint[])) as number")
_LOCKS = 1024
_FIRST_LOCK = 7265117 * _LOCKS
_BUSY_MS = 60_000
_POOL_SECONDS = 300
_TRIES = 8
# "sorry, too many clients already", "remaining connection slots are reserved for roles with …", "too many connections for role/database".
_FULL = ("too many clients", "connection slots", "too many connections")
# A server that does not answer at all must not hold a call for ever; a URL may say otherwise.
_PATIENCE = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}


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
        with self._explaining("compare with"), Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            self._connect(session)
            yield session

    def read(self, work: Callable[[Session], T]) -> T:
        """Run `work`, which only reads, and again where the server went away meanwhile."""
        outage = Outage(self.url)
        while True:
            try:
                with self._explaining("compare with", unless_away=True), Session(self.engine, expire_on_commit=False, autoflush=False) as session:
                    return work(session)
            except DBAPIError as e:
                outage.wait(e)

    def await_server(self) -> None:
        """See that the database answers; a PostgreSQL server that is restarted is waited for.

        Raises:
            LigninError: it does not.
        """
        with self.reading():
            pass

    def _connect(self, session: Session) -> None:
        outage = Outage(self.url)
        while True:
            try:
                # The pool asks the server before it hands a connection out.
                session.connection()
            except DBAPIError as e:
                if not is_away(e):
                    raise
                session.rollback()
                outage.wait(e)
            else:
                return

    @contextmanager
    def _explaining(self, verb: str, *, unless_away: bool = False) -> Iterator[None]:
        """The driver's errors as ours; that the server is away passes as it is, where it is asked for."""
        try:
            yield
        except DBAPIError as e:
            if unless_away and is_away(e):
                raise
            raise self.explained(e) from e
        except (StatementError, OverflowError, UnicodeEncodeError) as e:
            raise UsageError(f"the database can't {verb} this value: {str(e).splitlines()[0]}") from e

    def transact(self, work: Callable[[Session], T]) -> T:
        """Run `work` in one write transaction; again where another writer got in between, or the server went away.

        `work` must not have effects outside the database. When the connection is lost during the commit, nobody
        knows whether it was done (the server's own number of a transaction may name another one after a crash);
        so `work` must find what it stored before, where it runs again.
        """
        if self.prepare is not None:
            with self._preparing:
                if self.prepare is not None:
                    self.prepare()
                    self.prepare = None
        return self.transact_unprepared(work)

    def transact_unprepared(self, work: Callable[[Session], T]) -> T:
        """The same for what `prepare` itself writes."""
        outage, attempt = Outage(self.url), 0
        while True:
            is_committing = False
            try:
                with Session(self._writer, expire_on_commit=False, autoflush=False) as session, session.begin():
                    result = work(session)
                    session.flush()
                    is_committing = True
            except DBAPIError as e:
                if is_away(e):
                    outage.is_in_doubt |= is_committing
                    outage.wait(e)
                    continue
                attempt += 1
                if attempt == _TRIES or not may_pass(e):
                    raise self.explained(e) from e
                # Those who met once must not meet again at the same moment.
                time.sleep(0.005 * 2**attempt * random.uniform(0.5, 1.5))
            except (StatementError, OverflowError, UnicodeEncodeError) as e:
                raise UsageError(f"the database can't take this value: {str(e).splitlines()[0]}") from e
            else:
                return result

    def lock(self, session: Session, *names: str) -> None:
        """Hold `names` until the transaction ends, so that writers of one family queue.

        SQLite has one writer at a time anyway; PostgreSQL takes advisory locks, in one statement and few
        enough for the server's table of locks: names that share a number queue too, which does no harm.
        Who takes several at different moments begins with `RECORDER`, then families of code, then others: their
        numbers lie in this order, so that no two writers wait for each other.
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
        return explained(error, self.url)

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
    if name == RECORDER:
        return _FIRST_LOCK - 1
    value = 0
    for character in derived_uid(name, length=10):
        value = value * 128 + ord(character)
    return _FIRST_LOCK + (0 if name.startswith("code:") else _LOCKS) + value % _LOCKS


def _open_sqlite(url: str) -> Engine:
    # Not read as a URL: a folder's name may hold a question mark.
    where = URL.create("sqlite", database=sqlite_path(url))
    # JSON as it is and not as `\\u00f6`: SQLite finds a name inside it only as it is written there.
    engine = create_engine(
        where,
        connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000},
        pool_timeout=_POOL_SECONDS,
        json_serializer=json.JSONEncoder(ensure_ascii=False).encode,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, and too late; see `_begin`.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"pragma busy_timeout={_BUSY_MS}")
        cursor.execute("pragma journal_mode=wal")
        # What was told as stored is there after a power cut, too; `normal` flushes only now and then.
        cursor.execute("pragma synchronous=full")
        cursor.execute("pragma foreign_keys=on")
        cursor.execute("pragma cache_size=-65536")
        # The ids that a condition finds are kept aside while a question is answered: half a million of them in a file take twice as long.
        cursor.execute("pragma temp_store=memory")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once when another wrote in
        # between; the busy timeout does not apply to it. So writers lock at the beginning.
        write = connection.get_execution_options().get("lignin_write")
        connection.exec_driver_sql("begin immediate" if write else "begin")

    return engine


def _open_postgres(url: str) -> Engine:
    told = url
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    if not url.startswith("postgresql+psycopg://"):
        raise UsageError(f"{redact_url(url)!a} is no database URL that can be opened: it is sqlite:///file.db or postgresql://user@host/name")
    try:
        asked = make_url(url).query
        patience = {name: value for name, value in _PATIENCE.items() if name not in asked}
        # A server has 100 connections for all: a process keeps one, and has more only while its threads need them.
        engine = create_engine(url, pool_pre_ping=True, pool_size=1, max_overflow=9, pool_timeout=_POOL_SECONDS, connect_args=patience)
    except ModuleNotFoundError as e:
        raise MissingExtra("PostgreSQL needs the driver psycopg. Install it with: pip install 'lignin[postgres]'") from e
    except (ArgumentError, ValueError) as e:
        raise UsageError(f"{redact_url(url)} is no database URL that can be opened: {e}") from e
    event.listen(engine, "do_connect", _connect_patiently)

    @event.listens_for(engine, "connect")
    def _note(_connection: Any, _record: Any) -> None:
        met(told)

    return engine


def _connect_patiently(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
    """Connect; where all of the server's connections are taken, as soon as somebody leaves one."""
    end = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            return dialect.connect(*arguments, **options)
        except dialect.loaded_dbapi.OperationalError as e:
            # There is no code before there is a connection; a server of another language is not waited for.
            if not any(word in str(e) for word in _FULL) or time.monotonic() > end:
                raise
            time.sleep(random.uniform(0.05, 0.5))
