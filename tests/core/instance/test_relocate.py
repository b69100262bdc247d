"""An instance's folder that is moved, copied, or reached by another name: all in it still resolves."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import lignin as ln
from lignin.base.ports import current
from lignin.base.settings import host_name
from lignin.instance.record import CatalogueRecorder
from lignin.recording import FileRef, Produced, RunKey, Started


def fill():
    """A stored copy, a file in place, and a file that an adapter found."""
    ln.Storage("store").save()
    Path("a.txt").write_text("stored")
    Path("store/b.txt").write_text("in place")
    ln.Artifact("a.txt", key="a.txt").save()
    ln.Artifact("store/b.txt", key="b.txt").save()
    find("found.txt")


def find(name):
    run = RunKey(engine="e", scope="w", id="1")
    path = Path(name).absolute()
    path.write_text("found")
    content = ln.Artifact(path).hash
    seen = FileRef(uri=f"file://{path}", host=host_name(), size=5, mtime_ns=path.stat().st_mtime_ns, content_id=content)
    CatalogueRecorder(current()).record_many([Started(run=run, name="r", at=datetime(2026, 1, 1, tzinfo=UTC)), Produced(run=run, ref=seen)])


def texts():
    return {key: ln.Artifact.get(key=key).load() for key in ("a.txt", "b.txt", "found.txt")}


ALL = {"a.txt": "stored", "b.txt": "in place", "found.txt": "found"}


def test_a_moved_folder_keeps_its_files(instance, monkeypatch):
    fill()
    storages = ln.Storage.all().count()
    old = instance.config.folder
    instance.close()
    new = old.rename(old.parent / "elsewhere")
    monkeypatch.chdir(new)
    moved = ln.connect(new)
    assert texts() == ALL
    assert Path(ln.Artifact.get(key="b.txt").path) == new / "store/b.txt"
    find("found.txt")
    Path("store/c.txt").write_text("again in place")
    assert Path(ln.Artifact("store/c.txt", key="c.txt").save().path) == new / "store/c.txt"
    assert ln.Artifact.filter(key="found.txt").count() == 1
    assert ln.Storage.all().count() == storages
    moved.close()


def test_a_copy_is_on_its_own(sqlite_instance, monkeypatch):
    fill()
    old = sqlite_instance.config.folder
    new = Path(shutil.copytree(old, old.parent / "copy"))
    monkeypatch.chdir(new)
    copy = ln.connect(new)
    assert texts() == ALL
    ln.Artifact.get(key="a.txt").delete(permanent=True)
    ln.Artifact.get(key="b.txt").delete(permanent=True, storage=True)
    copy.close()
    monkeypatch.chdir(old)
    ln.connect(old)
    assert texts() == ALL


def test_a_link_to_the_folder_moves_nothing(sqlite_instance):
    fill()
    old = sqlite_instance.config.folder
    (old.parent / "link").symlink_to(old)
    linked = ln.connect(old.parent / "link")
    assert ln.Storage.get(root=str(old / "store")).root
    assert texts() == ALL
    linked.close()


def test_a_default_storage_outside_stays_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "p").mkdir()
    monkeypatch.chdir(tmp_path / "p")
    first = ln.init(storage=tmp_path / "outside")
    fill()
    first.close()
    (tmp_path / "p").rename(tmp_path / "q")
    monkeypatch.chdir(tmp_path / "q")
    second = ln.connect()
    assert ln.Artifact.get(key="a.txt").load() == "stored"
    assert Path(ln.Artifact.get(key="a.txt").path).is_relative_to(tmp_path / "outside")
    assert texts() == ALL
    second.close()


def test_an_instance_that_is_named_by_a_link_knows_its_files(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path / "real")
    ln.init(tmp_path / "link").close()
    monkeypatch.setenv("LIGNIN_INSTANCE", str(tmp_path / "link"))
    monkeypatch.chdir(tmp_path)
    instance = ln.connect()
    monkeypatch.chdir(tmp_path / "real")
    fill()
    assert texts() == ALL
    assert ln.Storage.filter(role="managed").count() == 2
    instance.close()
