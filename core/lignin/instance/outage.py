"""What a database's errors mean, and how long to wait for a server that went away.

A PostgreSQL server that is restarted, or whose machine or network fails, is waited for: `LIGNIN_DB_WAIT`
seconds, 60 by default, counted anew for each call. When nobody came back in that time, later calls ask once and
fail at once, until one of them meets it again: a pipeline must not wait a minute at each of its steps.
A server that this process (or the run that started it) never met is not waited for: its address may be wrong.
"""

import os
import sqlite3
import time

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from lignin.base.errors import LigninError, UsageError
from lignin.base.messages import say
from lignin.base.redact import redact_url
from lignin.base.settings import seconds_of

__all__ = ["Outage", "explained", "is_away", "may_pass", "met", "wait_seconds"]

_DEFAULT_SECONDS = 60.0
_QUIET_SECONDS = 1.0
# Serialization failure, deadlock, no lock, a name that another writer was first to take.
_PASSING = {"40001", "40P01", "55P03", "23505"}
# Stopped by its administrator, by a crash, not there yet; 08: the connection.
_AWAY = ("57P01", "57P02", "57P03", "08")
# What a server says while it comes or goes, also to who is just connecting, where there is no code.
_COMING = ("starting up", "shutting down", "recovery", "not yet accepting", "terminating connection")
_SQLITE = {
    sqlite3.SQLITE_FULL: "its disk is full. Nothing of this change was stored. Make room, then do it again",
    sqlite3.SQLITE_IOERR: "its disk can't be written or read: it is full, over a quota, or failing. Nothing of this change was stored. Make room, then do it again",
    sqlite3.SQLITE_READONLY: "it is read-only. Nothing was stored. Give yourself the right to write the file and its folder, or mount the disk for writing",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened. SQLite writes beside the file even to read it, so its folder must be there and writable; else copy both to where they are",
}

_met: set[str] = set()
_given_up: set[str] = set()


class Outage:
    """Waits for the server of `url` through the failures of one call.

    Attributes:
        is_in_doubt: a commit was not answered, so that it may have been done.
    """

    def __init__(self, url: str) -> None:
        self.is_in_doubt = False
        self._url = url
        self._began = 0.0
        self._pause = 0.05
        self._told = False

    def wait(self, error: DBAPIError) -> None:
        """Wait a little, for another attempt.

        Raises:
            LigninError: it was waited for long enough.
        """
        now, limit = time.monotonic(), wait_seconds()
        if not self._began:
            self._began = now
        waited = now - self._began
        if waited >= limit or self._url in _given_up or not _is_known(self._url, error):
            if _is_known(self._url, error):
                _given_up.add(self._url)
            doubt = " The last change may or may not have been stored: do it again when the server is back, and look." if self.is_in_doubt else ""
            raise LigninError(f"{explained(error, self._url)}{doubt}") from error
        if waited > _QUIET_SECONDS and not self._told:
            self._told = True
            say("!", f"the database {redact_url(self._url)} went away; waiting for it, {limit:.0f} s at most (LIGNIN_DB_WAIT)")
        time.sleep(min(self._pause, max(0.0, limit - waited)))
        self._pause = min(self._pause * 1.5, 1.0)


def met(url: str) -> None:
    """Note that the server answers."""
    _met.add(url)
    _given_up.discard(url)


def wait_seconds() -> float:
    """How long a server that went away is waited for.

    Raises:
        UsageError: `LIGNIN_DB_WAIT` is no number of seconds.
    """
    return seconds_of("LIGNIN_DB_WAIT", default=_DEFAULT_SECONDS, may_be_zero=True)


def is_away(error: DBAPIError) -> bool:
    """Whether the server is not there, or no longer: another one of the same address may answer soon."""
    if isinstance(error.orig, sqlite3.Error):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_AWAY)
    said = str(error.orig)
    # A server that refuses the user, the password or the database does so again.
    return isinstance(error, OperationalError) and ("FATAL" not in said or any(word in said for word in _COMING))


def may_pass(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed when it is tried again: another writer was in between."""
    if (state := getattr(error.orig, "sqlstate", None)) is not None:
        # PostgreSQL speaks the language of its server; its codes are the same everywhere.
        return state in _PASSING
    said = str(error.orig).lower()
    if isinstance(error, IntegrityError):
        return "unique" in said
    return isinstance(error, OperationalError) and any(word in said for word in ("locked", "busy", "deadlock", "serialize"))


def explained(error: DBAPIError, url: str) -> LigninError:
    """A database error as one line that says what to do."""
    cause = str(error.orig).strip().split("\n")[0]
    place = redact_url(url)
    if isinstance(error, DataError):
        return UsageError(f"the database can't take this value, or compare with it: {cause}")
    if isinstance(error, IntegrityError):
        return UsageError(f"the database refused the change: {cause}")
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None and (known := _SQLITE.get(code & 0xFF)):
        return LigninError(f"the database {place} did not take the call: {known}. ({cause})")
    if is_away(error):
        return LigninError(f"the database {place} is away: {cause}. Start its server, or look at it with: lignin doctor")
    return LigninError(f"the database {place} did not answer as it should: {cause}. Look at it with: lignin doctor")


def _is_known(url: str, error: DBAPIError) -> bool:
    said = str(error.orig)
    return url in _met or "LIGNIN_RUN" in os.environ or any(word in said for word in _COMING)
