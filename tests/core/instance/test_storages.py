"""Storage locations: registered once, whatever they are called, and found by every session."""

from pathlib import Path

import pytest

import lignin as ln


def test_saving_a_storage_makes_its_folder(instance):
    ln.Storage("new/store").save()
    assert Path("new/store").is_dir()


def test_a_storage_that_is_registered_already_comes_back(instance):
    one, again = ln.Storage("store").save(), ln.Storage("store/").save()
    assert one.id == again.id
    two = [ln.Storage("a"), ln.Storage("a")]
    ln.save(two)
    assert two[0].id == two[1].id
    assert ln.Storage.filter(root__endswith="/a").count() == 1


def test_a_storage_that_is_told_through_its_neighbour_holds_files_in_place(instance):
    ln.Storage("sub/../../shared").save()
    path = Path("../shared/a.txt")
    path.write_text("a")
    assert Path(ln.Artifact(path, key="a.txt").save().path) == path.resolve()


@pytest.mark.parametrize("given", ["../outside", "inside"])
def test_a_default_storage_is_the_same_in_the_next_session(given, tmp_path, monkeypatch):
    (tmp_path / "p").mkdir()
    monkeypatch.chdir(tmp_path / "p")
    ln.init(storage=given).close()
    for text in "12":
        Path("a.txt").write_text(text)
        session = ln.connect()
        artifact = ln.Artifact("a.txt", key="a.txt").save()
        assert Path(artifact.path).is_relative_to((tmp_path / "p" / given).resolve())
        session.close()
    ln.connect()
    assert ln.Storage.all().count() == 1
    assert ln.Artifact.get(key="a.txt").versions.count() == 2
