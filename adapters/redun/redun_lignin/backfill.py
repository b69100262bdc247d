"""The doors "reconcile" and "import": executions from redun's own database, as the live hooks would have told them.

redun keeps arguments and results pickled, and they are read as `redun log` reads them: point it at databases that you
trust. A relative path is taken from the folder that holds `.redun` (or the database), as redun itself wrote it.
"""

import contextlib
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from redun.backends.db import RedunBackendDb, RedunDatabaseError
from redun.cli import RedunClientError, get_config_dir, setup_config
from redun.config import create_config_section
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lignin.base.clock import now
from lignin.base.errors import LigninError, NotFound, UsageError
from lignin.base.redact import redact_url
from lignin.recording import Recorder, RunStatus
from redun_lignin.database import Reading, executions, last_sign, read_execution
from redun_lignin.live import reference_of
from redun_lignin.marks import is_over, is_whole
from redun_lignin.settings import Settings
from redun_lignin.tell import Closing, tell

__all__ = ["read"]

# redun notes a sign of life every 20 seconds while it waits; one event may keep it from that for a while.
_SILENCE = timedelta(minutes=10)
_FOLDER, _FILE = ".redun", "redun.ini"


def read(target: str | None, *, recorder: Recorder, since: datetime | None, closing: bool) -> None:
    """Tell `recorder` every execution in a redun database.

    Args:
        target: the database's URL or file, or a folder with a `redun.ini` in it or in its `.redun`; by default what
            `redun log` would show here.
        recorder: what is told.
        since: leave out executions that began before.
        closing: end those that were left open and whose process is gone. An import says so as well: what redun's
            database has open for ever is over in the same way.

    Raises:
        NotFound: there is no such database.
        UsageError: it is not one of redun's, or of a version that the installed redun does not read.
        LigninError: it can't be reached.
    """
    section, base, settings = _locate(target)
    backend = RedunBackendDb(config=section)
    with _standing_in(base):
        try:
            backend.load(migrate=False)
            reference = reference_of(backend.db_uri)
            with backend.Session() as session:
                for execution_id in executions(session, since=since):
                    _read_one(session, execution_id, recorder=recorder, reference=reference, hidden=settings.hide_helpers)
                    session.expunge_all()
        except RedunDatabaseError as e:
            raise UsageError(f"can't read {_name(backend)}: {e}. Bring it to the version of the installed redun with: redun db upgrade") from e
        except SQLAlchemyError as e:
            raise LigninError(f"can't read redun's database {_name(backend)}: {str(e).splitlines()[0]}") from e
        finally:
            if backend.session is not None:
                backend.session.close()
            if backend.engine is not None:
                backend.engine.dispose()


def _read_one(session: Session, execution_id: str, *, recorder: Recorder, reference: str | None, hidden: bool) -> None:
    reading = read_execution(session, execution_id, reference=reference, hidden=hidden)
    if reading is None or "--dryrun" in reading.execution.argv or is_whole(execution_id, jobs=len(reading.jobs)):
        return
    for event in tell(reading, hidden=hidden, closing=_closing(session, reading)):
        recorder.record(event)


def _closing(session: Session, reading: Reading) -> Closing | None:
    """The end of an execution that has none and whose process is gone."""
    if reading.execution.root.ended_at is not None:
        return None
    seen, over = last_sign(session, reading), is_over(reading.execution.id)
    if over or (over is None and now() - seen > _SILENCE):
        return Closing(status=RunStatus.CRASHED, at=seen, error="its process ended without a word")
    return None


def _locate(target: str | None) -> tuple[Any, Path, Settings]:
    """The section `[backend]` of the database's configuration, the folder that relative paths are of, and our settings."""
    if target is not None and "://" in target:
        url = make_url(target)
        name = url.database if url.get_backend_name() == "sqlite" else None
        return _section(target), _base(Path(name).absolute()) if name else Path.cwd(), Settings()
    place = Path(target or get_config_dir()).absolute()
    if place.is_file() and place.name != _FILE:
        return _section(f"sqlite:///{place}"), _base(place), Settings()
    folder = place.parent if place.is_file() else place
    found = next((f for f in (folder, folder / _FOLDER) if (f / _FILE).is_file()), None)
    if found is None:
        raise NotFound(f"there is no redun database at {place}: give its URL or file, or the folder that holds {_FOLDER}/{_FILE}")
    try:
        config = setup_config(str(found), initialize=False)
    except (RedunClientError, OSError, ValueError) as e:
        raise UsageError(f"can't read {found / _FILE}: {e}") from e
    own = config.get("lignin")
    return config["backend"], found.parent if found.name == _FOLDER else found, Settings.parse(dict(own) if own else None)


def _section(db_uri: str) -> Any:
    url = make_url(db_uri)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        # Else SQLite would make an empty one.
        raise NotFound(f"there is no redun database {redact_url(db_uri)}")
    return create_config_section({"db_uri": db_uri})


def _base(database: Path) -> Path:
    return database.parent.parent if database.parent.name == _FOLDER else database.parent


@contextlib.contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    """Relative paths and the modules of the workflow's classes are found as redun found them."""
    sys.path.append(str(folder))
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.path.remove(str(folder))


def _name(backend: RedunBackendDb) -> str:
    return redact_url(backend.db_uri)
