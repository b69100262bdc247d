"""Replacing makes the next version: a uid never stands for other bytes, and what people said goes along."""

from pathlib import Path

import pandas as pd
import pytest

import lignin as ln
from lignin.base.errors import InvalidKey, Locked, UsageError


def saved(text, key="a.txt", **options):
    Path("a.txt").write_text(text)
    return ln.Artifact("a.txt", key=key, **options).save()


def test_the_record_becomes_the_new_version_and_the_old_one_stays(instance):
    artifact = saved("one", description="counts", kind="dataset")
    label, project = ln.ULabel(name="good").save(), ln.Project(name="p").save()
    artifact.ulabels.add(label)
    artifact.projects.add(project)
    old = artifact.uid
    Path("b.txt").write_text("two")
    assert artifact.replace("b.txt") is artifact
    assert (artifact.uid, artifact.load()) == (old, "one")
    artifact.save()
    assert artifact.uid != old
    assert (artifact.load(), artifact.description, artifact.kind, artifact.is_latest) == ("two", "counts", "dataset", True)
    assert [label.name for label in artifact.ulabels.all()] == ["good"]
    assert [project.name for project in artifact.projects.all()] == ["p"]
    assert ln.Artifact.get(old).load() == "one"
    assert [v.uid for v in ln.Artifact.get(key="a.txt").versions] == [artifact.uid, old]
    artifact.description = "later"
    artifact.save()
    assert ln.Artifact.get(key="a.txt").description == "later"
    assert ln.Artifact.get(old).description == "counts"


def test_runs_and_collections_keep_naming_the_version_they_had(sqlite_instance):
    artifact = saved("one")
    collection = ln.Collection([artifact], key="all").save()

    @ln.flow()
    def read():
        return ln.Artifact.get(key="a.txt").load()

    read()
    old = artifact.uid
    Path("b.txt").write_text("two")
    artifact.replace("b.txt").save()
    assert [a.load() for a in collection.artifacts.all()] == ["one"]
    assert ln.Artifact.get(old).input_of_runs.all().count() == 1
    assert artifact.input_of_runs.all().count() == 0


def test_bytes_that_others_share_stay_theirs(sqlite_instance):
    artifact, twin = saved("same"), saved("same", key="b.txt")
    Path("b.txt").write_text("two")
    artifact.replace("b.txt").save()
    assert (artifact.load(), twin.load()) == ("two", "same")


def test_the_same_content_changes_nothing(sqlite_instance):
    artifact = saved("one")
    uid = artifact.uid
    artifact.replace("a.txt").save()
    assert artifact.uid == uid
    assert ln.Artifact.filter(key="a.txt").count() == 1


def test_a_frame_is_replaced_by_a_frame(sqlite_instance):
    artifact = ln.Artifact.from_dataframe(pd.DataFrame({"x": [1]}), key="t.parquet").save()
    frame = pd.DataFrame({"x": [1, 2]})
    artifact.replace(frame).save()
    assert (artifact.n_observations, artifact.otype) == (2, "DataFrame")
    assert artifact.load().equals(frame)


def test_what_was_set_before_the_save_is_meant_for_the_new_version(sqlite_instance):
    artifact = saved("one", description="old")
    uid = artifact.uid
    Path("b.txt").write_text("two")
    artifact.replace("b.txt")
    artifact.description = "new"
    artifact.save()
    assert (artifact.description, ln.Artifact.get(uid).description) == ("new", "old")


def test_a_file_under_its_key_is_replaced_there_and_the_old_bytes_are_kept(sqlite_instance):
    ln.Storage("store").save()
    Path("store/a.txt").write_text("one")
    artifact = ln.Artifact("store/a.txt", key="a.txt").save()
    old = artifact.uid
    Path("b.txt").write_text("two")
    artifact.replace("b.txt").save()
    assert Path("store/a.txt").read_text() == "two"
    assert not artifact.key_is_virtual
    assert ln.Artifact.get(old).load(verify=True) == "one"
    Path("store/a.txt").write_text("three")
    artifact.replace("store/a.txt").save()
    assert (artifact.load(), artifact.versions.count()) == ("three", 3)


def test_what_cannot_be_replaced_is_refused(sqlite_instance):
    one = saved("one")
    saved("two")
    with pytest.raises(UsageError, match="not the latest"):
        one.replace("a.txt")
    latest = ln.Artifact.get(key="a.txt")
    Path("c.csv").write_text("x\n1\n")
    with pytest.raises(InvalidKey, match="must end like"):
        latest.replace("c.csv")
    with pytest.raises(UsageError, match="not saved"):
        ln.Artifact("a.txt", key="x.txt").replace("a.txt")
    latest.is_locked = True
    latest.save()
    with pytest.raises(Locked):
        latest.replace("a.txt")
