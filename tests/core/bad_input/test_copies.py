"""Backups and exports that are foreign, damaged or made up: refused, and the catalogue stays as it is."""

import json
import shutil
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lignin.base.errors import LigninError
from lignin.instance.copies import backup, export_parquet, import_parquet, restore_backup


@pytest.fixture
def place(changes_nothing, tmp_path):
    """A folder outside of the instance, and the instance."""
    return tmp_path / "copies", changes_nothing.instance


def _said(act):
    with pytest.raises(LigninError) as caught:
        act()
    said = str(caught.value)
    assert len(said) > 15
    assert "psycopg" not in said
    return said


def _table(folder, name):
    return pq.read_table(folder / f"{name}.parquet")


def _change(folder, name, column, value):
    """The first row of a table with another value, as text where it was none."""
    table = _table(folder, name)
    place = table.schema.get_field_index(column)
    values = [value, *table.column(column).to_pylist()[1:]]
    try:
        array = pa.array(values, type=table.schema.field(column).type)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        array = pa.array([None if v is None else str(v) for v in values])
    pq.write_table(table.set_column(place, column, array), folder / f"{name}.parquet")


def _contents(folder, **new):
    path = folder / "catalogue.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **new}))


DAMAGE = {
    "no contents": lambda f: (f / "catalogue.json").unlink(),
    "contents that are no JSON": lambda f: (f / "catalogue.json").write_text("{"),
    "contents of another kind": lambda f: (f / "catalogue.json").write_text("[]"),
    "contents with NUL": lambda f: (f / "catalogue.json").write_bytes(b"\0\xff"),
    "another program's": lambda f: _contents(f, lignin="other"),
    "a newer form": lambda f: _contents(f, format=2),
    "a newer schema": lambda f: _contents(f, schema="9999"),
    "counts that are no numbers": lambda f: _contents(f, tables={"artifact": "many"}),
    "no counts": lambda f: _contents(f, tables={}),
    "a missing table": lambda f: (f / "run.parquet").unlink(),
    "a table that is a folder": lambda f: ((f / "run.parquet").unlink(), (f / "run.parquet").mkdir()),
    "a table that is no parquet": lambda f: (f / "run.parquet").write_bytes(b"PAR1 no PAR1"),
    "an empty file": lambda f: (f / "run.parquet").write_bytes(b""),
    "a table that is cut off": lambda f: (f / "artifact.parquet").write_bytes((f / "artifact.parquet").read_bytes()[:-100]),
    "a byte that is turned": lambda f: _turn(f / "artifact.parquet"),
    "fewer rows": lambda f: pq.write_table(_table(f, "artifact").slice(1), f / "artifact.parquet"),
    "another table's columns": lambda f: shutil.copy(f / "run.parquet", f / "artifact.parquet"),
    "a uid twice": lambda f: _change(f, "artifact", "uid", _table(f, "artifact").column("uid")[1].as_py()),
    "an id twice": lambda f: _change(f, "artifact", "id", _table(f, "artifact").column("id")[1].as_py()),
    "no id": lambda f: _change(f, "artifact", "id", None),
    "a run that is not there": lambda f: _change(f, "artifact", "run_id", 99_999),
    "a number that is too large": lambda f: _change(f, "ulabel", "type_id", 2**40),
    "a text for a number": lambda f: _change(f, "artifact", "size", "big"),
    "JSON that is none": lambda f: _change(f, "run", "params", "{"),
    "JSON with NaN": lambda f: _change(f, "run", "params", '{"x": NaN}'),
    "JSON with NUL": lambda f: _change(f, "run", "params", '{"x": "a\\u0000b"}'),
    "JSON with half a pair": lambda f: _change(f, "run", "params", '{"x": "\\ud800"}'),
    "a text with NUL": lambda f: _change(f, "artifact", "description", "a\0b"),
    "a key that is too long": lambda f: _change(f, "artifact", "key", "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(4000))),
}  # fmt: skip


def _turn(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    data[-6] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.fixture(scope="session")
def exported(_opened, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "whole"
    export_parquet(_opened.database, folder)
    return folder


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_an_export_that_is_not_as_it_was_made_is_refused(place, exported, damage):
    folder, instance = place
    shutil.copytree(exported, folder)
    damage(folder)
    _said(lambda: import_parquet(instance.database, folder, force=True))


def test_an_export_that_is_as_it_was_made_is_taken(place):
    folder, instance = place
    export_parquet(instance.database, folder)
    assert "--force" in _said(lambda: import_parquet(instance.database, folder))
    import_parquet(instance.database, folder, force=True)


def _foreign(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table other (a)")


def _newer(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update alembic_version set version_num = '9999'")


def _without(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("drop table sighting")


def _dangling(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update artifact set storage_id = 99999")


BACKUPS = {
    "nothing": lambda p: p.unlink(),
    "an empty file": lambda p: p.write_bytes(b""),
    "a text": lambda p: p.write_text("no database at all " * 100),
    "a folder": lambda p: (p.unlink(), p.mkdir()),
    "a link that leads nowhere": lambda p: (p.unlink(), p.symlink_to("nowhere")),
    "a file that is cut off": lambda p: p.write_bytes(p.read_bytes()[:20_000]),
    "pages of zeros": lambda p: p.write_bytes(p.read_bytes()[:4096] + b"\0" * 40_960 + p.read_bytes()[45_056:]),
    "another program's database": lambda p: (p.unlink(), _foreign(p)),
    "a newer one": _newer,
    "one without a table": _without,
    "a storage that is not there": _dangling,
}


@pytest.mark.parametrize("damage", BACKUPS.values(), ids=BACKUPS.keys())
def test_a_backup_that_is_not_as_it_was_made_is_refused(place, damage):
    folder, instance = place
    folder.mkdir()
    path = folder / "copy.db"
    backup(instance.database, path)
    damage(path)
    _said(lambda: restore_backup(instance.config, path, force=True))


@pytest.mark.parametrize("target", ["missing/x.db", "", "n" * 300, "taken.db"])
def test_a_backup_is_not_written_where_it_can_not_be(place, monkeypatch, target):
    folder, instance = place
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path("taken.db").write_text("mine")
    _said(lambda: backup(instance.database, Path(target)))
    _said(lambda: backup(instance.database, Path("missing/x.db"), force=True))
    assert sorted(Path().iterdir()) == [Path("taken.db")]
    assert Path("taken.db").read_text() == "mine"
    assert import_module("lignin").Artifact.all().count() > 0
