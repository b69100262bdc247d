"""What is a version, what is the same artifact, and who made it: the trust rules, on both stores."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import lignin as ln
from lignin.base.errors import BytesGone, ContentChanged, Locked
from lignin.instance.record import CatalogueRecorder
from lignin.recording import Ended, FileRef, Produced, RunKey, RunStatus, Started, Used

AT = datetime(2026, 1, 1, tzinfo=UTC)
LONG = "a content that is long enough to be told from others\n"


def saved(text, *, key=None, name="file.txt", **options):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return ln.Artifact(path, key=key, **options).save()


def families_have_one_latest():
    for family in {a.family for a in ln.Artifact.filter(branch_id__gt=0)}:
        living = ln.Artifact.filter(family=family, branch_id=1)
        assert [a.is_latest for a in living].count(True) == (1 if len(living) else 0)


def test_same_key_and_new_content_is_a_new_version(instance):
    one = saved("1", key="a.txt")
    two = saved("2", key="a.txt")
    assert (one.stem_uid, two.uid[-4:]) == (two.stem_uid, "0001")
    assert len(two.uid) == 20
    assert [a.uid for a in two.versions] == [two.uid, one.uid]
    assert ln.Artifact.get(key="a.txt") == two
    assert ln.Artifact.get(one.uid).load() == "1"
    families_have_one_latest()


def test_same_key_and_same_content_is_the_same_artifact(instance):
    one, again = saved("1", key="a.txt"), saved("1", key="a.txt")
    assert (one.id, one.uid) == (again.id, again.uid)
    assert ln.Artifact.filter(key="a.txt").count() == 1


def test_an_old_content_that_comes_back_is_the_latest_again(instance):
    one, _, back = saved("A", key="a.txt"), saved("B", key="a.txt"), saved("A", key="a.txt")
    assert back.uid == one.uid
    assert back.is_latest
    assert ln.Artifact.get(key="a.txt").load() == "A"
    assert one.versions.count() == 2
    families_have_one_latest()


def test_an_old_content_that_came_back_stays_the_latest_when_a_run_is_told_to_have_read_it(instance):
    one, two, back = saved("A", key="a.txt"), saved("B", key="a.txt"), saved("A", key="a.txt")
    run = RunKey(engine="snakemake", scope="w", id="1")
    recorder = CatalogueRecorder(instance)
    for version in (two, back):
        ref = FileRef(uri=f"file://{version.path}", size=version.size, mtime_ns=version.mtime_ns, content_id=version.hash, key="a.txt")
        recorder.record(Used(run=run, ref=ref))
        assert ln.Artifact.get(key="a.txt").uid == one.uid
    assert back.load() == "A"
    families_have_one_latest()


def test_the_same_content_under_another_key_shares_the_bytes_until_the_last_goes(instance):
    one, two = saved("1", key="a.txt"), saved("1", key="b.txt")
    assert one.uid != two.uid
    assert one.stem_uid != two.stem_uid
    assert one.path == two.path
    one.delete(permanent=True)
    assert two.load() == "1"
    two.delete(permanent=True)
    assert not Path(two.path).exists()


def test_trash_keeps_the_bytes_that_a_restore_needs(instance):
    one, two = saved("1", key="a.txt"), saved("1", key="b.txt")
    one.delete()
    two.delete(permanent=True)
    one.restore()
    assert ln.Artifact.get(key="a.txt").load() == "1"


def test_without_a_key_the_content_is_the_name(instance):
    one, again, other = saved("1", description="x"), saved("1", description="x"), saved("2", description="x")
    assert one.uid == again.uid
    assert other.stem_uid != one.stem_uid
    keyed = saved("1", key="a.txt")
    assert keyed.key == "a.txt"


def test_an_old_content_that_is_saved_without_a_key_changes_no_family(instance):
    one, two = saved("1", key="a.txt"), saved("2", key="a.txt")
    assert saved("1").uid == one.uid
    assert ln.Artifact.get(key="a.txt") == two
    families_have_one_latest()


def test_a_file_in_a_registered_storage_stays_where_it_is(instance):
    ln.Storage("store").save()
    artifact = saved("1", key="a.txt", name="store/deep/a.txt")
    assert str(artifact.path) == str(Path("store/deep/a.txt").absolute())
    assert not list(Path(instance.config.storage_root).rglob("*.txt"))
    artifact.delete(permanent=True)
    assert Path("store/deep/a.txt").exists()


def test_an_overwritten_file_in_place_is_gone_and_never_the_new_bytes(instance):
    ln.Storage("store").save()
    one = saved("old", key="a.txt", name="store/a.txt")
    two = saved("new!", key="a.txt", name="store/a.txt")
    for record in (one, ln.Artifact.get(one.uid)):
        with pytest.raises(BytesGone, match="gone"):
            record.load()
    assert two.load() == "new!"


def test_a_file_that_was_overwritten_without_a_save_is_noticed(instance):
    ln.Storage("store").save()
    one = saved("old", key="a.txt", name="store/a.txt")
    Path("store/a.txt").write_text("new")
    os.utime("store/a.txt", ns=(1, 1))
    with pytest.raises(ContentChanged, match="no longer"):
        one.load()
    Path("store/a.txt").unlink()
    with pytest.raises(BytesGone):
        one.load()


def test_a_touched_file_with_the_same_content_can_be_read(instance):
    ln.Storage("store").save()
    one = saved("same", key="a.txt", name="store/a.txt")
    os.utime("store/a.txt", ns=(1, 1))
    assert one.load() == "same"


def test_a_source_that_changes_between_construction_and_save_is_refused(instance):
    path = Path("a.txt")
    path.write_text("1")
    artifact = ln.Artifact(path, key="a.txt")
    path.write_text("2")
    with pytest.raises(ContentChanged):
        artifact.save()
    path.unlink()
    with pytest.raises(ContentChanged, match="gone"):
        artifact.save()
    assert ln.Artifact.all().count() == 0


def test_an_artifact_that_revises_another_joins_its_family(instance):
    one = saved("1", key="a.txt")
    two = saved("2", key="b.txt", revises=one)
    assert two.stem_uid == one.stem_uid
    assert [a.uid for a in two.versions] == [two.uid, one.uid]
    assert not ln.Artifact.get(one.uid).is_latest


def test_a_family_that_went_on_under_another_key_leaves_the_old_one_free(instance):
    one = saved("1", key="a.txt")
    two = saved("2", key="b.txt", revises=one)
    fresh = saved("3", key="a.txt")
    assert fresh.stem_uid != one.stem_uid
    assert {a.family for a in two.versions} == {"key:b.txt"}
    assert ln.Artifact.get(key="a.txt") == fresh
    families_have_one_latest()


def test_two_that_revise_one_follow_each_other(instance):
    one = saved("1", key="a.txt")
    mine, theirs = ln.Artifact.get(one.uid), ln.Artifact.get(one.uid)
    two, three = saved("2", key="b.txt", revises=mine), saved("3", key="b.txt", revises=theirs)
    assert [a.uid for a in one.versions] == [three.uid, two.uid, one.uid]
    families_have_one_latest()


def test_a_key_of_another_artifact_is_no_version_of_a_revised_one(instance):
    one, other = saved("1", key="a.txt"), saved("2", key="b.txt")
    with pytest.raises(ln.errors.UsageError, match="another artifact"):
        saved("3", key="b.txt", revises=one)
    assert (ln.Artifact.get(key="b.txt"), ln.Artifact.get(key="a.txt")) == (other, one)


def test_one_content_without_a_key_twice_in_a_batch_is_one_artifact(instance):
    Path("a.txt").write_text("1")
    one, two = ln.Artifact("a.txt"), ln.Artifact("a.txt")
    ln.save([one, two])
    assert (one.id, one.uid) == (two.id, two.uid)
    assert ln.Artifact.all().count() == 1


def test_a_new_key_goes_to_all_versions(instance):
    one, two = saved("1", key="a.txt"), saved("2", key="a.txt")
    two.key = "b.txt"
    two.save()
    assert {a.key for a in one.versions} == {"b.txt"}
    three = saved("3", key="b.txt")
    assert three.stem_uid == one.stem_uid
    assert saved("4", key="a.txt").stem_uid != one.stem_uid
    families_have_one_latest()


def test_a_restored_latest_is_the_latest_again(instance):
    one, two = saved("1", key="a.txt"), saved("2", key="a.txt")
    two.delete()
    assert ln.Artifact.get(one.uid).is_latest
    two.restore()
    assert ln.Artifact.get(key="a.txt") == two
    families_have_one_latest()


def test_a_locked_record_is_changed_and_deleted_by_nobody(instance):
    one = saved("1", key="a.txt")
    one.is_locked = True
    one.save()
    stale = ln.Artifact.get(one.uid)
    label = ln.ULabel(name="x").save()
    for record in (one, stale):
        for act in (lambda r: r.delete(), lambda r: r.delete(permanent=True), lambda r: r.ulabels.add(label), lambda r: (setattr(r, "description", "y"), r.save())):
            with pytest.raises(Locked, match="Unlock"):
                act(record)
    fresh = ln.Artifact.get(one.uid)
    fresh.is_locked = False
    fresh.save()
    fresh.delete()


def test_a_lock_that_another_set_meanwhile_holds_for_labels_too(instance):
    one, mine = saved("1", key="a.txt"), ln.Artifact.get(key="a.txt")
    label = ln.ULabel(name="x").save()
    one.is_locked = True
    one.save()
    with pytest.raises(Locked):
        mine.ulabels.add(label)


# Files that adapters found.


def run(name, *, at=0, parent=None, attempt=1):
    key = RunKey(engine="e", scope="w", id=name, attempt=attempt)
    return key, Started(run=key, name=name, at=AT + timedelta(seconds=at), parent=parent)


def ref(path, text=LONG, mtime=1):
    from_text = "b3:" + text.encode().hex().ljust(64, "0")[:64]
    return FileRef(uri=f"file://{Path(path).absolute()}", host=os.uname().nodename, size=len(text), mtime_ns=mtime, content_id=from_text)


def record(instance, *events):
    CatalogueRecorder(instance).record_many(events)


def test_files_of_one_name_in_two_folders_are_never_versions_of_each_other(instance):
    key, started = run("a")
    record(instance, started, Produced(run=key, ref=ref("p1/results/report.tsv", "1" * 40)), Produced(run=key, ref=ref("p2/results/report.tsv", "2" * 40)))
    one, two = ln.Artifact.get(key="p1/results/report.tsv"), ln.Artifact.get(key="p2/results/report.tsv")
    assert one.stem_uid != two.stem_uid
    outside = replace(ref("/data/results/report.tsv"), host="node7")
    record(instance, Produced(run=key, ref=outside), Produced(run=key, ref=replace(outside, host="node8")))
    assert len({a.stem_uid for a in ln.Artifact.filter(key__endswith="/data/results/report.tsv")}) == 2


def test_the_deepest_run_made_it(instance):
    flow, flow_started = run("flow")
    task, task_started = run("task", at=5, parent=flow)
    file = ref("out.bam")
    record(instance, flow_started, Produced(run=flow, ref=file))
    assert ln.Artifact.get(key="out.bam").run.name == "flow"
    record(instance, task_started, Produced(run=task, ref=file))
    made = ln.Artifact.get(key="out.bam")
    assert made.run.name == "task"
    assert [r.name for r in made.recreating_runs] == ["flow"]


def test_an_input_that_comes_back_unchanged_is_no_output(instance):
    one, started = run("maker")
    two, passing = run("passer", at=1)
    file = ref("x.csv")
    record(instance, started, passing, Produced(run=one, ref=file), Used(run=two, ref=file), Produced(run=two, ref=file))
    assert ln.Artifact.get(key="x.csv").run.name == "maker"


def test_a_run_that_only_read_and_wrote_the_same_made_nothing(instance):
    one, started = run("passer")
    record(instance, started, Used(run=one, ref=ref("x.csv")), Produced(run=one, ref=ref("x.csv")))
    assert ln.Artifact.get(key="x.csv").run is None


def test_a_copied_file_has_an_inferred_origin(instance):
    maker, started = run("maker")
    user, using = run("user", at=9)
    record(instance, started, using, Produced(run=maker, ref=ref("p1/out.csv")), Used(run=user, ref=ref("p2/in.csv")))
    copy = ln.Artifact.get(key="p2/in.csv")
    assert (copy.run, copy.origin) == (None, ln.Artifact.get(key="p1/out.csv"))
    assert "inferred origin" in copy.describe()


def test_what_was_made_after_it_was_used_is_no_origin(instance):
    user, using = run("user")
    maker, started = run("maker", at=9)
    record(instance, started, using, Produced(run=maker, ref=ref("p1/out.csv")), Used(run=user, ref=ref("p2/in.csv")))
    assert ln.Artifact.get(key="p2/in.csv").origin is None


@pytest.mark.parametrize("text", ["", "done\n", "x" * 31])
def test_nothing_is_inferred_from_empty_and_tiny_contents(instance, text):
    maker, started = run("maker")
    user, using = run("user", at=9)
    record(instance, started, using, Produced(run=maker, ref=ref("p1/flag", text)), Used(run=user, ref=ref("p2/flag", text)))
    assert ln.Artifact.get(key="p2/flag").origin is None


def test_a_copy_that_gets_a_maker_loses_its_inferred_origin(instance):
    maker, started = run("maker")
    user, using = run("user", at=9)
    record(instance, started, using, Produced(run=maker, ref=ref("p1/out.csv")), Used(run=user, ref=ref("p2/in.csv")))
    copier, copying = run("copier", at=5)
    record(instance, copying, Produced(run=copier, ref=ref("p2/in.csv")))
    copy = ln.Artifact.get(key="p2/in.csv")
    assert (copy.run.name, copy.origin) == ("copier", None)


def test_a_cached_run_points_at_the_run_that_computed(instance):
    old, started = run("task")
    new, again = run("task", attempt=2)
    record(instance, started, again, Ended(run=new, status=RunStatus.CACHED, at=AT, reused=old))
    cached = ln.Run.get(uid=new.uid)
    assert (cached.status, cached.origin.uid) == ("cached", old.uid)


def test_a_given_key_joins_the_family_of_that_key_and_its_stored_bytes_stay(instance):
    kept = saved(LONG, key="counts.csv", name="mine.csv")
    key, started = run("task")
    record(instance, started, Produced(run=key, ref=replace(ref("results/counts.csv", "y" * 60, mtime=2**62), key="counts.csv")))
    found = ln.Artifact.get(key="counts.csv")
    assert found.stem_uid == kept.stem_uid
    assert found != kept
    assert ln.Artifact.get(kept.uid).state == "stored"
    assert ln.Artifact.get(kept.uid).cache().read_text() == LONG
    families_have_one_latest()


@pytest.mark.parametrize("key", ["../x.csv", "/x.csv", "a\nb.csv", "", "a//b"])
def test_a_given_key_that_cannot_be_one_does_not_stop_the_others(instance, key):
    task, started = run("task")
    record(instance, started, Produced(run=task, ref=replace(ref("results/counts.csv"), key=key)), Produced(run=task, ref=ref("other.csv")))
    assert {a.key for a in ln.Artifact.all()} == {"results/counts.csv", "other.csv"}


def test_a_folder_that_is_produced_again_keeps_its_number_of_files(instance):
    one, started = run("a")
    folder = replace(ref("out.zarr"), content_id="b3d:" + "1" * 64, n_files=7)
    record(instance, started, Produced(run=one, ref=folder))
    record(instance, Produced(run=one, ref=replace(folder, mtime_ns=9)))
    assert (ln.Artifact.get(key="out.zarr").n_files, ln.Artifact.get(key="out.zarr").mtime_ns) == (7, 9)


def test_a_labelled_artifact_that_turns_out_to_be_another_hands_its_labels_on(instance):
    one, started = run("a")
    unread = replace(ref("x.csv", mtime=2), content_id=None)
    record(instance, started, Produced(run=one, ref=unread))
    label = ln.ULabel(name="checked").save()
    ln.Artifact.get(key="x.csv").ulabels.add(label)
    ln.Collection([ln.Artifact.get(key="x.csv")], key="set").save()
    record(instance, Used(run=one, ref=ref("x.csv", mtime=1)), Produced(run=one, ref=ref("x.csv", mtime=2)))
    whole = ln.Artifact.get(key="x.csv")
    assert ln.Artifact.all().count() == 1
    assert list(whole.ulabels) == [label]
    assert ln.Collection.get(key="set").artifacts.one() == whole
