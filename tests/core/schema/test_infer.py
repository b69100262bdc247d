"""Schemas read off data."""

from importlib import import_module

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lignin.base.errors import UsageError
from lignin.schema import check, infer_schema


def test_the_schema_of_real_data(penguins):
    dtypes = {"species": "str", "island": "str", "bill_length_mm": "float", "bill_depth_mm": "float", "flipper_length_mm": "float", "body_mass_g": "float", "sex": "str", "year": "int"}
    for frame in (penguins, pl.from_pandas(penguins), penguins.to_dict("records")):
        schema = infer_schema(frame, name="penguins")
        assert {feature.name: str(feature.dtype) for feature in schema.features} == dtypes
        assert check(frame, schema).ok
    declared = infer_schema(penguins.astype({"island": "category"}), dtypes={"species": "cat[Species]"})
    assert [str(feature.dtype) for feature in declared.features[:2]] == ["cat[Species]", "cat"]


def test_the_schema_of_an_object_has_slots(penguins):
    anndata = import_module("anndata")
    adata = anndata.AnnData(np.zeros((344, 2)), obs=penguins[["species"]].set_index(penguins.index.astype(str)), var=pd.DataFrame({"n": [1, 2]}, index=["a", "b"]))
    schema = infer_schema(adata)
    assert schema.otype == "AnnData"
    assert list(schema.slots) == ["obs", "var"]
    assert check(adata, schema).ok


def test_columns_of_no_one_dtype_are_all_named():
    frame = pd.DataFrame({"x": [1, "a"], "y": [1, 2], "z": [None, None]})
    with pytest.raises(UsageError, match=r"2 column\(s\) does not show: 'x' \(object \(int, str\)\), 'z' \(object\)"):
        infer_schema(frame)
    assert str(infer_schema(frame, dtypes={"x": str, "z": int}).features[2].dtype) == "int"
    with pytest.raises(UsageError, match="can't name a feature"):
        infer_schema(pd.DataFrame({0: [1]}))


VALUES = st.none() | st.integers(-3, 3) | st.floats(width=16) | st.text("ab", max_size=2) | st.booleans() | st.dates() | st.lists(st.integers(0, 2), max_size=2) | st.binary(max_size=1)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_data_satisfy_the_schema_that_was_read_off_them(values):
    for frame in (pd.DataFrame({"x": pd.Series(values, dtype=object)}), pd.DataFrame({"x": values}), [{"x": value} for value in values]):
        try:
            schema = infer_schema(frame)
        except UsageError:
            continue
        report = check(frame, schema)
        assert report.ok, (values, report)
