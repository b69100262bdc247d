"""A permanent delete takes the bytes of the record, and no others."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import update

import lignin as ln
from lignin.instance import save_artifact
from lignin.model import Storage


def saved(text, *, key, name="file.txt"):
    path = Path(name)
    path.write_text(text)
    return ln.Artifact(path, key=key).save()


def test_bytes_that_a_save_found_are_there_after_a_delete_in_between(instance, monkeypatch):
    """One thread has found the bytes of `a` in place for its `b`, when another deletes `a` for good."""
    one = saved("shared", key="a.txt")
    store = save_artifact._store_bytes
    deleted = threading.Event()

    def then_delete(plans):
        store(plans)
        if not deleted.is_set():
            deleted.set()
            thread = threading.Thread(target=lambda: one.delete(permanent=True))
            thread.start()
            thread.join()

    monkeypatch.setattr(save_artifact, "_store_bytes", then_delete)
    two = saved("shared", key="b.txt")
    assert two.load() == "shared"
    assert ln.Artifact.filter(key="a.txt").count() == 0


def test_an_overwritten_file_is_not_deleted_with_the_old_record(instance):
    ln.Storage("store").save()
    one = saved("old", key="a.txt", name="store/a.txt")
    Path("store/a.txt").write_text("new")
    one.delete(permanent=True, storage=True)
    assert Path("store/a.txt").read_text() == "new"


def test_the_file_in_place_goes_when_it_is_asked_for(instance):
    ln.Storage("store").save()
    saved("old", key="a.txt", name="store/a.txt").delete(permanent=True, storage=True)
    assert not Path("store/a.txt").exists()


@pytest.mark.parametrize("key", ["a.txt", None])
def test_bytes_of_another_machine_are_not_looked_for_on_this_one(instance, key):
    one = saved("theirs", key=key)
    path = Path(one.path)
    with instance.database.engine.execution_options(lignin_write=True).begin() as connection:
        connection.execute(update(Storage.__table__).values(host="node7"))
    one.delete(permanent=True)
    assert path.exists()
    assert ln.Artifact.all().count() == 0


def test_an_instance_that_shares_a_storage_deletes_its_own_bytes_only(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        ln.init(storage=tmp_path / "shared")
        saved("the same", key="x.txt")
    ln.Artifact.get(key="x.txt").delete(permanent=True)
    monkeypatch.chdir(tmp_path / "a")
    instance = ln.connect()
    assert ln.Artifact.get(key="x.txt").load() == "the same"
    instance.close()
