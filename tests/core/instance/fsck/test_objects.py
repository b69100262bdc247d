"""Records against bytes: lost, damaged, brought back, overwritten."""

import shutil
from pathlib import Path
from random import Random

import pytest

import lignin as ln
from lignin.base.errors import BytesGone, ContentChanged
from lignin.instance.fsck import Kind, examine, repair


def test_a_catalogue_that_was_used_as_it_should_is_clean(instance, kept, in_place, kinds):
    ln.track(key="script.py", kind="script", source_code="x = 1\n")
    kept("a.txt", "one")
    kept("a.txt", "two")
    kept("b.txt", "one").load()
    kept(None, "nameless")
    in_place("raw/c.txt", "three")
    ln.Collection([kept("d.txt", "four"), kept("e.txt", "five")], key="both").save()
    folder = Path("folder")
    folder.mkdir()
    (folder / "x").write_text("x")
    ln.Artifact(folder, key="folder").save().load()
    ln.finish()
    trashed = kept("f.txt", "six")
    trashed.delete()
    kept("g.txt", "seven").delete(permanent=True)
    assert kinds(instance, rehash=100) == []


def test_bytes_that_are_lost_for_good_are_recorded_as_gone(instance, kept, mended):
    lost, other = kept("a.txt", "one"), kept("b.txt", "two")
    lost.path.unlink()
    (finding,) = mended(instance).findings
    assert (finding.kind, finding.subject, finding.repairable, finding.repaired) == (Kind.MISSING, lost.uid, False, False)
    assert "a.txt" in finding.problem
    with pytest.raises(BytesGone):
        ln.Artifact.get(lost.uid).load()
    assert other.load() == "two"


def test_lost_bytes_come_back_from_lost_and_found(instance, kept, aged, sql, mended):
    artifact = kept("a.txt", "one")
    aged(artifact.path)
    # The record hides for a while, as it does for a catalogue that an old backup replaced.
    sql(instance, "update artifact set relpath = 'elsewhere', state = 'gone' where id = :id", id=artifact.id)
    assert [f.kind for f in mended(instance).findings] == [Kind.ORPHAN]
    sql(instance, "update artifact set relpath = :place, state = 'stored' where id = :id", id=artifact.id, place=artifact.relpath)
    (finding,) = mended(instance).findings
    assert (finding.kind, finding.repairable, finding.repaired) == (Kind.MISSING, True, True)
    assert ln.Artifact.get(artifact.uid).load() == "one"


def test_lost_bytes_come_back_from_another_place_that_holds_them(instance, kept, in_place, mended):
    artifact = kept("a.txt", "the very same content, which is long enough")
    in_place("copy.txt", "the very same content, which is long enough")
    artifact.path.unlink()
    report = mended(instance)
    assert [(f.kind, f.repaired) for f in report.findings] == [(Kind.MISSING, True)]
    assert ln.Artifact.get(artifact.uid).load() == "the very same content, which is long enough"


def test_each_record_that_shares_lost_bytes_is_told(instance, kept, mended):
    kept("a.txt", "one").path.unlink()
    kept_again = ln.Artifact.get(key="a.txt")
    with pytest.raises(BytesGone):
        kept_again.load()
    first = kept("b.txt", "one")
    shared = kept("c.txt", "one")
    shared.path.unlink()
    assert {f.subject for f in mended(instance).findings} == {kept_again.uid, first.uid, shared.uid}


def test_truncated_bytes_are_moved_away_and_never_served(instance, kept, mended):
    artifact = kept("a.txt", "one two three")
    artifact.path.write_text("one")
    (finding,) = mended(instance).findings
    assert (finding.kind, finding.repaired) == (Kind.WRONG, False)
    assert not artifact.path.exists()
    (aside,) = (Path(artifact.path).parents[1] / "lost+found").rglob("*.txt~*")
    assert aside.read_text() == "one"
    with pytest.raises(BytesGone):
        ln.Artifact.get(artifact.uid).load()


def test_bytes_that_changed_without_a_change_in_size_are_found_by_reading(instance, kept, kinds, mended):
    artifact = kept("a.txt", "one")
    artifact.path.write_text("two")
    assert kinds(instance) == []
    assert [f.kind for f in mended(instance, rehash=100).findings] == [Kind.WRONG]
    with pytest.raises(BytesGone):
        ln.Artifact.get(artifact.uid).load()


def test_a_folder_that_lost_a_file_is_wrong(instance, mended):
    folder = Path("folder")
    folder.mkdir()
    (folder / "a").write_text("aaa")
    (folder / "b").write_text("bbb")
    artifact = ln.Artifact(folder, key="folder").save()
    (Path(artifact.path) / "a").unlink()
    assert [f.kind for f in mended(instance).findings] == [Kind.WRONG]


