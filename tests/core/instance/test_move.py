"""Bytes move between storages with their records: nothing is lost, nothing that others share is taken away."""

import subprocess
import sys
from pathlib import Path

import pytest

import lignin as ln
from lignin.base.content import hash_path
from lignin.base.errors import ContentChanged, StorageError, UsageError
from lignin.instance.fsck import examine, repair


@pytest.fixture
def other(tmp_path):
    """A second storage, outside of the instance."""
    return lambda: ln.Storage(str(tmp_path / "other")).save()


def saved(name, text, key=None, **options):
    Path(name).write_text(text)
    return ln.Artifact(name, key=key or name, **options).save()


def test_the_bytes_lie_at_the_new_place_and_no_longer_at_the_old(instance, other):
    artifact, there = saved("a.txt", "hello"), other()
    old, held = Path(artifact.path), ln.Artifact.get(key="a.txt")
    assert artifact.move(storage=there) is artifact
    assert Path(artifact.path).is_relative_to(there.root)
    assert (artifact.storage, old.exists(), artifact.load(verify=True)) == (there, False, "hello")
    # What another session has in memory follows.
    assert held.load() == "hello"
    assert held.storage_id == there.id
    artifact.move(storage=there)
    assert examine(instance).findings == ()


def test_a_folder_moves_whole(sqlite_instance, other):
    Path("folder/deep").mkdir(parents=True)
    Path("folder/deep/x").write_text("1")
    Path("folder/deep/link").symlink_to("x")
    artifact = ln.Artifact("folder", key="folder").save()
    artifact.move(storage=other())
    assert hash_path(Path(artifact.path)).id == artifact.hash


def test_what_others_share_stays_where_they_look_for_it(sqlite_instance, other):
    one, two = saved("a.txt", "same"), saved("b.txt", "same")
    assert one.path == two.path
    old = Path(one.path)
    one.move(storage=other())
    assert (one.load(), two.load(), old.exists(), one.path == two.path) == ("same", "same", True, False)
    two.delete()
    ln.Artifact.filter(uid=two.uid, branch_id=-1).move(storage=other())
    assert not old.exists()
    two.restore()
    assert two.load() == "same"


def test_the_plan_says_what_moves_and_what_is_there_already(sqlite_instance, other):
    there = other()
    for name in "abc":
        saved(f"{name}.txt", "same" if name != "c" else "other")
    ln.Artifact.get(key="c.txt").move(storage=there)
    plan = ln.Artifact.filter().plan_move(storage=there.root)
    assert (len(plan.steps), len(plan.skipped), plan.size) == (1, 1, 4)
    told = str(plan)
    for part in ("2 artifacts in 1 file, 4 B", there.root, "a.txt", "skipped, there already: c.txt", "→"):
        assert part in told
    assert Path(ln.Artifact.get(key="a.txt").path).is_relative_to(sqlite_instance.config.folder)
    ln.Artifact.filter().move(storage=there.root)
    assert {a.storage_id for a in ln.Artifact.filter()} == {there.id}
    assert examine(sqlite_instance).findings == ()


def test_many_move_side_by_side(sqlite_instance, other):
    for number in range(12):
        saved(f"{number}.txt", str(number))
    ln.Artifact.filter().move(storage=other())
    assert sorted(a.load() for a in ln.Artifact.filter()) == sorted(map(str, range(12)))


def test_setting_the_storage_and_saving_is_a_move(sqlite_instance, other):
    artifact, there = saved("a.txt", "hello"), other()
    artifact.storage = there
    artifact.description = "moved"
    artifact.save()
    again = ln.Artifact.get(key="a.txt")
    assert (again.storage_id, again.description, again.load()) == (there.id, "moved", "hello")


def test_what_cannot_move_is_refused_all_at_once_and_nothing_moves(sqlite_instance, other):
    there = other()
    locked, gone, fine = saved("a.txt", "1"), saved("b.txt", "2"), saved("c.txt", "3")
    locked.is_locked = True
    locked.save()
    ln.Storage("store").save()
    saved("store/x.txt", "4", key="b.txt")
    saved("store/x.txt", "5!", key="b.txt")
    lost = ln.Artifact.filter(key="b.txt", state="gone").one()
    with pytest.raises(UsageError, match=r"2 can't be moved: .*is locked.*bytes are gone"):
        sqlite_instance.move([locked, lost, fine], there)
    assert {a.storage_id for a in (fine, gone)} == {sqlite_instance.storage.id}
    with pytest.raises(UsageError, match="no storage"):
        fine.move(storage="/nowhere")
    with pytest.raises(UsageError, match="not saved"):
        ln.Artifact("c.txt", key="d.txt").move(storage=there)


