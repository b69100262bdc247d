"""Replacing makes the next version: a uid never stands for other bytes, and what people said goes along."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import lignin as ln
from lignin.base.errors import InvalidKey, Locked, UsageError, ValidationError


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


def test_values_go_over_to_the_new_version_and_the_old_one_keeps_its_own(instance):
    ln.ULabel(name="T cell").save()
    for name, dtype in {"n": int, "cell_type": ln.ULabel}.items():
        ln.Feature(name=name, dtype=dtype).save()
    artifact = saved("one", features={"n": 1, "cell_type": "T cell"})
    old = artifact.uid
    Path("b.txt").write_text("two")
    artifact.replace("b.txt").save()
    assert artifact.features.get_values() == {"n": 1, "cell_type": "T cell"}
    artifact.features.update_values({"n": 2})
    assert ln.Artifact.get(old).features.get_values() == {"n": 1, "cell_type": "T cell"}


def test_what_replaces_a_checked_dataset_is_checked_too(instance):
    columns = ln.Schema([ln.Feature(name="dose", dtype=float).save()], name="doses").save()
    plain = ln.Artifact.from_dataframe(pd.DataFrame({"dose": [0.5]}), key="a.parquet", schema=columns).save()
    with pytest.raises(ValidationError, match="dose"):
        plain.replace(pd.DataFrame({"dose": ["high"]}))
    plain.replace(pd.DataFrame({"dose": [1.5, 2.5]})).save()
    assert (plain.schema, plain.n_observations) == (columns, 2)
    assert list(plain.features.slots) == ["columns"]


def test_what_is_said_of_a_dataset_is_checked_with_it(instance):
    ln.ULabel(name="wet").save()
    dose, lab = ln.Feature(name="dose", dtype=float).save(), ln.Feature(name="lab", dtype=ln.ULabel, nullable=False).save()
    parts = {"obs": ln.Schema([dose], name="doses").save(), "__external__": ln.Schema([lab], name="said").save()}
    schema = ln.Schema(slots=parts, otype="AnnData", name="both").save()

    def cells(*doses):
        return ad.AnnData(np.zeros((len(doses), 1)), obs=pd.DataFrame({"dose": doses}, index=[f"c{n}" for n in range(len(doses))]))

    for said in (None, {"lab": "dry"}, {"dose": 1.0}):
        with pytest.raises(ValidationError, match=r"lab|dry"):
            ln.Artifact.from_anndata(cells(0.5), key="a.h5ad", schema=schema, features=said)
    by_record = {lab: ln.ULabel.get(name="wet")}
    artifact = ln.Artifact.from_anndata(cells(0.5), key="a.h5ad", schema=schema, features=by_record).save()
    assert artifact.features.get_values(external_only=True) == {"lab": "wet"}
    assert ln.curators.AnnDataCurator(cells(0.5), schema, features=by_record).validate().ok
    with pytest.raises(ValidationError, match="dose"):
        artifact.replace(cells("high"))
    # What people said goes over, and satisfies the part of the schema that asks for it.
    artifact.replace(cells(1.5, 2.5)).save()
    assert (artifact.schema, artifact.n_observations, artifact.features.get_values(external_only=True)) == (schema, 2, {"lab": "wet"})
