"""The catalogue in one file, and back."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

import lignin as ln
from lignin.base.errors import LigninError, NoInstance, StorageError, UsageError
from lignin.instance import init
from lignin.instance.copies import backup, restore_backup
from lignin.instance.database import Database
from lignin.instance.fsck import examine
from lignin.instance.open import open_instance


def test_a_backup_brings_everything_back(instance, filled, contents, tmp_path):
    filled(instance)
    before = contents(instance.database)
    assert all(before[name] for name in ("artifact", "run", "run_input", "run_output", "sighting", "collection_artifact", "artifact_ulabel", "run_project"))
    assert backup(instance.database, tmp_path / "b.db") == (tmp_path / "b.db").stat().st_size
    ln.Artifact.get(key="b.txt").delete()
    ln.ULabel(name="later").save()
    assert contents(instance.database) != before
    with pytest.raises(UsageError, match="not empty"):
        restore_backup(instance.config, tmp_path / "b.db")
    counts = restore_backup(instance.config, tmp_path / "b.db", force=True)
    assert contents(instance.database) == before
    assert counts["artifact"] == len(before["artifact"])
    # It goes on counting where it was, and nothing is out of joint.
    assert ln.ULabel(name="after").save().id == len(before["ulabel"]) + 1
    assert examine(instance).findings == ()


def test_a_lost_sqlite_database_comes_back(sqlite_instance, filled, contents, tmp_path):
    filled(sqlite_instance)
    before = contents(sqlite_instance.database)
    backup(sqlite_instance.database, tmp_path / "b.db")
    sqlite_instance.close()
    for path in sqlite_instance.config.home.glob("lignin.db*"):
        path.unlink()
    restore_backup(sqlite_instance.config, tmp_path / "b.db")
    opened = open_instance(sqlite_instance.config)
    assert contents(opened.database) == before
    opened.close()


def test_a_backup_is_one_file_that_others_cant_read(instance, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    backup(instance.database, folder / "b.db")
    assert [path.name for path in folder.iterdir()] == ["b.db"]
    assert (folder / "b.db").stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(folder / "b.db")) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        assert connection.execute("select name from branch where id = 1").fetchone() == ("main",)


def test_a_backup_overwrites_only_when_told(instance, tmp_path):
    path = tmp_path / "b.db"
    path.write_text("mine")
    with pytest.raises(UsageError, match="--force"):
        backup(instance.database, path)
    assert path.read_text() == "mine"
    backup(instance.database, path, force=True)
    assert path.read_bytes().startswith(b"SQLite")


def test_the_catalogue_is_no_place_for_its_own_backup(sqlite_instance):
    with pytest.raises(UsageError, match="itself"):
        backup(sqlite_instance.database, sqlite_instance.config.home / "lignin.db", force=True)


def test_a_backup_that_cant_be_written_leaves_nothing(instance, tmp_path):
    with pytest.raises(StorageError, match="Nothing was written"):
        backup(instance.database, tmp_path / "nowhere" / "b.db")
    assert not (tmp_path / "nowhere").exists()


def test_what_is_no_backup_is_refused_and_changes_nothing(instance, filled, contents, tmp_path):
    filled(instance)
    before = contents(instance.database)
    (tmp_path / "text").write_text("no database")
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("create table x (y)")
    backup(instance.database, tmp_path / "cut.db")
    whole = (tmp_path / "cut.db").read_bytes()
    (tmp_path / "cut.db").write_bytes(whole[: len(whole) // 2])
    for name in ("text", "other.db", "cut.db", "missing.db"):
        with pytest.raises(LigninError):
            restore_backup(instance.config, tmp_path / name, force=True)
    assert contents(instance.database) == before


def test_a_backup_of_a_lost_database_says_so(sqlite_instance, tmp_path):
    sqlite_instance.close()
    (sqlite_instance.config.home / "lignin.db").unlink()
    with closing(Database(sqlite_instance.config.db_url)) as database, pytest.raises(NoInstance):
        backup(database, tmp_path / "b.db")
    assert not (sqlite_instance.config.home / "lignin.db").exists()


WRITER = """
import sys
import lignin as ln
number = 0
while True:
    with_two = [ln.ULabel(name=f"{sys.argv[1]}-{number}-{half}") for half in ("left", "right")]
    ln.save(with_two)
    number += 1
    print(number, flush=True)
"""


def test_a_backup_is_the_state_of_one_moment_while_others_write(instance, tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(n)], stdout=subprocess.PIPE, text=True) for n in range(2)]
    try:
        for writer in writers:
            writer.stdout.readline()
        for number in range(3):
            path = tmp_path / f"{number}.db"
            backup(instance.database, path)
            with closing(sqlite3.connect(path)) as connection:
                names = [name for (name,) in connection.execute("select name from ulabel")]
            # Both halves of each pair, which were written in one transaction.
            lefts, rights = ({n.rpartition("-")[0] for n in names if n.endswith(half)} for half in ("left", "right"))
            assert lefts == rights
            assert lefts
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
            writer.stdout.close()


def test_a_backup_of_one_back_end_comes_back_on_the_other(sqlite_instance, postgres_url, filled, contents, tmp_path):
    filled(sqlite_instance)
    before = contents(sqlite_instance.database)
    backup(sqlite_instance.database, tmp_path / "b.db")
    other = tmp_path / "other"
    other.mkdir()
    second = init(other, db=postgres_url)
    restore_backup(second.config, tmp_path / "b.db")
    assert contents(second.database) == before
    backup(second.database, tmp_path / "again.db")
    second.close()
    restore_backup(sqlite_instance.config, tmp_path / "again.db", force=True)
    assert contents(sqlite_instance.database) == before

