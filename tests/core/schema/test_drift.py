"""What changed between two datasets."""

import json
import math
from itertools import combinations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from lignin.schema import drift


def test_two_years_of_penguins(penguins):
    before, after = penguins[penguins.year == 2007], penguins[penguins.year == 2009]
    found = drift(before, after.drop(columns="sex").assign(flipper_length_mm=after.flipper_length_mm.astype("Int64"), station="Palmer"))
    by_name = {column.name: column for column in found.tables[0].columns}
    assert found.tables[0].rows == (110, 120)
    assert by_name["sex"].types == ("object (str)", None)
    assert by_name["station"].types == (None, "object (str)")
    assert by_name["flipper_length_mm"].types == ("float64", "Int64")
    assert by_name["bill_length_mm"].missing == (1 / 110, 1 / 120)
    assert by_name["year"].distance == 1.0
    assert by_name["body_mass_g"].quantiles[0][2] == before.body_mass_g.median()
    exact = stats.ks_2samp(before.body_mass_g.dropna(), after.body_mass_g.dropna()).statistic
    assert by_name["body_mass_g"].distance == pytest.approx(exact)
    assert {column.name for column in found.beyond(0.2)} == {"sex", "station", "flipper_length_mm", "year"}


def test_equal_data_have_no_drift(penguins):
    found = drift(penguins, penguins.copy())
    assert found.changed == ()
    assert str(found) == "344 rows, 0 of 8 columns changed"


def test_terms_that_appear_and_vanish(penguins):
    found = drift(pl.from_pandas(penguins), penguins.assign(species=penguins.species.replace("Gentoo", "Dodo"), island="Dream"))
    species = next(column for column in found.changed if column.name == "species")
    assert (species.appeared, species.vanished, species.n_appeared) == (("Dodo",), ("Gentoo",), 1)
    assert species.distance == pytest.approx(124 / 344)


def test_drift_is_a_table_a_text_and_json(penguins):
    found = drift(penguins, penguins.assign(body_mass_g=penguins.body_mass_g + 500, **{f"a rather long name of a column, number {n}": 1 for n in range(3)}))
    frame = found.to_dataframe()
    assert frame.set_index("column").loc["body_mass_g", "distance"] > 0.2
    assert len(frame) == 11
    assert max(map(len, found.text().splitlines())) <= 80
    assert "median 4050 → 4550" in str(found)
    assert json.loads(json.dumps(found.to_dict()))["tables"][0]["rows"] == [344, 344]


def test_odd_columns_are_compared_by_type_and_gaps_only():
    before = pd.DataFrame({"x": [[1], None], "y": [np.inf, 1.0], "z": [None, None], "t": pd.to_datetime(["2025-01-01", None])})
    after = pd.DataFrame({"x": [1, "a"], "y": [np.nan, np.nan], "z": ["a", None], "t": pd.to_datetime(["2025-01-02", "2025-01-03"])})
    found = {column.name: column for column in drift(before, after).tables[0].columns}
    assert found["x"].missing == (0.5, 0.0)
    assert found["y"].distance is None
    assert found["z"].appeared == ("a",)
    assert found["t"].distance is None
    assert drift(pd.DataFrame(), pd.DataFrame()).changed == ()


KEPT = ["".join(kept) for size in range(1, 5) for kept in combinations("abcd", size)]
NUMBERS = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NUMBERS, NUMBERS)
def test_the_distance_of_numbers_is_the_greatest_difference_of_shares(a, b):
    column = drift(pd.DataFrame({"x": a}), pl.DataFrame({"x": b})).tables[0].columns[0]
    wanted = max(abs(sum(v <= x for v in a) / len(a) - sum(v <= x for v in b) / len(b)) for x in {*a, *b})
    assert math.isclose(column.distance, wanted)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=8), st.lists(st.sampled_from("abcd"), min_size=1, max_size=8))
def test_the_distance_of_texts_is_the_total_variation(a, b):
    column = drift(pd.DataFrame({"x": a}), pd.DataFrame({"x": pd.Categorical(b)})).tables[0].columns[0]
    wanted = max(abs(sum(v in kept for v in a) / len(a) - sum(v in kept for v in b) / len(b)) for kept in ("", *KEPT))
    assert math.isclose(column.distance, wanted, abs_tol=1e-12)