def test_rehash_reads_about_the_share_that_was_asked_for(sqlite_instance, kept):
    for number in range(60):
        kept(f"{number}.txt", f"content {number}")
    assert examine(sqlite_instance, rehash=0).counts["read"] == 0
    assert 5 <= examine(sqlite_instance, rehash=25, chance=Random(1)).counts["read"] <= 30
    assert examine(sqlite_instance, rehash=100).counts == {"artifacts": 60, "unseen": 0, "read": 60, "objects": 60, "families": 60, "runs": 0, "spools": 0}


def test_bytes_brought_back_by_hand_are_recorded_again(instance, kept, mended, tmp_path):
    artifact = kept("a.txt", "one")
    shutil.move(artifact.path, tmp_path / "tape")
    mended(instance)
    shutil.copy(tmp_path / "tape", artifact.path)
    assert [f.kind for f in mended(instance).findings] == [Kind.BACK]
    assert ln.Artifact.get(artifact.uid).load() == "one"


def test_saving_again_what_was_lost_makes_it_whole(instance, kept, mended, kinds):
    artifact = kept("a.txt", "one")
    artifact.path.unlink()
    mended(instance)
    assert kept("a.txt", "one").uid == artifact.uid
    assert ln.Artifact.get(artifact.uid).load() == "one"
    assert kinds(instance) == []


def test_a_file_in_place_that_was_deleted_is_recorded_as_gone(instance, in_place, mended):
    artifact = in_place("raw.txt", "one")
    artifact.path.unlink()
    (finding,) = mended(instance).findings
    assert (finding.kind, finding.repaired) == (Kind.OVERWRITTEN, True)
    assert ln.Artifact.get(artifact.uid).state == "gone"


@pytest.mark.parametrize("content", ["two", "longer"])
def test_a_file_in_place_that_was_overwritten_is_recorded_as_gone(instance, in_place, mended, content):
    artifact = in_place("raw.txt", "one")
    artifact.path.write_text(content)
    assert [f.kind for f in mended(instance).findings] == [Kind.OVERWRITTEN]
    assert Path(artifact.path).read_text() == content
    with pytest.raises((BytesGone, ContentChanged)):
        ln.Artifact.get(artifact.uid).load()


def test_a_file_in_place_whose_time_alone_changed_is_well(instance, in_place, aged, kinds):
    artifact = in_place("raw.txt", "one")
    aged(artifact.path)
    assert kinds(instance) == []


def test_a_file_that_nobody_had_read_and_that_changed_claims_no_content(instance, in_place, mended, sql):
    artifact = in_place("raw.txt", "one")
    sql(instance, "update artifact set state = 'unhashed', hash = null where id = :id", id=artifact.id)
    artifact.path.write_text("longer")
    assert [f.kind for f in mended(instance).findings] == [Kind.CHANGED]
    row = ln.Artifact.get(artifact.uid)
    assert (row.state, row.hash) == ("changed", None)


def test_a_root_that_is_not_there_says_nothing_about_its_artifacts(instance, kept):
    artifact = kept("a.txt", "one")
    root = Path(ln.Storage.get(role="managed").root)
    for hide in (lambda: root.rename("unmounted"), root.mkdir):
        hide()
        report = repair(instance, examine(instance))
        assert [(f.kind, f.subject, f.repaired) for f in report.findings] == [(Kind.UNREACHABLE, str(root), False)]
        assert report.counts["unseen"] == 1
    root.rmdir()
    Path("unmounted").rename(root)
    assert ln.Artifact.get(artifact.uid).load() == "one"


def test_what_lies_on_another_machine_is_not_judged(instance, kept, kinds, sql):
    artifact = kept("a.txt", "one")
    artifact.path.unlink()
    sql(instance, "update storage set host = 'elsewhere'")
    assert kinds(instance) == []


def test_a_save_that_never_ended_goes_unless_its_bytes_are_whole(instance, kept, mended, kinds, sql, at_once):
    first, second, whole = kept("a.txt", "one"), kept("a.txt", "two"), kept("b.txt", "three")
    second.path.unlink()
    for artifact in (second, whole):
        sql(instance, "update artifact set state = 'saving' where id = :id", id=artifact.id)
    assert kinds(instance) == []
    report = mended(instance, **at_once)
    assert [f.kind for f in report.findings] == [Kind.SAVING, Kind.SAVING]
    assert ln.Artifact.get(whole.uid).state == "stored"
    assert ln.Artifact.filter(uid=second.uid).count() == 0
    latest = ln.Artifact.get(key="a.txt")
    assert (latest.uid, latest.is_latest, latest.load()) == (first.uid, True, "one")


def test_an_unfinished_save_that_others_name_stays_as_gone(instance, kept, mended, sql, at_once):
    member = kept("a.txt", "one")
    ln.Collection([member, kept("b.txt", "two")], key="both").save()
    member.path.unlink()
    sql(instance, "update artifact set state = 'saving' where id = :id", id=member.id)
    mended(instance, **at_once)
    assert ln.Artifact.get(member.uid).state == "gone"
