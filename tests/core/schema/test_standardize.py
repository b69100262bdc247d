"""Data made to fit, where nothing is lost by it."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lignin.base.errors import UsageError
from lignin.schema import FeatureSpec, SchemaSpec, check, standardize


def changes(done):
    return [(change.column, change.what, change.count) for change in done.changes]


def test_synonyms_become_terms_and_defaults_fill_gaps_in_a_copy(penguins, registries):
    messy = penguins.assign(species=penguins.species.replace("Gentoo", "Pygoscelis papua").astype("category"), year=penguins.year.astype(str))
    before = messy.copy(deep=True)
    schema = SchemaSpec(features=(
        FeatureSpec(name="species", dtype="cat[Species]"), FeatureSpec(name="year", dtype=int, coerce=True), FeatureSpec(name="sex", dtype=str, default="unknown"),
        FeatureSpec(name="station", dtype=str, default="Palmer"),
    ))
    done = standardize(messy, schema, registries=registries)
    assert changes(done) == [("species", "renamed", 124), ("year", "converted", 344), ("sex", "filled", 11), ("station", "added", 344)]
    assert done.data.species.value_counts().to_dict() == penguins.species.value_counts().to_dict()
    assert done.data.species.dtype == "category"
    assert done.data.year.dtype == "int64"
    assert check(done.data, schema, registries=registries).ok
    pd.testing.assert_frame_equal(messy, before)
    assert standardize(done.data, schema, registries=registries).changes == ()
    assert standardize(messy, schema, registries=registries, in_place=True).data is messy
    pd.testing.assert_frame_equal(messy, done.data)


def test_polars_frames_are_standardized_alike(penguins, registries):
    messy = pl.from_pandas(penguins).with_columns(pl.col("species").replace({"Gentoo": "Pygoscelis papua"}), pl.col("year").cast(pl.String))
    schema = SchemaSpec(features=(FeatureSpec(name="species", dtype="cat[Species]"), FeatureSpec(name="year", dtype=int, coerce=True), FeatureSpec(name="n", dtype=int, default=1)))
    done = standardize(messy, schema, registries=registries)
    assert changes(done) == [("species", "renamed", 124), ("year", "converted", 344), ("n", "added", 344)]
    assert done.data["year"].dtype == pl.Int64
    assert check(done.data, schema, registries=registries).ok
    assert messy["year"].dtype == pl.String
    with pytest.raises(UsageError, match="in place"):
        standardize(messy, schema, registries=registries, in_place=True)


@pytest.mark.parametrize("hold", [pd.DataFrame, pl.DataFrame])
def test_a_column_is_converted_as_a_whole_or_not_at_all(hold):
    frame = hold({"x": ["1", "two", None], "y": ["1", None, "3"]})
    schema = SchemaSpec(features=(FeatureSpec(name="x", dtype=int, default=0), FeatureSpec(name="y", dtype=float)), coerce=True)
    done = standardize(frame, schema)
    assert [value for value in done.data["x"].to_list() if isinstance(value, str)] == ["1", "two"]
    assert done.data["y"].drop_nulls().to_list() == [1.0, 3.0] if hold is pl.DataFrame else done.data["y"].dropna().tolist() == [1.0, 3.0]
    assert ("y", "converted", 2) in changes(done)
    assert not check(done.data, schema).ok


@pytest.mark.parametrize(("values", "dtype", "wanted", "stored"), [
    ([1.0, np.nan], int, [1, None], "Int64"), (["1", "2"], float, [1.0, 2.0], "float64"), ([0, 1], bool, [False, True], "bool"), (["true", None], bool, [True, None], "boolean"),
    (["2025-10-24"], "date", [datetime.date(2025, 10, 24)], "object"), (["2025-10-24T10:00"], "datetime", [pd.Timestamp("2025-10-24 10:00")], "datetime64[us]"),
    ([1, 2], str, ["1", "2"], "object"), ([["1"], ["2", "3"]], "list[int]", [[1], [2, 3]], "object"), ([1.5, 2.5], "num", [1.5, 2.5], "float64"), (["1.5"], "num", [1.5], "float64"),
    ([2**70, "1"], int, [2**70, 1], "object"),
])
def test_what_a_column_becomes(values, dtype, wanted, stored):
    done = standardize(pd.DataFrame({"x": values}), SchemaSpec(features=(FeatureSpec(name="x", dtype=dtype, coerce=True),)))
    assert str(done.data.x.dtype) == stored
    assert [None if value is pd.NA else value for value in done.data.x] == wanted


def test_a_dictionary_is_standardized(registries):
    schema = SchemaSpec(features=(FeatureSpec(name="species", dtype="cat[Species]"), FeatureSpec(name="year", dtype=int, coerce=True), FeatureSpec(name="n", dtype=int, default=1)))
    record = {"species": "Pygoscelis papua", "year": "2007"}
    assert standardize(record, schema, registries=registries).data == {"species": "Gentoo", "year": 2007, "n": 1}
    assert record == {"species": "Pygoscelis papua", "year": "2007"}


def test_registered_features_count_where_the_schema_is_flexible(penguins, registries):
    messy = penguins.assign(species=penguins.species.replace("Gentoo", "Pygoscelis papua"))
    assert changes(standardize(messy, SchemaSpec(itype="Feature"), registries=registries)) == [("species", "renamed", 124)]
    assert standardize(messy, SchemaSpec(features=(FeatureSpec(name="year", dtype=int),)), registries=registries).changes == ()


def test_a_table_that_can_not_be_changed_says_so():
    with pytest.raises(UsageError, match="can't be standardized"):
        standardize(pa.table({"x": [1]}), SchemaSpec())
