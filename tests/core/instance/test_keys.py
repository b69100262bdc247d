"""Keys that are names, and keys that are paths; where new artifacts go."""

from pathlib import Path

import pytest

import lignin as ln
from lignin.base.errors import StorageError, UsageError
from lignin.instance.fsck import examine
from lignin.storage import Root


def saved(text, key="study/a.txt", name="a.txt", **options):
    Path(name).write_text(text)
    return ln.Artifact(name, key=key, **options).save()


def under(instance, key):
    return Path(instance.storage.root, key)


def test_a_key_is_a_name_unless_told_otherwise(instance):
    assert saved("one").key_is_virtual
    real = saved("two", key="real/b.txt", key_is_virtual=False)
    assert not real.key_is_virtual
    assert Path(real.path) == under(instance, "real/b.txt")
    assert Path(real.path).read_text() == "two"
    assert saved("two", key="real/b.txt", key_is_virtual=False).uid == real.uid
    assert Path("a.txt").exists()
    assert examine(instance).findings == ()


def test_a_new_version_under_its_key_overwrites_nothing(sqlite_instance):
    one = saved("one", key_is_virtual=False)
    two = saved("two", key_is_virtual=False)
    assert under(sqlite_instance, "study/a.txt").read_text() == "two"
    assert ln.Artifact.get(one.uid).load(verify=True) == "one"
    assert two.load() == "two"
    back = saved("one", key_is_virtual=False)
    assert (back.uid, back.is_latest, back.load()) == (one.uid, True, "one")


def test_a_file_that_nobody_recorded_is_never_overwritten(sqlite_instance):
    place = under(sqlite_instance, "a.txt")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("theirs")
    with pytest.raises(StorageError, match="something else lies at"):
        saved("mine", key="a.txt", key_is_virtual=False)
    assert place.read_text() == "theirs"
    assert ln.Artifact.filter(key="a.txt").count() == 0


def test_a_path_without_a_key_or_into_our_own_place_is_refused(sqlite_instance):
    Path("a.txt").write_text("one")
    with pytest.raises(UsageError, match="needs one"):
        ln.Artifact("a.txt", key_is_virtual=False)
    with pytest.raises(UsageError, match="keeps its own"):
        saved("one", key=".lignin/a.txt", key_is_virtual=False)


def test_a_file_under_its_key_goes_along_with_a_new_key(sqlite_instance):
    artifact = saved("one", key_is_virtual=False)
    artifact.key = "other/b.txt"
    artifact.save()
    assert Path(artifact.path) == under(sqlite_instance, "other/b.txt")
    assert not under(sqlite_instance, "study/a.txt").exists()
    assert (ln.Artifact.get(key="other/b.txt").load(), artifact.key_is_virtual) == ("one", False)
    under(sqlite_instance, "taken.txt").write_text("theirs")
    artifact.key = "taken.txt"
    with pytest.raises(StorageError, match="Nothing was changed"):
        artifact.save()
    assert ln.Artifact.get(artifact.uid).key == "other/b.txt"


def test_a_name_changes_without_its_bytes(sqlite_instance):
    artifact = saved("one")
    place = artifact.path
    artifact.key = "b.txt"
    artifact.save()
    assert (artifact.path, ln.Artifact.get(key="b.txt").load()) == (place, "one")


def test_keys_are_paths_on_s3_too(s3_instance, s3_root):
    one = saved("one", key_is_virtual=False)
    place = Root.parse(s3_root).path("study/a.txt")
    assert (str(one.path), place.read_text()) == (str(place), "one")
    two = saved("two", key_is_virtual=False)
    assert place.read_text() == "two"
    assert [a.load() for a in two.versions] == ["two", "one"]
    two.key = "study/b.txt"
    two.save()
    assert not place.exists()
    assert ln.Artifact.get(key="study/b.txt").load() == "two"


def test_the_storage_of_this_process_can_be_set(sqlite_instance, tmp_path):
    home = sqlite_instance.storage
    ln.settings.storage = tmp_path / "second"
    assert ln.settings.storage.root == str(tmp_path / "second")
    there = saved("one", key="a.txt")
    assert Path(there.path).is_relative_to(tmp_path / "second")
    ln.settings.storage = home
    assert saved("two", key="b.txt").storage_id == home.id
    assert saved("three", key="c.txt", storage=str(tmp_path / "second")).storage_id == there.storage_id
    with pytest.raises(UsageError, match="no storage"):
        saved("four", key="d.txt", storage="/nowhere")
    with pytest.raises(AttributeError, match="storage"):
        ln.settings.no_such = 1
