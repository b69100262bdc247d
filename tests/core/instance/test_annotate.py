"""What people say of artifacts, runs and records in values of features."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lignin as ln
from lignin.base.errors import Locked, NotFound, UsageError, ValidationError
from lignin.instance.fsck.database import find_dangling, mend_dangling


@pytest.fixture
def artifact(instance):
    Path("sample.fasta").write_text(">seq1\nACGT\n")
    return ln.Artifact("sample.fasta", key="sample.fasta").save()


@pytest.fixture
def features(instance):
    ln.ULabel(name="T cell").save()
    ln.ULabel(name="B cell").save()
    dtypes = {
        "gc_content": float, "experiment_note": str, "n_reads": int, "passed": bool, "settings": dict, "lanes": list[int], "cell_type": ln.ULabel, "free": "cat",
    }  # fmt: skip
    found = {name: ln.Feature(name=name, dtype=dtype).save() for name, dtype in dtypes.items()}
    found["experiment_date"] = ln.Feature(name="experiment_date", dtype=date, coerce=True).save()
    return found


GIVEN = {
    "gc_content": 1, "experiment_note": "Looks great", "experiment_date": "2025-10-24", "n_reads": np.int32(7), "passed": np.True_, "settings": {"k": 31},
    "lanes": [3, 1, 3], "cell_type": ["T cell", "B cell"], "free": "x",
}  # fmt: skip
READ = GIVEN | {"gc_content": 1.0, "experiment_date": date(2025, 10, 24), "n_reads": 7, "passed": True, "cell_type": {"T cell", "B cell"}}


def test_values_are_checked_and_read_back(artifact, features):
    artifact.features.add_values(GIVEN)
    assert artifact.features.get_values() == READ
    again = ln.Artifact.get(key="sample.fasta")
    assert again.features["gc_content"] == 1.0
    assert again.features[features["cell_type"]] == {"T cell", "B cell"}
    assert "lanes" in again.features
    assert "other" not in again.features
    with pytest.raises(NotFound, match=r"has no value of 'other'\. It has: cell_type, "):
        again.features["other"]
    assert "experiment_note: Looks great" in again.features.describe()


def test_runs_and_records_have_values_too(features):
    transform = ln.Transform(key="t").save()
    run, record = ln.Run(transform=transform).save(), ln.Record(name="mouse 1").save()
    for owner in (run, record):
        owner.features.add_values({"n_reads": 5, features["cell_type"]: ln.ULabel.get(name="T cell")})
        assert owner.features.get_values() == {"n_reads": 5, "cell_type": "T cell"}


def test_all_problems_are_told_at_once_and_nothing_is_stored(artifact, features):
    with pytest.raises(ValidationError) as caught:
        artifact.features.add_values({"gc_content": "high", "temperature": 21.5, "cell_type": ["T cell", "Neutrophil"], "n_reads": 3, "experiment_date": "soon"})
    told = str(caught.value)
    assert "ln.Feature(name='temperature', dtype='float').save()" in told
    assert "ln.ULabel.from_values(['Neutrophil'], create=True).save()" in told
    assert {"gc_content", "cell_type", "experiment_date"} <= set(caught.value.by_column)
    assert artifact.features.get_values() == {}


def test_a_record_that_is_no_term_of_the_feature_is_refused(artifact, features):
    project = ln.Project(name="P").save()
    kind = ln.ULabel(name="Kind", is_type=True).save()
    ln.Feature(name="kind", dtype=kind).save()
    for name, value in (("cell_type", project), ("kind", ln.ULabel.get(name="T cell")), ("free", project), ("gc_content", project)):
        with pytest.raises(ValidationError, match=r"1 of 1 records is none of"):
            artifact.features.add_values({name: value})
    with pytest.raises(UsageError, match=r"save .* before"):
        artifact.features.add_values({"cell_type": ln.ULabel(name="new")})
    of_kind = ln.ULabel(name="T cell", type=kind).save()
    artifact.features.add_values({"kind": of_kind, "cell_type": [ln.ULabel.get(name="B cell"), "T cell"]})
    assert artifact.features.get_values() == {"kind": "T cell", "cell_type": {"B cell", "T cell"}}


def test_labels_and_lists_take_more_and_single_values_do_not(artifact, features):
    artifact.features.add_values({"cell_type": "T cell", "lanes": [1], "gc_content": 0.5})
    artifact.features.add_values({"cell_type": ["T cell", "B cell"], "lanes": [2], "gc_content": 0.5})
    assert artifact.features.get_values() == {"cell_type": {"T cell", "B cell"}, "lanes": [1, 2], "gc_content": 0.5}
    with pytest.raises(ValidationError, match=r"update_values\(\{'gc_content'"):
        artifact.features.add_values({"gc_content": 0.6, "cell_type": "B cell"})
    with pytest.raises(ValidationError, match="in the list already"):
        artifact.features.add_values({"lanes": [2, 3]})
    artifact.features.add_values({"lanes": [1, 2]})
    assert artifact.features["lanes"] == [1, 2]


def test_values_are_updated_set_and_removed(artifact, features):
    artifact.features.add_values({"gc_content": 0.5, "cell_type": ["T cell", "B cell"], "free": "x", "lanes": [1, 2, 2]})
    artifact.features.update_values({"gc_content": 0.7, "free": None})
    assert artifact.features.get_values() == {"gc_content": 0.7, "cell_type": {"T cell", "B cell"}, "lanes": [1, 2, 2]}
    artifact.features.remove_values("cell_type", value="T cell")
    artifact.features.remove_values(features["lanes"])
    assert artifact.features.get_values() == {"gc_content": 0.7, "cell_type": "B cell"}
    artifact.features.set_values({"n_reads": 3, "cell_type": "B cell", "lanes": []})
    assert artifact.features.get_values() == {"n_reads": 3, "cell_type": "B cell"}
    artifact.features.remove_values(["n_reads", "cell_type"])
    artifact.features.set_values({})
    assert artifact.features.get_values() == {}
    for act in (lambda: artifact.features.remove_values("n_reads"), lambda: artifact.features.remove_values("nothing")):
        with pytest.raises(NotFound, match="has no value of"):
            act()


def test_what_is_missing_is_said_and_not_stored(artifact, features, capsys):
    artifact.features.add_values({"gc_content": float("nan"), "free": pd.NA, "lanes": [], "n_reads": 1})
    assert artifact.features.get_values() == {"n_reads": 1}
    assert "'gc_content' has no value here" in capsys.readouterr().err
    ln.Feature(name="needed", dtype=int, nullable=False).save()
    with pytest.raises(ValidationError, match="none may be"):
        artifact.features.update_values({"needed": None})


def test_what_was_found_in_the_dataset_is_not_removed_by_hand(instance, artifact, features):
    label = ln.ULabel.get(name="T cell")
    table = ln.Artifact.metadata.tables["artifact_value"]
    row = {"artifact_id": artifact.id, "feature_id": features["cell_type"].id, "slot": "obs", "registry": "ULabel", "target_id": label.id, "created_at": label.created_at}
    instance.database.transact(lambda session: session.execute(table.insert(), row))
    artifact.features.add_values({"cell_type": "B cell"})
    assert artifact.features["cell_type"] == {"T cell", "B cell"}
    assert artifact.features.get_values(external_only=True) == {"cell_type": "B cell"}
    artifact.features.set_values({})
    assert artifact.features["cell_type"] == "T cell"
    with pytest.raises(UsageError, match="were found in the dataset"):
        artifact.features.remove_values("cell_type")


def test_a_locked_or_unsaved_record_takes_no_values(instance, artifact, features):
    artifact.is_locked = True
    artifact.save()
    for act in (
        lambda: artifact.features.add_values({"n_reads": 1}),
        lambda: artifact.features.update_values({"n_reads": 1}),
        lambda: artifact.features.set_values({}),
    ):
        with pytest.raises(Locked, match="Unlock it first"):
            act()
    with pytest.raises(UsageError, match="save the Record before"):
        ln.Record(name="r").features.add_values({"n_reads": 1})


def test_values_remember_who_said_them_in_which_run(instance, artifact, features, monkeypatch):
    monkeypatch.setattr("sys.argv", ["script.py"])
    Path("script.py").write_text("pass\n")
    artifact.features.add_values({"n_reads": 1, "gc_content": 0.5})
    ln.track()
    artifact.features.update_values({"n_reads": 2, "gc_content": 0.5})
    uid = ln.context.run.uid
    ln.finish()
    table = ln.Artifact.metadata.tables["artifact_value"]
    rows = {row.feature_id: row for row in instance.database.read(lambda session: session.execute(table.select()).all())}
    assert {row.created_by_id for row in rows.values()} == {instance.user_id}
    assert rows[features["n_reads"].id].by_run_id == ln.Run.get(uid).id
    # What stays as it was keeps who said it.
    assert rows[features["gc_content"].id].by_run_id is None


def test_features_of_one_name_are_told_apart(artifact, features):
    kind = ln.Feature(name="Assay", is_type=True).save()
    one, two = ln.Feature(name="dose", dtype=float).save(), ln.Feature(name="dose", dtype=str, type=kind).save()
    artifact.features.add_values({one: 1.5, two: "high"})
    assert artifact.features.get_values() == {f"dose ({one.uid})": 1.5, f"dose ({two.uid})": "high"}
    assert artifact.features[two] == "high"
    with pytest.raises(UsageError, match="2 features are called 'dose'"):
        artifact.features.remove_values("dose")
    artifact.features.remove_values(one)
    assert artifact.features.get_values() == {"dose": "high"}
    with pytest.raises(UsageError, match="given twice"):
        artifact.features.add_values({"n_reads": 1, features["n_reads"]: 1})


@pytest.mark.parametrize("given", [None, 3, "gc_content", ["gc_content"], {1: 2}, {None: 1}])
def test_what_names_no_features_is_refused(artifact, features, given):
    with pytest.raises(UsageError, match="values are given by"):
        artifact.features.add_values(given)


def test_an_artifact_is_made_with_values(features):
    Path("new.txt").write_text("new")
    with pytest.raises(ValidationError, match="temperature"):
        ln.Artifact("new.txt", key="new.txt", features={"temperature": 3})
    artifact = ln.Artifact("new.txt", key="new.txt", features={"n_reads": 3, "cell_type": "T cell"})
    assert artifact.features.get_values() == {}
    artifact.save()
    assert ln.Artifact.get(key="new.txt").features.get_values() == {"n_reads": 3, "cell_type": "T cell"}
    again = ln.Artifact("new.txt", key="new.txt", features={"n_reads": 3, "cell_type": "B cell"}).save()
    assert again.features.get_values() == {"n_reads": 3, "cell_type": {"T cell", "B cell"}}
    ln.Artifact.from_dataframe(pd.DataFrame({"a": [1]}), key="a.parquet", features={"gc_content": 0.5}).save()
    assert ln.Artifact.filter(gc_content=0.5).one().key == "a.parquet"
    told = again.describe()
    assert "External features" in told
    assert "T cell" in told


def test_what_values_point_to_is_not_deleted(instance, artifact, features):
    label = ln.ULabel.get(name="T cell")
    artifact.features.add_values({"cell_type": label})
    label.delete()
    assert artifact.features["cell_type"] == "T cell"
    with pytest.raises(UsageError, match=r"is a value of features of Artifact"):
        label.delete(permanent=True)
    with pytest.raises(UsageError, match=r"other records depend on it"):
        features["cell_type"].delete(permanent=True)
    artifact.features.remove_values("cell_type")
    label.delete(permanent=True)
    artifact.features.add_values({"n_reads": 1})
    artifact.delete(permanent=True)


def test_fsck_tells_of_values_whose_terms_are_gone(instance, artifact, features):
    artifact.features.add_values({"cell_type": ["T cell", "B cell"]})
    label = ln.ULabel.get(name="T cell")
    table = ln.ULabel.__table__
    instance.database.transact(lambda session: session.execute(table.delete().where(table.c.id == label.id)))
    (finding,) = find_dangling(instance)
    assert "1 of its values name a ULabel that is not there" in finding.problem
    assert artifact.features["cell_type"] == {"B cell", f"ULabel {label.id}, which is not there"}
    assert mend_dangling(instance, finding).repaired
    assert artifact.features["cell_type"] == "B cell"
    assert not list(find_dangling(instance))


def test_a_label_in_the_trash_stays_a_value_and_is_found_by_its_record(artifact, features):
    artifact.features.add_values({"cell_type": ["T cell", "B cell"]})
    label = ln.ULabel.get(name="T cell")
    label.delete()
    again = ln.Artifact.get(key="sample.fasta")
    assert again.features["cell_type"] == {"T cell", "B cell"}
    # The name may be another label's by now; the record is the one that was meant.
    assert not ln.Artifact.filter(cell_type="T cell").exists()
    assert ln.Artifact.filter(features["cell_type"] == label).one() == artifact
    assert [label.name for label in again.ulabels.all()] == ["B cell"]
    with pytest.raises(ValidationError, match="T cell"):
        again.features.add_values({"cell_type": "T cell"})
    label.restore()
    assert ln.Artifact.filter(cell_type="T cell").one() == artifact


def test_types_of_terms_are_told_by_name(artifact, features, capsys):
    sample = ln.Record(name="Sample sheet", is_type=True).save()
    ln.Record(name="S1", type=sample).save()
    other = ln.Record(name="O1").save()
    feature = ln.Feature(name="sample", dtype=sample).save()
    ln.Feature(name="samples", dtype=f"list[cat[Record[{sample.uid}]]]").save()
    artifact.features.add_values({"sample": "S1", "samples": ["S1"]})
    for told in (artifact.describe(), feature.describe()):
        assert "cat[Record[Sample sheet]]" in told
        assert sample.uid not in told
    assert "list[cat[Record[Sample sheet]]]" in artifact.describe()
    with pytest.raises(ValidationError, match=r"is none of cat\[Record\[Sample sheet\]\]"):
        artifact.features.update_values({"sample": other})
    with pytest.raises(UsageError, match=r"of dtype cat\[Record\[Sample sheet\]\] already"):
        ln.Feature(name="sample", dtype=int).save()
    sample.name = "Sheet of samples"
    sample.save()
    assert "cat[Record[Sheet of samples]]" in artifact.describe()


def test_a_name_of_several_features_is_refused_by_whoever_takes_names(artifact, features):
    uids = []
    for name in ("one", "two"):
        kind = ln.Feature(name=name, is_type=True).save()
        uids.append(ln.Feature(name="dose", dtype=int, type=kind).save().uid)
    for act in (
        lambda: artifact.features.add_values({"dose": 1}), lambda: ln.Artifact.filter(dose=1), lambda: ln.Schema(["dose"]), lambda: ln.Artifact.to_dataframe(features=["dose"]),
        lambda: ln.Artifact.filter().order_by("dose"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=rf"2 features, of several types, are called 'dose': {uids[0]}, {uids[1]}\."):
            act()
    artifact.features.add_values({ln.Feature.get(uids[0]): 1})
    plain = ln.Feature(name="dose", dtype=float).save()
    artifact.features.add_values({"dose": 0.5})
    assert artifact.features[plain] == 0.5
    assert ln.Artifact.filter(dose=0.5).one() == artifact
