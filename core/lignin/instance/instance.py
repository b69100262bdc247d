"""An open instance: its database, its settings, and one line for each verb."""

from __future__ import annotations

import getpass
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.ids import new_uid
from lignin.base.settings import InstanceConfig, host_name, user_settings
from lignin.instance.change_schema import change_schema, optional_features
from lignin.instance.construct import construct
from lignin.instance.construct_folder import construct_folder
from lignin.instance.database import Database
from lignin.instance.delete import delete, restore
from lignin.instance.describe import describe
from lignin.instance.features import RecordFeatures
from lignin.instance.find_storage import find_storage
from lignin.instance.from_values import from_values
from lignin.instance.hierarchy import hierarchy
from lignin.instance.lazy import LazyArtifact
from lignin.instance.load import cache, load, open_artifact
from lignin.instance.look_up import look_up
from lignin.instance.members import Members, follow, members
from lignin.instance.move import move
from lignin.instance.notes import Notes
from lignin.instance.plan_move import MovePlan, plan_move
from lignin.instance.query import QuerySet
from lignin.instance.reach import path_of
from lignin.instance.replace import replace
from lignin.instance.runs import begin_run, end_run
from lignin.instance.save import save, save_many
from lignin.instance.schemas import inferred_features, inferred_schema
from lignin.instance.sheets import SheetImport, import_sheet, sheet_artifact, sheet_frame
from lignin.instance.specs import slots_of, spec_of
from lignin.instance.versions import versions
from lignin.model import (
    ALL_SPACE,
    MAIN,
    Artifact,
    Feature,
    Record,
    RecordList,
    Registry,
    Related,
    Run,
    Schema,
    Storage,
    User,
)
from lignin.recording import Code, RunStatus, Spool
from lignin.schema import LookedUp, SchemaSpec
from lignin.storage import Root

__all__ = ["Instance"]

R = TypeVar("R", bound=Registry)

_FRESH_SECONDS = 5.0


