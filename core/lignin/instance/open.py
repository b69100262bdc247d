"""Make an instance, open one, choose one."""

import os
import re
from contextlib import suppress
from pathlib import Path

from sqlalchemy import insert, inspect, text
from sqlalchemy.exc import DBAPIError

from lignin.base.errors import LigninError, NoInstance, StorageError, UsageError
from lignin.base.ids import derived_uid, new_uid
from lignin.base.ports import use
from lignin.base.redact import redact_url
from lignin.base.settings import InstanceConfig, find_instance, set_default
from lignin.base.texts import problem_of_name, problem_of_text
from lignin.instance.database import Database, sqlite_path
from lignin.instance.instance import Instance
from lignin.instance.migrations import HEAD
from lignin.instance.relocate import relocate
from lignin.instance.schema_version import check_version
from lignin.model import ALL_SPACE, ARCHIVE, MAIN, TRASH, Branch, Space, fresh_tables
from lignin.storage import Root, check_writable

__all__ = ["connect", "create_tables", "disconnect", "init", "open_instance", "provide"]

_PROVIDER = "lignin.instance"
_DATABASE = re.compile(r"sqlite:///.|postgres(ql)?(\+psycopg)?://.")


def provide(previous: Instance | None) -> Instance:
    """What `lignin.base.ports.current` calls: opens the instance of this place, or again after a fork."""
    if previous is not None:
        previous.database.forget()
        return open_instance(previous.config)
    return open_instance(find_instance())


def open_instance(config: InstanceConfig) -> Instance:
    """Open the instance of a configuration.

    Raises:
        SchemaVersionError: the database is older or newer than this code.
    """
    path = sqlite_path(config.db_url)
    if path is not None and not Path(path).is_file():
        raise NoInstance(f"the database {path} of the instance {config.name!r} is not there. Restore it, or make a new one with: lignin init")
    database = Database(config.db_url)
    try:
        check_version(database)
        relocate(database, config)
    except LigninError:
        database.close()
        raise
    return Instance(config, database)


def init(folder: str | Path | None = None, *, storage: str | Path | None = None, db: str | None = None, name: str | None = None) -> Instance:
    """Make an instance in a folder, or open the one that is there, and make it this process's own.

    Args:
        folder: the working directory by default; its `.lignin` holds the configuration.
        storage: root of the default storage location, a folder or `s3://bucket/prefix` (with `?endpoint_url=…` for
            a server that is not AWS); `.lignin/storage` by default.
        db: a database URL; by default SQLite in `.lignin/lignin.db`.
        name: the folder's name by default.

    Raises:
        StorageError: the storage can't be written; nothing was made.
        UsageError: an instance with another database or storage is there already.
    """
    place = _as_folder(folder)
    _check_options(storage=storage, db=db, name=name)
    if (place / ".lignin" / "instance.toml").is_file():
        held = InstanceConfig.read(place)
        _refuse_difference(held, storage=storage, db=db, name=name)
        return connect(place)
    if os.fsencode(place).decode(errors="replace") != str(place):
        raise UsageError(f"{str(place)!a} has a name that is no UTF-8, which no database takes. Rename the folder.")
    config = InstanceConfig(
        folder=place,
        uid=new_uid(12),
        name=name or place.name or "lignin",
        db=db or "sqlite:///.lignin/lignin.db",
        storage=_storage_root(place, storage),
    )
    if (where := Root.parse(config.storage_root)).is_remote:
        check_writable(where.path())
    was_there = config.home.exists()
    try:
        config.home.mkdir(parents=True, exist_ok=True)
        create_tables(config)
        config.write()
    except OSError as e:
        raise StorageError(f"can't make an instance in {place}: {e.strerror or e}. Choose a folder that you may write.") from e
    finally:
        if not was_there:
            # What is empty is of no use to the next try.
            with suppress(OSError):
                config.home.rmdir()
    instance = connect(place)
    instance.storage  # noqa: B018 - registers the default location
    return instance


def connect(target: str | Path | None = None, *, default: bool = False) -> Instance:
    """Open the instance of a folder and make it this process's own.

    Args:
        target: the folder that holds `.lignin`, or one below it; the working directory by default.
        default: make it the user's default too.
    """
    place = _as_folder(target, resolved=False)
    if not place.is_dir():
        raise NoInstance(f"{place} is no folder. Give the folder that holds .lignin, or make an instance with: lignin init")
    instance = open_instance(find_instance(place))
    use(_PROVIDER, instance)
    if default:
        set_default(instance.config.folder)
    return instance