def test_bytes_that_somebody_changed_do_not_move(sqlite_instance, other):
    artifact = saved("a.txt", "hello")
    Path(artifact.path).chmod(0o644)
    Path(artifact.path).write_text("HELLO")
    with pytest.raises(ContentChanged):
        artifact.move(storage=other())
    assert Path(artifact.path).read_text() == "HELLO"
    assert artifact.storage_id == sqlite_instance.storage.id


def test_a_file_that_lies_under_its_key_does_so_at_the_new_place(sqlite_instance, other):
    ln.Storage("store").save()
    Path("store/raw").mkdir(parents=True)
    artifact = saved("store/raw/a.txt", "hello", key="raw/a.txt")
    assert not artifact.key_is_virtual
    artifact.move(storage=other())
    assert Path(artifact.path) == Path(artifact.storage.root, "raw/a.txt")
    assert not Path("store/raw/a.txt").exists()
    assert artifact.load() == "hello"


def test_nobodys_file_is_overwritten_or_taken_away(sqlite_instance, other):
    there = other()
    ln.Storage("store").save()
    artifact = saved("store/a.txt", "mine", key="a.txt")
    theirs = Path(there.root, "a.txt")
    theirs.write_text("theirs")
    with pytest.raises(StorageError, match="something else lies at"):
        artifact.move(storage=there)
    assert (theirs.read_text(), artifact.load()) == ("theirs", "mine")
    Path("store/folder").mkdir()
    Path("store/folder/x.txt").write_text("x")
    ln.Artifact("store/folder", key="all").save()
    inner = ln.Artifact("store/folder/x.txt", key="folder/x.txt").save()
    inner.move(storage=there)
    # The folder that holds it is an artifact too.
    assert Path("store/folder/x.txt").exists()
    assert inner.path == Path(there.root, "folder/x.txt")


def test_what_a_pipeline_keeps_in_its_place_stays_there(sqlite_instance, other, tmp_path):
    found = ln.Storage(str(tmp_path / "elsewhere"), role="location").save()
    Path(found.root).mkdir()
    artifact = saved("a.txt", "hello")
    with pytest.raises(UsageError, match="no storage"):
        artifact.move(storage=found)


def test_from_disk_to_s3_and_back(sqlite_instance, s3_root, tmp_path):
    remote, home = ln.Storage(s3_root).save(), sqlite_instance.storage
    Path("folder").mkdir()
    Path("folder/x").write_text("1")
    folder, artifact = ln.Artifact("folder", key="folder").save(), saved("a.txt", "hello")
    old = [Path(a.path) for a in (folder, artifact)]
    ln.Artifact.filter().move(storage=remote)
    assert [p.exists() for p in old] == [False, False]
    for held in ln.Artifact.filter():
        assert str(held.path).startswith("s3://")
        assert hash_path(held.cache()).id == held.hash
    second = ln.Storage(s3_root.replace("/team/data", "/second", 1)).save()
    there = ln.Artifact.get(key="a.txt").move(storage=second)
    assert str(there.path).startswith(second.root)
    places = [a.path for a in ln.Artifact.filter()]
    ln.Artifact.filter().move(storage=home)
    assert not any(place.exists() for place in places)
    for held in ln.Artifact.filter():
        assert hash_path(Path(held.path)).id == held.hash
    assert examine(sqlite_instance).findings == ()


KILLED = """
import os, sys
import lignin as ln
from lignin.instance import move
point, target = sys.argv[1:]
whole = getattr(move, point.partition("-")[2])
def dies(*args, **kwargs):
    if point.startswith("before"):
        os._exit(9)
    whole(*args, **kwargs)
    os._exit(9)
setattr(move, point.partition("-")[2], dies)
ln.Artifact.get(key="x.txt").move(storage=target)
"""


@pytest.mark.parametrize("point", ["before-transfer_new", "after-transfer_new", "before-_remove_unnamed", "after-_remove_unnamed"])
def test_killed_at_any_moment_nothing_is_lost_and_fsck_clears_up(sqlite_instance, other, point):
    there = other()
    ln.Storage("store").save()
    saved("store/x.txt", "hello", key="x.txt")
    ended = subprocess.run([sys.executable, "-c", KILLED, point, there.root], check=False)
    assert ended.returncode == 9
    artifact = ln.Artifact.get(key="x.txt")
    assert artifact.load(verify=True) == "hello"
    report = examine(sqlite_instance)
    assert [f.kind for f in report.findings] == ["move"]
    assert repair(sqlite_instance, report).left == ()
    assert examine(sqlite_instance).findings == ()
    assert ln.Artifact.get(key="x.txt").load(verify=True) == "hello"
    assert [Path("store/x.txt").exists(), Path(there.root, "x.txt").exists()].count(True) == 1
    artifact.move(storage=there)
    assert artifact.load(verify=True) == "hello"
