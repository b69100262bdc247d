"""Features and schemas as records: what they are made of, and when two are one."""

from datetime import date

import pandas as pd
import pytest

import lignin as ln
from lignin.base.errors import DtypeError, NotFound, UsageError
from lignin.instance.schemas import BUILT_IN, find_schema
from lignin.schema import FeatureSpec


def test_a_feature_is_what_its_dtype_says(instance):
    sample = ln.Record(name="Sample", is_type=True).save()
    made = {
        "gc": ln.Feature(name="gc", dtype=float).save(),
        "day": ln.Feature(name="day", dtype=date, coerce=True).save(),
        "cell_type": ln.Feature(name="cell_type", dtype=ln.ULabel).save(),
        "sample": ln.Feature(name="sample", dtype=sample).save(),
        "tags": ln.Feature(name="tags", dtype=list[str], synonyms=["labels", "marks"]).save(),
        "type": ln.Feature(name="kind", dtype=ln.ULabel, cat_filters={"is_type": True}).save(),
    }
    assert [feature.dtype for feature in made.values()] == [
        "float", "date", "cat[ULabel]", f"cat[Record[{sample.uid}]]", "list[str]", "cat[ULabel[is_type='True']]",
    ]  # fmt: skip
    assert ln.Feature.get(name="tags").synonyms == "labels|marks"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": "x"}, "needs a dtype"),
        ({"name": "x", "dtype": "flot"}, "no type 'flot'"),
        ({"name": "x", "dtype": int, "is_type": True}, "has no dtype"),
        ({"name": "x", "dtype": int, "default_value": "many"}, "default"),
        ({"name": "x", "dtype": int, "synonyms": ["a|b"]}, "can't be a synonym"),
        ({"name": "x", "dtype": int, "cat_filters": {"is_type": True}}, "cat_filters"),
        ({"name": "x", "dtype": ln.ULabel, "cat_filters": {"colour": "red"}}, "no field 'colour'"),
        ({"name": " x", "dtype": int}, "name"),
    ],
)
def test_a_bad_feature_is_refused_before_anything_is_stored(instance, fields, problem):
    with pytest.raises(UsageError, match=problem):
        ln.Feature(**fields)
    assert not ln.Feature.filter().exists()


def test_a_dtype_that_is_none_points_at_the_character(instance):
    with pytest.raises(DtypeError) as caught:
        ln.Feature(name="x", dtype="cat[ULabel")
    assert caught.value.position == len("cat[ULabel")


def test_a_default_is_kept_as_the_value_it_is(instance):
    ln.Feature(name="day", dtype=date, default_value="2025-10-24").save()
    assert ln.Schema(["day"]).spec.features[0].default == date(2025, 10, 24)


def test_a_name_has_one_dtype_within_its_type(instance):
    first = ln.Feature(name="dose", dtype=float).save()
    assert ln.Feature(name="dose", dtype="float").save() == first
    with pytest.raises(UsageError, match="of dtype float already"):
        ln.Feature(name="dose", dtype=int).save()
    assay = ln.Feature(name="Assay", is_type=True).save()
    other = ln.Feature(name="dose", dtype=int, type=assay).save()
    assert other != first
    first.dtype = "int"
    with pytest.raises(UsageError, match="can't be set"):
        first.save()


def test_a_schema_is_read_back_as_it_was_made(instance):
    dose, drug, name = (ln.Feature(name=n, dtype=d).save() for n, d in (("dose", float), ("drug", "cat[ULabel]"), ("sample", str)))
    schema = ln.Schema([dose, drug.with_config(optional=True)], name="doses", index=name, ordered_set=True, coerce=True).save()
    spec = ln.Schema.get(name="doses").spec
    assert spec.features == (FeatureSpec(name="dose", dtype=float), FeatureSpec(name="drug", dtype="cat[ULabel]"))
    assert (spec.optional, spec.index, spec.ordered_set, spec.coerce) == ({"drug"}, FeatureSpec(name="sample", dtype=str), True, True)
    assert spec.content_id == schema.hash
    cells = ln.Schema(slots={"obs": schema, "var.T": ln.Schema(itype=ln.Feature).save()}, otype="AnnData").save()
    assert list(cells.slots) == ["obs", "var.T"]
    assert cells.spec.slots["obs"] == spec


