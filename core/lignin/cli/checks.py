"""What `lignin doctor` looks at: each check yields sentences with a verdict, and mends nothing."""

import importlib
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from lignin import __version__
from lignin.base.errors import LigninError
from lignin.base.installed import entry_points, installed_packages
from lignin.base.redact import redact_text, redact_url
from lignin.base.settings import InstanceConfig, find_instance
from lignin.instance.database import Database
from lignin.instance.migrations import HEAD
from lignin.instance.schema_version import check_version
from lignin.recording.policy import FILE as POLICY
from lignin.recording.policy import Policy
from lignin.recording.spool import SUFFIX
from lignin.storage import Root, check_writable

__all__ = ["Check", "Verdict", "check_all"]

_EXTRAS = {"anndata": "anndata", "postgres": "psycopg", "prefect": "prefect", "s3": "s3fs", "snakemake": "snakemake"}
_SNAKEMAKE_PLUGIN = "snakemake_logger_plugin_lignin"
_MOST_SECONDS_APART = 5.0
_OLDEST_CLOCK = 1_700_000_000


class Verdict(StrEnum):
    """What a check came to. Only `wrong` makes the command fail."""

    GOOD = "good"
    NOTE = "note"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One sentence about one thing.

    Attributes:
        name: what was looked at, in a word or two: stable, for scripts.
        sentence: what was found, and what to do where it is wrong.
        verdict: what it came to.
    """

    name: str
    sentence: str
    verdict: Verdict


def check_all() -> Iterator[Check]:
    """Everything, from the ground up; what can't be looked at without an instance is left out."""
    yield from _check_python()
    try:
        config = find_instance()
    except LigninError as e:
        yield _wrong("instance", str(e))
    else:
        yield _good("instance", f"the instance here is {config.name!r} ({config.uid}) in {config.folder}")
        yield from _check_database(config)
        yield from _check_storage(config)
        yield from _check_spools(config)
        yield from _check_policy(config)
    yield from _check_clock()
    yield from _check_extras()
    yield from _check_plugins()


def _check_python() -> Iterator[Check]:
    yield _good("python", f"Lignin {__version__} runs on {platform.python_implementation()} {platform.python_version()}, {sys.executable}")


def _check_database(config: InstanceConfig) -> Iterator[Check]:
    place = redact_url(config.db_url)
    file = config.db_url.removeprefix("sqlite:///")
    if config.db_url.startswith("sqlite:") and not Path(file).is_file():
        yield _wrong("database", f"the database {file} is not there. Restore it from a backup, or make a new one with: lignin init")
        return
    try:
        with closing(Database(config.db_url)) as database:
            check_version(database)
            yield _good("database", f"{place} answers, at schema {HEAD}")
            yield from _check_sqlite(database) if database.is_sqlite else _check_server_clock(database)
    except (LigninError, SQLAlchemyError) as e:
        yield _wrong("database", " ".join(str(e).split()))


def _check_sqlite(database: Database) -> Iterator[Check]:
    with database.engine.connect() as connection:
        mode = connection.execute(text("pragma journal_mode")).scalar_one()
        sound = connection.execute(text("pragma quick_check(1)")).scalar_one()
    if mode == "wal":
        yield _good("journal", "many can write at a time: the database is in WAL mode")
    else:
        yield _wrong("journal", f"the database is in {mode} mode, so that writers block readers; is it on a network disk? Move it to a local one, or use PostgreSQL")
    if sound != "ok":
        yield _wrong("integrity", f"the database is damaged: {sound}. Restore it from a backup")


def _check_server_clock(database: Database) -> Iterator[Check]:
    with database.engine.connect() as connection:
        there = float(connection.execute(text("select extract(epoch from clock_timestamp())")).scalar_one())
        version = connection.execute(text("show server_version")).scalar_one()
    apart = abs(there - time.time())
    if apart > _MOST_SECONDS_APART:
        yield _warning("server clock", f"the clocks of this machine and of PostgreSQL {version} are {apart:.0f} seconds apart: runs would seem to start before their time")
    else:
        yield _good("server clock", f"the clock of PostgreSQL {version} agrees with this machine's")


