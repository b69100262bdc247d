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


def test_a_file_that_is_reached_by_a_link_to_its_storage_stays_in_place(instance):
    ln.Storage("store").save()
    Path("store/a.txt").write_text("a")
    Path("link").symlink_to("store")
    assert Path(ln.Artifact("link/a.txt", key="a.txt").save().path) == Path("store/a.txt").absolute()
    Path("elsewhere").mkdir()
    ln.Storage("linked").save()
    Path("linked").rmdir()
    Path("linked").symlink_to("elsewhere")
    Path("elsewhere/b.txt").write_text("b")
    assert Path(ln.Artifact("elsewhere/b.txt", key="b.txt").save().path) == Path("linked/b.txt").absolute()


def test_a_content_whose_file_in_place_was_overwritten_can_be_saved_anew(instance):
    ln.Storage("store").save()
    for name in ("store/a.txt", "copy.txt"):
        Path(name).write_text("content")
        one = ln.Artifact(name, key="a.txt").save()
    assert Path(one.path) == Path("store/a.txt").absolute()
    Path("store/a.txt").write_text("something else")
    again = ln.Artifact("copy.txt", key="a.txt").save()
    assert (again.uid, again.load()) == (one.uid, "content")
    Path("store/a.txt").unlink()
    assert ln.Artifact.get(key="a.txt").load() == "content"