def disconnect() -> None:
    """Forget this process's instance and the user's default."""
    use(_PROVIDER, None)
    set_default(None)


def _as_folder(folder: object, *, resolved: bool = True) -> Path:
    """A folder as a user names it; the working directory by default."""
    if folder is None:
        folder = "."
    if not isinstance(folder, str | os.PathLike) or "\0" in os.fsdecode(folder):
        raise UsageError(f"{folder!r} is no folder: it takes a path, without NUL")
    try:
        place = Path(folder).expanduser()
        place = place.resolve() if resolved else place.absolute()
        place.is_dir()
    except (OSError, RuntimeError) as e:
        raise StorageError(f"can't use the folder {folder}: {getattr(e, 'strerror', None) or e}. Choose another.") from e
    return place


def _check_options(*, storage: object, db: object, name: object) -> None:
    """Refuse what no instance can be made of, before anything is made."""
    if name is not None and (not isinstance(name, str) or problem_of_name(name) or len(name) > 255):
        raise UsageError(f"the name of an instance can't be {str(name)[:60]!r}: it is a text of 255 characters at most, without control characters")
    if storage is not None and (not isinstance(storage, str | os.PathLike) or not os.fspath(storage) or problem_of_text(str(storage))):
        raise UsageError(f"the storage can't be {str(storage)[:60]!r}: it is a folder or s3://bucket/prefix")
    if db is None:
        return
    known = isinstance(db, str) and problem_of_text(db) is None and _DATABASE.match(db)
    if not known or str(db).endswith(":memory:"):
        shown = redact_url(str(db))[:80]
        raise UsageError(f"{shown!a} is no database of an instance: it is sqlite:///file.db or postgresql://user@host/name")


def _storage_root(place: Path, storage: str | Path | None) -> str:
    if storage is None:
        return ".lignin/storage"
    text_ = str(storage)
    if "://" in text_:
        where = Root.parse(text_)
        if where.is_remote:
            return where.text
        text_ = where.url
    root = Path(text_).expanduser()
    absolute = Path(os.path.abspath(root))  # noqa: PTH100 - links stay as the user wrote them
    real = absolute.resolve()
    return str(real.relative_to(place)) if real.is_relative_to(place) else str(absolute)


def _refuse_difference(held: InstanceConfig, *, storage: str | Path | None, db: str | None, name: str | None) -> None:
    wanted = {"db": db, "name": name, "storage": None if storage is None else _storage_root(held.folder, storage)}
    for field, value in wanted.items():
        if value is not None and value != getattr(held, field):
            shown = redact_url(str(getattr(held, field)))
            raise UsageError(f"{held.folder} already holds the instance {held.name!r}, whose {field} is {shown}. Use it as it is, or init another folder.")


def create_tables(config: InstanceConfig) -> None:
    """All tables of the newest schema and the built-in rows, in a database that has none yet."""
    database = Database(config.db_url)
    try:
        if inspect(database.engine).has_table("alembic_version"):
            check_version(database)
            return
        with database.engine.execution_options(lignin_write=True).begin() as connection:
            if not database.is_sqlite:
                connection.execute(text("select pg_advisory_xact_lock(7265116)"))
            if inspect(connection).has_table("alembic_version"):
                return
            fresh_tables().create_all(connection)
            connection.execute(text("create table alembic_version (version_num varchar(32) not null primary key)"))
            connection.execute(text("insert into alembic_version values (:v)"), {"v": HEAD})
            for number, branch in ((MAIN, "main"), (ARCHIVE, "archive"), (TRASH, "trash")):
                connection.execute(insert(Branch).values(id=number, uid=derived_uid(branch, length=12), name=branch))
            connection.execute(insert(Space).values(id=ALL_SPACE, uid=derived_uid("all", length=12), name="all"))
            if not database.is_sqlite:
                for table in ("branch", "space"):
                    connection.execute(text(f"select setval(pg_get_serial_sequence('{table}', 'id'), 1)"))
    except DBAPIError as e:
        raise database.explained(e) from e
    finally:
        database.close()
