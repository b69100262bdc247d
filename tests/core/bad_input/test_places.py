"""Instances that can't be made or opened: folders, database URLs, configuration files, the user's settings."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lignin.base.errors import LigninError
from lignin.base.settings import user_home
from lignin.instance import connect, disconnect, init

GOOD = {"uid": "a" * 12, "name": "n", "db": "sqlite:///.lignin/lignin.db", "storage": ".lignin/storage"}

MADE = [
    ({"folder": "file.txt"}, "file.txt"),
    ({"folder": "file.txt/inner"}, "file.txt"),
    ({"folder": "a\0b"}, "NUL"),
    ({"folder": 5}, "folder"),
    ({"folder": "loop"}, "loop"),
    ({"folder": "n" * 300}, "nnn"),
    ({"folder": "odd\udcff"}, "UTF-8"),
    ({"folder": "/proc/none"}, "/proc/none"),
    ({"name": 5}, "name"),
    ({"name": " "}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": "a\0b"}, "name"),
    ({"name": "\udcff"}, "name"),
    ({"name": "a\u202eb"}, "name"),
    ({"name": "x" * 300}, "name"),
    ({"db": ""}, "database"),
    ({"db": 5}, "database"),
    ({"db": "mysql://me:hunter2@host/db"}, "***"),
    ({"db": "lignin.db"}, "database"),
    ({"db": "sqlite://"}, "database"),
    ({"db": "sqlite:///"}, "database"),
    ({"db": "sqlite:///:memory:"}, "database"),
    ({"db": "sqlite:///a\0b"}, "database"),
    ({"db": "sqlite:////no/such/folder/lignin.db"}, "/no/such/folder"),
    ({"db": "sqlite:///file.txt"}, "file.txt"),
    ({"db": "postgresql://"}, "postgresql"),
    ({"db": "postgresql://me:hunter2@127.0.0.1:1/db"}, "***"),
    ({"db": "postgresql://me:hunter2@host:port/db"}, "***"),
    ({"db": "postgresql://[bad"}, "postgresql"),
    ({"storage": ""}, "storage"),
    ({"storage": 5}, "storage"),
    ({"storage": "a\0b"}, "storage"),
    ({"storage": "\udcff"}, "storage"),
    ({"storage": "gopher://host"}, "gopher"),
    ({"storage": "s3://"}, "bucket"),
    ({"storage": "s3://key:hunter2@bucket"}, "keys"),
    ({"storage": "s3://bucket?secret=hunter2"}, "secret"),
]
CONFIGS = [
    ("", "uid"),
    ("no toml at all [", "instance.toml"),
    ("uid = 5", "instance.toml"),
    ("[section]\n", "instance.toml"),
    (b"\xff\xfe\x00", "instance.toml"),
    (b"\0" * 100, "instance.toml"),
    ("uid = '''", "instance.toml"),
    ({**GOOD, "uid": ""}, "uid"),
    ({**GOOD, "uid": "../.."}, "uid"),
    ({**GOOD, "uid": "x" * 500}, "uid"),
    ({**GOOD, "db": "mysql://host/db"}, "mysql"),
    ({**GOOD, "db": "sqlite:///missing.db"}, "missing.db"),
    ({**GOOD, "db": "sqlite:///.lignin"}, ".lignin"),
    ({**GOOD, "db": "sqlite:///text.db"}, "text.db"),
    ({**GOOD, "db": "sqlite:///empty.db"}, "empty.db"),
    ({**GOOD, "db": "sqlite:///foreign.db"}, "foreign.db"),
    ({**GOOD, "db": "sqlite:///newer.db"}, "newer Lignin"),
    ({**GOOD, "db": "sqlite:///several.db"}, "several.db"),
    ({**GOOD, "db": ""}, "db"),
]
SETTINGS = ["{", "[]", "5", '"text"', "null", "{'a': 1}", b"\xff\xfe", '{"handle": 5}', '{"handle": ""}', '{"handle": "a\\u0000b"}', '{"handle": "\\udcff"}', '{"handle": " x"}', '{"handle": null, "name": 5}', '{"handle": ["x"]}', '{"handle": "' + "x" * 5000 + '"}', "[" * 100_000]  # fmt: skip


@pytest.fixture(autouse=True)
def _place(tmp_path, monkeypatch):
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path("file.txt").write_text("text")
    Path("loop").symlink_to("loop")


def _said(act):
    with pytest.raises(LigninError) as caught:
        act()
    said = str(caught.value)
    assert "hunter2" not in said
    assert "Traceback" not in said
    assert len(said) > 15
    return said


@pytest.mark.parametrize(("options", "word"), MADE, ids=lambda v: str(v)[:30])
def test_no_instance_is_made_and_nothing_is_left(options, word):
    said = _said(lambda: init(**options))
    assert word in said
    assert sorted(Path().rglob("*")) == [Path("file.txt"), Path("loop")]


@pytest.mark.parametrize(("text", "word"), CONFIGS, ids=lambda v: str(v)[:30])
def test_what_is_no_configuration_is_refused(text, word):
    Path(".lignin").mkdir()
    Path("text.db").write_text("this is no database, though it is long enough to be one" * 20)
    Path("empty.db").touch()
    for name, versions in (("foreign.db", None), ("newer.db", ["9999"]), ("several.db", ["0001", "0002"])):
        with closing(sqlite3.connect(name)) as connection, connection:
            connection.execute("create table other (a)" if versions is None else "create table alembic_version (version_num)")
            for version in versions or ():
                connection.execute("insert into alembic_version values (?)", (version,))
    if isinstance(text, dict):
        text = "\n".join(f"{name} = {json.dumps(value)}" for name, value in text.items())
    Path(".lignin/instance.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert word in _said(connect)
    assert word in _said(init)


@pytest.mark.parametrize("text", SETTINGS, ids=lambda v: str(v)[:30])
def test_the_users_settings_are_refused_where_they_make_no_sense(text):
    user_home().mkdir(parents=True)
    (user_home() / "settings.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert "settings.json" in _said(lambda: init().user_id)


@pytest.mark.parametrize("target", ["missing", "file.txt", "loop", "a\0b", 5, "n" * 300, "/proc/self/fd"])
def test_what_holds_no_instance_is_not_connected_to(target):
    _said(lambda: connect(target))


@pytest.mark.parametrize("named", ["missing", "file.txt", "", "~nobody-here/x", "\udcff"])
def test_a_default_that_is_none_is_told(monkeypatch, named):
    monkeypatch.setenv("LIGNIN_INSTANCE", named)
    said = _said(connect)
    assert "lignin init" in said


def test_an_instance_is_not_made_over_another():
    init(name="one")
    for options in ({"name": "two"}, {"db": "sqlite:///other.db"}, {"storage": "elsewhere"}):
        assert "already" in _said(lambda options=options: init(**options))
    assert not Path("elsewhere").exists()
    disconnect()