class Instance:
    """An open catalogue. Safe for threads.

    Attributes:
        config: where it is and what it is called.
        database: its database.
        branch_id, space_id: where new records go.
    """

    def __init__(self, config: InstanceConfig, database: Database) -> None:
        self.config = config
        self.database = database
        self.branch_id = MAIN
        self.space_id = ALL_SPACE
        self._user_id: int | None = None
        # Asked for inside a write transaction, it would wait for that very transaction.
        database.prepare = lambda: self.user_id
        self._storage: Storage | None = None
        self._managed: tuple[float, Sequence[Storage]] = (-math.inf, ())
        self.hints_at_similar_names = True
        self.run_ids: dict[str, int] = {}
        # Runs that began in the spool, while the database was away.
        self.spooled: set[str] = set()
        self.spools: dict[Path, Spool] = {}

    def close(self) -> None:
        """Close its connections."""
        self.database.close()
        for spool in self.spools.values():
            spool.close()

    @property
    def user_id(self) -> int:
        """The id of who works here: the `handle` of the user's settings, else the account's name."""
        if self._user_id is None:
            self._user_id = self.database.transact_unprepared(_find_user)
        return self._user_id

    @property
    def branches_in_sight(self) -> Sequence[int]:
        """The ids of the branches whose records are in scope: main, and the one that is worked on."""
        return sorted({MAIN, self.branch_id})

    @property
    def storage(self) -> Storage:
        """The default storage location."""
        if self._storage is None:
            root = Root.parse(self.config.storage_root)
            host = root.endpoint if root.is_remote else "" if self.config.db_in_folder else host_name()
            mine = select(Storage).where(Storage.root == root.url, Storage.host == host, Storage.branch_id > 0)
            self._storage = self.database.read(lambda session: session.scalars(mine).one_or_none())
            if self._storage is None:
                self._storage = Storage(root.text, host=host, instance_uid=self.config.uid)
                self.save(self._storage)
        return self._storage

    def use_storage(self, storage: Storage) -> None:
        """Make this the default storage location of this process."""
        self._storage = storage
        self.forget_storages()

    def managed_storages(self) -> Sequence[Storage]:
        """The local roots in which files stay where they are, the deepest first; asked every few seconds."""
        asked, held = self._managed
        default = self.storage
        if time.monotonic() - asked > _FRESH_SECONDS:
            mine = select(Storage).where(Storage.role == "managed", Storage.type == "local", Storage.host.in_(["", host_name()]), Storage.branch_id > 0)
            found = self.database.read(lambda session: session.scalars(mine).all())
            held = sorted((s for s in {default, *found} if s.type == "local"), key=lambda s: -len(s.root))
            self._managed = (time.monotonic(), held)
        return held

    def remote_storages(self) -> Sequence[Storage]:
        """All storage locations that are on no local disk."""
        remote = select(Storage).where(Storage.type != "local", Storage.branch_id > 0)
        return self.database.read(lambda session: session.scalars(remote).all())

    def forget_storages(self) -> None:
        """Ask again at the next save: a storage location was added or changed."""
        self._managed = (-math.inf, ())

    def query(self, registry: type[R]) -> QuerySet[R]:
        """All records of a registry."""
        return QuerySet(self, registry)

    def construct(self, record: Registry, data: Any, options: Mapping[str, Any]) -> None:
        """Inspect what a new record is made of."""
        construct(self, record, data, options)

    def construct_folder(self, folder: Any, *, key: str | None, options: Mapping[str, Any]) -> RecordList[Artifact]:
        """New artifacts, one for each file of a folder."""
        return construct_folder(self, folder, key=key, options=options)

    def lazy(self, *, suffix: str | None, options: Mapping[str, Any]) -> LazyArtifact:
        """A place in storage to write to, which becomes an artifact."""
        return LazyArtifact(self, suffix=suffix, options=options)

    def save(self, record: Registry, **options: Any) -> None:
        """Store one record."""
        save(self, record, **options)

    def save_many(self, records: Iterable[Registry]) -> None:
        """Store many records in few transactions."""
        save_many(self, records)

    def delete(self, record: Registry, *, permanent: bool | None = None, storage: bool | None = None) -> None:
        """Trash a record, or delete it for good."""
        delete(self, record, permanent=permanent, storage=storage)

    def restore(self, record: Registry) -> None:
        """Take a record out of the trash."""
        restore(self, record)

    def follow(self, record: Registry, relation: Related) -> Registry | None:
        """The record at the other end of a to-one relation."""
        return follow(self, record, relation)

    def move(self, artifacts: Iterable[Artifact], storage: Any) -> MovePlan:
        """Bring artifacts to a storage location, with their bytes."""
        return move(self, artifacts, storage)

    def plan_move(self, artifacts: Iterable[Artifact], storage: Any) -> MovePlan:
        """What that would do."""
        return plan_move(self, artifacts, find_storage(self, storage))

    def replace(self, artifact: Artifact, data: Any, options: Mapping[str, Any]) -> None:
        """Inspect the new content of an artifact."""
        replace(self, artifact, data, options)

    def members(self, record: Registry, relation: Related) -> Members:
        """The records at the other end of a to-many relation."""
        return members(self, record, relation)

    def features(self, record: Registry) -> RecordFeatures:
        """What is said of a record in values of features."""
        return RecordFeatures(self, record)

    def describe(self, record: Registry) -> str:
        """Print a record with its context."""
        return describe(self, record)

    def load(self, record: Any, **options: Any) -> Any:
        """An artifact, or all members of a collection, in memory."""
        return load(self, record, **options)

    def open(self, artifact: Artifact, *, mode: str = "r", **options: Any) -> Any:
        """An artifact without loading it."""
        return open_artifact(self, artifact, mode=mode, **options)

    def cache(self, artifact: Artifact, *, verify: bool = False, is_run_input: bool | Run | None = None) -> Path:
        """A local path with an artifact's bytes."""
        return cache(self, artifact, verify=verify, is_run_input=is_run_input)

    def path(self, artifact: Artifact) -> Any:
        """Where an artifact's bytes lie."""
        return path_of(self, artifact)

    def versions(self, record: Registry) -> QuerySet[Any]:
        """All versions of a record's family, the newest first."""
        return versions(self, record)

    def notes(self, record: Registry) -> Notes:
        """What people wrote about a record."""
        return Notes(self, record)

    def hierarchy(self, record: Registry, *, along: str, depth: int | None = None) -> QuerySet[Any]:
        """What is above or below a record, at any distance."""
        return hierarchy(self, record, along=along, depth=depth)

    def infer_features(self, data: Any, *, dtypes: Mapping[str, Any], type: Feature | None) -> Sequence[Feature]:  # noqa: A002 - as the field
        """A feature for each column of a table."""
        return inferred_features(self, data, dtypes=dtypes, type=type)

    def infer_schema(self, data: Any, *, name: str | None, dtypes: Mapping[str, Any]) -> Schema:
        """A schema that a table satisfies."""
        return inferred_schema(self, data, name=name, dtypes=dtypes)

    def slots(self, schema: Schema) -> Mapping[str, Schema]:
        """The schemas of a schema's parts."""
        return slots_of(self, schema)

    def spec_of(self, schema: Schema) -> SchemaSpec:
        """All that a schema checks, as a value."""
        return spec_of(self, schema)

    def change_schema(self, schema: Schema, *, act: str, features: Sequence[Any], optional: bool | None = None) -> None:
        """Change which features a schema lists."""
        change_schema(self, schema, act=act, features=features, optional=optional)

    def optional_features(self, schema: Schema) -> Sequence[Feature]:
        """The features of a schema that may be absent."""
        return optional_features(self, schema)

    def look_up(self, registry: type[Registry], values: Any, *, field: Any, within: Any) -> LookedUp:
        """Which values are terms of a registry, and what the others were meant to be."""
        return look_up(self, registry, values, field=field, within=within)

    def from_values(self, registry: type[R], values: Any, *, options: Mapping[str, Any]) -> Sequence[R]:
        """The records that values name, and new ones where asked for."""
        return from_values(self, registry, values, options=options)

    def import_sheet(self, data: Any, *, type: Record | str, dtypes: Mapping[str, Any]) -> SheetImport:  # noqa: A002 - as the field
        """The rows of a frame on their way into a sheet."""
        return import_sheet(self, data, type=type, dtypes=dtypes)

    def sheet_frame(self, sheet: Record, *, recurse: bool = False) -> Any:
        """A sheet as a frame."""
        return sheet_frame(self, sheet, recurse=recurse)

    def sheet_artifact(self, sheet: Record, *, key: str | None, recurse: bool) -> Artifact:
        """A sheet as an artifact."""
        return sheet_artifact(self, sheet, key=key, recurse=recurse)

    def start_run(self, *, code: Code, **options: Any) -> Run:
        """Begin a run of a script, notebook or function; options as in `runs.start_run`."""
        return begin_run(self, code=code, **options)

    def end_run(self, run: Run, *, status: RunStatus, **options: Any) -> None:
        """End a run that `start_run` began; options as in `runs.end_run`."""
        end_run(self, run, status=status, **options)


def _find_user(session: Session) -> int:
    settings = user_settings()
    handle = str(settings.get("handle") or _account())
    found = session.scalar(select(User.id).where(User.handle == handle))
    if found is not None:
        return found
    user = User(uid=new_uid(User.uid_length), handle=handle, name=settings.get("name"))
    session.add(user)
    session.flush()
    return user.id


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


