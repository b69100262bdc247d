"""One filled instance on each store for all cases of bad input: each case must leave it as it was."""

import os
import socket
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from sqlalchemy import text

from lignin.base import ports
from lignin.base.errors import LigninError

DATABASE = "lignin_bad_input"
# What SQLite keeps beside its file.
PASSING = (".db", ".db-wal", ".db-shm")


class World:
    """An instance with a record of each kind; they are loaded anew for each case, by name."""

    def __init__(self, instance: Any, ln: Any) -> None:
        self.instance = instance
        self.ln = ln
        self.folder = instance.config.folder

    @cached_property
    def artifact(self) -> Any:
        """The latest of two versions of `saved.txt`."""
        return self.ln.Artifact.get(key="saved.txt")

    @cached_property
    def old(self) -> Any:
        """Its first version."""
        return self.ln.Artifact.filter(key="saved.txt", is_latest=False).one()

    @cached_property
    def other(self) -> Any:
        """Another artifact."""
        return self.ln.Artifact.get(key="other.txt")

    @cached_property
    def trashed(self) -> Any:
        """An artifact in the trash."""
        return self.ln.Artifact.filter(key="trashed.txt", branch_id=-1).one()

    @cached_property
    def collection(self) -> Any:
        """A collection of `saved.txt` and `other.txt`."""
        return self.ln.Collection.get(key="both")

    @cached_property
    def label(self) -> Any:
        """A label, whose parent is `parent`, and whose type is `Cells`."""
        return self.ln.ULabel.get(name="T cell")

    @cached_property
    def parent(self) -> Any:
        """Its parent, of the same type."""
        return self.ln.ULabel.get(name="Lymphocyte")

    @cached_property
    def type(self) -> Any:
        """A type of labels."""
        return self.ln.ULabel.get(name="Cells")

    @cached_property
    def project(self) -> Any:
        """A project."""
        return self.ln.Project.get(name="Atlas")

    @cached_property
    def run(self) -> Any:
        """A run, whose parent is `outer_run`."""
        return self.ln.Run.get(name="inner")

    @cached_property
    def outer_run(self) -> Any:
        """A run that started another."""
        return self.ln.Run.get(name="outer")

    @cached_property
    def transform(self) -> Any:
        """A transform."""
        return self.ln.Transform.get(key="align.py")


def _fill(ln: Any) -> None:
    for name in ("saved", "other", "trashed", "new"):
        Path(f"{name}.txt").write_text(f"the content of {name}")
    ln.Artifact("other.txt", key="saved.txt").save()
    saved, other = ln.Artifact("saved.txt", key="saved.txt").save(), ln.Artifact("other.txt", key="other.txt").save()
    ln.Artifact("trashed.txt", key="trashed.txt").save().delete()
    cells = ln.ULabel(name="Cells", is_type=True).save()
    child, parent = ln.ULabel(name="T cell", type=cells).save(), ln.ULabel(name="Lymphocyte", type=cells).save()
    child.parents.add(parent)
    ln.ULabel(name="taken").save().delete()
    ln.ULabel(name="taken").save()
    saved.ulabels.add(child)
    ln.Project(name="Atlas").save()
    ln.Collection([saved, other], key="both").save()
    transform = ln.Transform(key="align.py", kind="script", source_code="pass").save()
    outer = ln.Run(name="outer", transform=transform).save()
    ln.Run(name="inner", transform=transform, parent=outer, params={"fdr": 0.05}).save()


def _make_odd_places() -> None:
    Path("empty").mkdir()
    Path("dangling").symlink_to("nowhere")
    Path("loop.txt").symlink_to("loop.txt")
    Path("ping.txt").symlink_to("pong.txt")
    Path("pong.txt").symlink_to("ping.txt")
    os.mkfifo("pipe")
    Path("pipes").mkdir()
    os.mkfifo("pipes/pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    Path("table.parquet").write_text("no parquet")
    Path("cells.h5ad").write_bytes(b"no hdf5")
    Path("bad.csv").write_bytes(b"\xff\xfe\x00\xff")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def _opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    home, ln = tmp_path_factory.mktemp("bad_input"), import_module("lignin")
    folder = home / "project"
    folder.mkdir()
    url = _new_database(request.getfixturevalue("postgres_server")) if request.param == "postgresql" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LIGNIN_HOME", str(home / "home"))
        instance = import_module("lignin.instance").init(folder, db=url, name="test")
        _fill(ln)
        _make_odd_places()
    yield instance
    instance.close()
    ports.use("lignin.instance", None)


def _new_database(server: str) -> str:
    scheme, _, rest = server.partition("://")
    plain = f"{scheme.partition('+')[0]}://{rest}"
    # Each worker of a session has its own.
    name = f"{DATABASE}_{os.getpid()}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@pytest.fixture
def world(_opened: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The filled instance, current and in the working directory, on both stores."""
    monkeypatch.chdir(_opened.config.folder)
    ports.use("lignin.instance", _opened)
    yield World(_opened, import_module("lignin"))
    ports.use("lignin.instance", None)


def _rows(instance: Any) -> dict[str, list[str]]:
    """All that is in the catalogue, as text."""
    names = [table.name for table in import_module("lignin.model").Registry.metadata.sorted_tables]
    with instance.database.engine.connect() as connection:
        if instance.database.is_sqlite:
            return {name: sorted(map(repr, connection.execute(text(f'select * from "{name}"')))) for name in names}
        whole = " union all ".join(f"select '{name}', t::text from \"{name}\" t" for name in names)
        found: dict[str, list[str]] = {}
        for name, row in connection.execute(text(whole)):
            found.setdefault(name, []).append(row)
        return {name: sorted(rows) for name, rows in found.items()}


def _files(instance: Any) -> list[tuple[str, int, int]]:
    found = sorted(p for p in instance.config.folder.rglob("*") if not p.name.endswith(PASSING))
    return [(str(p), (info := p.lstat()).st_size, info.st_mtime_ns) for p in found if not p.is_dir()]


# What each instance held after the last case: the next one begins with it.
_before: dict[str, tuple[dict[str, list[str]], list[tuple[str, int, int]]]] = {}


@pytest.fixture
def changes_nothing(world: World) -> Iterator[World]:
    """The filled instance; afterwards it must hold what it held: every row, every file."""
    uid = world.instance.config.uid
    held = _before.setdefault(uid, (_rows(world.instance), _files(world.instance)))
    yield world
    _before[uid] = _rows(world.instance), _files(world.instance)
    assert _before[uid][1] == held[1]
    assert _before[uid][0] == held[0]


@pytest.fixture
def refused(changes_nothing: World) -> Any:
    """`refused(act, *words)`: it raises an error of ours that says enough and holds the words, and nothing is stored."""

    def check(act: Any, *words: str) -> LigninError:
        with pytest.raises(LigninError) as caught:
            act(changes_nothing)
        said = str(caught.value)
        assert len(said) > 15, said
        assert "lignin doctor" not in said, f"the database complained, not we: {said}"
        for raw in ("psycopg", "sqlite3", "sqlalchemy", "constraint", "builtins", "Traceback", "the database refused"):
            assert raw not in said, said
        for word in words:
            assert word in said, said
        return caught.value

    return check
