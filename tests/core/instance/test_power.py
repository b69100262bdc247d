"""What has to be on the disk before a save is told of: bytes, the names of their files and folders, then the row."""

import os
import stat
from pathlib import Path

import pytest
from sqlalchemy import event

import lignin as ln


@pytest.fixture
def flushed(monkeypatch):
    """The order in which files and folders are flushed, by name, and the catalogue commits."""
    told, flush = [], os.fsync

    def noting(descriptor):
        flush(descriptor)
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        told.append(("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file", place))

    monkeypatch.setattr(os, "fsync", noting)
    return told


def test_bytes_and_names_are_flushed_before_the_row_is_written(instance, flushed):
    event.listen(instance.database.engine, "commit", lambda connection: flushed.append(("row", None)))
    Path("reads.txt").write_text("ACGT")
    artifact = ln.Artifact("reads.txt", key="reads.txt").save()
    place = artifact.path
    # Folders that are new have their own names flushed, too.
    assert ("folder", place.parent.parent) in flushed
    (written,) = (number for number, (what, _) in enumerate(flushed) if what == "file")
    named = max(number for number, told in enumerate(flushed) if told == ("folder", place.parent))
    stored = max(number for number, (what, _) in enumerate(flushed) if what == "row")
    assert written < named < stored


def test_every_file_and_folder_of_a_folder_is_flushed(instance, flushed):
    Path("store/deep/er").mkdir(parents=True)
    for name in ("a", "deep/b", "deep/er/c"):
        Path("store", name).write_text(name)
    ln.Artifact("store", key="store").save()
    files = [place for what, place in flushed if what == "file"]
    folders = [place for what, place in flushed if what == "folder"]
    assert len(files) == 3
    assert {place.parent for place in files} <= set(folders)


def test_each_commit_is_flushed(instance):
    with instance.database.engine.connect() as connection:
        if instance.database.is_sqlite:
            assert connection.exec_driver_sql("pragma synchronous").scalar() == 2
        else:
            # The server decides, which in these tests does without; a connection of ours must not.
            setting = "select source from pg_settings where name = 'synchronous_commit'"
            assert connection.exec_driver_sql(setting).scalar() not in {"session", "client"}