def test_what_checks_the_same_under_one_name_or_none_is_one_schema(instance):
    dose = ln.Feature(name="dose", dtype=float).save()
    named, nameless = ln.Schema([dose], name="doses").save(), ln.Schema([dose]).save()
    assert ln.Schema(["dose"], name="doses").save() == named
    assert ln.Schema(["dose"]).save() == nameless != named
    assert ln.Schema(["dose"], name="other").save() not in {named, nameless}
    with pytest.raises(UsageError, match="checks something else"):
        ln.Schema([dose], name="doses", maximal_set=True).save()
    named.maximal_set = True
    with pytest.raises(UsageError, match="can't be set"):
        named.save()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "something to check"),
        ({"features": ["dose"]}, "no feature 'dose'"),
        ({"features": "dose"}, "list of ln.Feature"),
        ({"features": [5]}, "list of ln.Feature"),
        ({"slots": {"obs": 5}}, "takes a saved ln.Schema"),
        ({"slots": ["obs"]}, "slots is a dict"),
        ({"itype": "cat[ULabel|Record]"}, "itype is a registry"),
        ({"itype": ln.Feature, "flexible": "yes"}, "True or False"),
        ({"itype": ln.Feature, "index": "x"}, "saved ln.Feature"),
        ({"name": "t", "is_type": True, "itype": ln.Feature}, "groups schemas"),
    ],
)
def test_a_bad_schema_is_refused_before_anything_is_stored(instance, fields, problem):
    with pytest.raises(UsageError, match=problem):
        ln.Schema(**fields).save()
    assert not ln.Schema.filter().exists()


def test_a_feature_that_is_listed_twice_is_refused(instance):
    dose = ln.Feature(name="dose", dtype=float).save()
    with pytest.raises(UsageError, match="twice"):
        ln.Schema([dose, dose])


def test_a_schema_and_its_new_features_are_inferred_from_a_frame(instance):
    ln.Feature(name="dose", dtype=float).save()
    frame = pd.DataFrame({"dose": [1.5], "cells": [3], "drug": pd.Categorical(["DMSO"])})
    schema = ln.Schema.from_dataframe(frame, name="doses", dtypes={"drug": ln.ULabel})
    assert ln.Feature.filter().count() == 1
    schema.save()
    assert {f.name: f.dtype for f in schema.features} == {"dose": "float", "cells": "int", "drug": "cat[ULabel]"}
    again = ln.Schema.from_dataframe(frame, name="doses", dtypes={"drug": ln.ULabel}).save()
    assert again == schema
    found = ln.Feature.from_dict({"dose": 1.0, "note": "x"}).save()
    assert [f.dtype for f in found] == ["float", "str"]
    assert ln.Feature.filter().count() == 4


def test_schemas_that_come_with_lignin_are_made_when_they_are_asked_for(instance):
    columns, cells = (find_schema(instance, name) for name in BUILT_IN)
    assert find_schema(instance, BUILT_IN[0]) == columns
    assert columns.spec.is_flexible
    assert {slot: part.itype for slot, part in cells.slots.items()} == {"obs": "Feature", "var.T": "bionty.Gene.ensembl_gene_id"}
    with pytest.raises(NotFound, match="valid_features"):
        find_schema(instance, "nope")
    with pytest.raises(UsageError, match="saved"):
        find_schema(instance, ln.Schema(itype=ln.Feature))


def test_a_feature_of_a_schema_is_not_deleted_under_it(instance):
    dose = ln.Feature(name="dose", dtype=float).save()
    ln.Schema([dose], name="doses").save()
    with pytest.raises(UsageError):
        dose.delete(permanent=True)
    assert ln.Schema.get(name="doses").spec.required == ("dose",)


def test_a_schema_that_lists_other_features_has_another_content(instance, capsys):
    dose, drug = (ln.Feature(name=name, dtype=float).save() for name in ("dose", "drug"))
    schema = ln.Schema([dose], name="doses").save()
    before = schema.hash
    schema.add(drug, optional=True)
    assert (schema.spec.required, schema.spec.optional, schema.n_members) == (("dose",), {"drug"}, 2)
    assert schema.hash == schema.spec.content_id != before
    assert [feature.name for feature in schema.optionals.get()] == ["drug"]
    schema.optionals.set(["dose"])
    assert schema.spec.required == ("drug",)
    schema.optionals.remove("dose")
    assert schema.spec.required == ("dose", "drug")
    schema.remove(drug)
    assert ln.Schema.get(name="doses").hash == before


def test_a_change_that_leaves_nothing_to_check_is_refused(instance):
    dose = ln.Feature(name="dose", dtype=float).save()
    schema = ln.Schema([dose], name="doses").save()
    with pytest.raises(UsageError, match="check nothing"):
        schema.remove(dose)
    with pytest.raises(UsageError, match="does not list"):
        schema.optionals.set([ln.Feature(name="drug", dtype=float).save()])
    cells = ln.Schema(slots={"obs": schema}).save()
    with pytest.raises(UsageError, match="has slots"):
        cells.add(dose)
    assert schema.spec.required == ("dose",)