def _check_storage(config: InstanceConfig) -> Iterator[Check]:
    where = Root.parse(config.storage_root)
    root = Path(where.url)
    if where.is_remote:
        yield _check_remote(where)
        return
    try:
        with tempfile.NamedTemporaryFile(dir=root, prefix=".lignin-doctor-"):
            pass
    except FileNotFoundError:
        if count := _count_stored(config):
            yield _wrong("storage", f"the storage {root} is not there, and {count} artifacts lie in it. Mount it, or check `storage` in {config.home / 'instance.toml'}")
        else:
            yield _good("storage", f"the storage {root} is made with the first save")
    except OSError as e:
        yield _wrong("storage", f"the storage {root} can't be written: {e.strerror or e}. Check its permissions and the room on its disk")
    else:
        yield _good("storage", f"the storage {root} can be written")


def _check_remote(where: Root) -> Check:
    try:
        check_writable(where.path())
    except LigninError as e:
        return _wrong("storage", str(e))
    return _good("storage", f"the storage {where.text} can be written")


def _count_stored(config: InstanceConfig) -> int:
    """How many artifacts lie in the default storage; none where the database does not say."""
    question = "select count(*) from artifact join storage on storage.id = artifact.storage_id where storage.root = :root and artifact.state = 'stored'"
    try:
        with closing(Database(config.db_url)) as database, database.engine.connect() as connection:
            return int(connection.execute(text(question), {"root": config.storage_root}).scalar_one())
    except (LigninError, SQLAlchemyError):
        return 0


def _check_spools(config: InstanceConfig) -> Iterator[Check]:
    waiting = sorted({path for folder in config.spools if folder.is_dir() for path in folder.glob(f"*{SUFFIX}")})
    if waiting:
        verb = "spool waits" if len(waiting) == 1 else "spools wait"
        yield _warning("spools", f"{len(waiting)} {verb} to be ingested, the first {waiting[0]}. Take them in with: lignin ingest --all")
    else:
        yield _good("spools", "no spool waits to be ingested")


def _check_policy(config: InstanceConfig) -> Iterator[Check]:
    path = config.folder / POLICY
    if not path.exists():
        return
    try:
        Policy.read(config.folder)
    except LigninError as e:
        yield _wrong("policy", str(e))
    else:
        yield _good("policy", f"the policy for pipelines is {path}")


def _check_clock() -> Iterator[Check]:
    with tempfile.NamedTemporaryFile(prefix="lignin-doctor-") as file:
        apart = abs(os.fstat(file.fileno()).st_mtime - time.time())
    if time.time() < _OLDEST_CLOCK:
        yield _wrong("clock", f"the clock says {time.strftime('%Y-%m-%d', time.gmtime())}, which has passed. Set it: runs are ordered by it")
    elif apart > _MOST_SECONDS_APART:
        yield _warning("clock", f"files in {tempfile.gettempdir()} get a time {apart:.0f} seconds from this machine's")
    else:
        yield _good("clock", f"the clock says {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, and files agree")


def _check_extras() -> Iterator[Check]:
    versions = {package.name: package.version for package in installed_packages()}
    for extra, package in _EXTRAS.items():
        if package in versions:
            yield _good(f"extra {extra}", f"{package} {versions[package]} is installed")
        else:
            yield Check(name=f"extra {extra}", sentence=f"{package} is not installed; where it is needed: pip install 'lignin[{extra}]'", verdict=Verdict.NOTE)


def _check_plugins() -> Iterator[Check]:
    """Whether the engines that are installed here would find Lignin."""
    installed = {package.name for package in installed_packages()}
    for point in entry_points("lignin.engines"):
        if point.name in installed:
            yield from _check_import(f"plug-in {point.name}", point.value.partition(":")[0], engine=point.name)
    if "snakemake" in installed:
        yield from _check_import("plug-in snakemake", _SNAKEMAKE_PLUGIN, engine="snakemake")


def _check_import(name: str, module: str, *, engine: str) -> Iterator[Check]:
    try:
        importlib.import_module(module)
    except ImportError as e:
        yield _wrong(name, redact_text(f"{engine} can't load {module}: {e}. Install them together: pip install 'lignin[{engine}]'"))
    else:
        yield _good(name, f"{engine} finds {module}")


def _good(name: str, sentence: str) -> Check:
    return Check(name=name, sentence=sentence, verdict=Verdict.GOOD)


def _warning(name: str, sentence: str) -> Check:
    return Check(name=name, sentence=sentence, verdict=Verdict.WARNING)


def _wrong(name: str, sentence: str) -> Check:
    return Check(name=name, sentence=sentence, verdict=Verdict.WRONG)
