"""What Python values become in rows, and back."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lignin as ln
from lignin.base.errors import UsageError
from lignin.instance.feature_values import column_of, decoder, encode, field_of
from lignin.schema import FeatureSpec, parse_dtype

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
MOMENTS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.timezones())
VALUES = {
    "int": st.integers(-(2**63), 2**63 - 1), "bool": st.booleans(), "float": st.floats(allow_nan=False), "date": st.dates(),
    "datetime": st.datetimes() | MOMENTS,
    "datetime64[ns, Europe/Berlin]": st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(ZoneInfo("Europe/Berlin"))),
    "dict": st.dictionaries(st.sampled_from("abc"), st.integers() | st.booleans() | st.lists(st.integers())),
}  # fmt: skip


def stored(dtype, value, **terms):
    return encode(FeatureSpec(name="x", dtype=parse_dtype(dtype)), value, terms=terms)


def held(dtype, value):
    return [row[column_of(parse_dtype(dtype))] for row in stored(dtype, value)]


def back(dtype, value):
    read = decoder(parse_dtype(dtype))
    return [read(inner) for inner in held(dtype, value)]


@given(st.data())
def test_each_value_comes_back_as_it_was(data):
    dtype = data.draw(st.sampled_from(sorted(VALUES)))
    value = data.draw(VALUES[dtype].filter(lambda v: v != {}))
    assert back(dtype, value) == [value]
    several = data.draw(st.lists(VALUES[dtype].filter(lambda v: v != {}), max_size=3))
    assert back(f"list[{dtype}]", several) == several


@given(MOMENTS, MOMENTS)
def test_texts_of_times_sort_as_the_times_do(first, second):
    (one,), (two,) = held("datetime", first), held("datetime", second)
    assert (one < two) == (first.astimezone(UTC) < second.astimezone(UTC))


def test_a_row_holds_one_value_in_the_column_of_its_dtype():
    (row,) = stored("float", 3)
    assert row == {"position": 0, "integer": None, "number": 3.0, "text": None, "json": None, "registry": None, "target_id": None}
    assert held("int", np.int8(4)) == [4]
    assert held("float", np.float32(0.5)) == [0.5]
    assert held("bool", np.True_) == [1]
    assert held("date", "2025-10-24") == ["2025-10-24"]
    assert held("date", pd.Timestamp("2025-10-24")) == ["2025-10-24"]
    assert held("datetime", datetime(2025, 10, 24, 12, tzinfo=timezone(timedelta(hours=2)))) == ["2025-10-24T10:00:00.000000+00:00"]
    assert held("datetime", date(2025, 10, 24)) == ["2025-10-24T00:00:00.000000"]
    assert held("path", Path("a/b")) == ["a/b"]
    assert held("dict", {"a": np.int64(1), "b": (1, 2.5)}) == [{"a": 1, "b": [1, 2.5]}]


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, pd.NaT, pd.NA, [], (), {}, set(), np.array([])])
def test_what_is_missing_leaves_no_row(value):
    for dtype in ("float", "str", "list[int]", "cat[ULabel]", "dict"):
        assert stored(dtype, value) == ()


def test_terms_are_kept_by_registry_and_id():
    rows = stored("cat[ULabel]", ["b", "a", "b"], a=("ULabel", 7), b=("ULabel", 3))
    assert [(row["position"], row["registry"], row["target_id"], row["text"]) for row in rows] == [(0, "ULabel", 3, None), (1, "ULabel", 7, None)]
    label = ln.ULabel(name="c")
    with pytest.raises(UsageError, match=r"save .*'c'.* before"):
        stored("cat[ULabel]", label)
    label.id = 5
    assert stored("list[cat[ULabel]]", [label])[0]["target_id"] == 5
    with pytest.raises(UsageError, match="'d' is none of its terms"):
        stored("cat[ULabel]", "d")


def test_labels_without_a_registry_are_texts_each_once():
    assert held("cat", ["x", "y", "x"]) == ["x", "y"]
    assert held("cat", {"y", "x"}) == ["x", "y"]
    assert held("list[str]", ["x", "y", "x"]) == ["x", "y", "x"]


def test_the_field_of_terms_is_the_one_that_the_dtype_names():
    assert field_of(parse_dtype("cat[ULabel]"), "ULabel") == "name"
    assert field_of(parse_dtype("list[cat[Project.abbr|ULabel]]"), "Project") == "abbr"
    assert field_of(parse_dtype("cat[Artifact]"), "Artifact") == "key"


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("int", 2**63), ("float", 2**60 + 1), ("float", 10**400), ("num", 2**53 + 1), ("str", "a\0"), ("dict", {"a": float("nan")}), ("dict", {"a": object()}),
        ("dict", {1: 2}), ("dict", {"a": date(2025, 1, 1)}), ("datetime", pd.Timestamp("2025-01-01") + pd.Timedelta(1)), ("list[int]", 3), ("int", [3]),
        ("list[list[int]]", [[1]]), ("list[int]", [1, None]), ("date", "yesterday"), ("int", 2.5), ("cat", 3), ("datetime", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))),
    ],
)  # fmt: skip
def test_what_no_row_can_hold_is_refused_by_name(dtype, value):
    with pytest.raises(UsageError, match="the feature 'x'"):
        stored(dtype, value)


def test_secrets_in_texts_urls_and_dicts_are_not_kept():
    assert held("url", "https://me:geheim1@host/x") == ["https://me:***@host/x"]
    assert held("dict", {"api_key": "geheim1", "n": 1}) == [{"api_key": "***", "n": 1}]
    assert held("str", "password=geheim1") == ["password=***"]
