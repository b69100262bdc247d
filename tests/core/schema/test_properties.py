"""Whatever passes satisfies the schema, and whatever the schema allows passes: in every holder, and in pieces."""

import datetime
import math

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lignin.schema import (
    FeatureSpec,
    ProblemKind,
    SchemaSpec,
    Tables,
    Terms,
    check,
    check_batches,
    parse_dtype,
    standardize,
)

TERMS = ("T cell", "B cell", "neuron")
REGISTRIES = Tables({"T": Terms.of("T", TERMS, synonyms={"T lymphocyte": "T cell"})})
DATES = st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2100, 1, 1))
TIMES = st.datetimes(min_value=datetime.datetime(1900, 1, 1), max_value=datetime.datetime(2100, 1, 1))
ALLOWED = {
    "int": st.integers(-(2**63), 2**63 - 1), "float": st.floats(allow_nan=False), "num": st.floats(allow_nan=False), "str": st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    "bool": st.booleans(), "date": DATES, "datetime": TIMES, "cat": st.sampled_from(["a", "b"]), "cat[T]": st.sampled_from(TERMS),
    "list[int]": st.lists(st.integers(0, 9), min_size=1, max_size=3), "list[cat[T]]": st.lists(st.sampled_from(TERMS), min_size=1, max_size=2),
}
ANYTHING = st.one_of(
    st.none(), st.just(math.nan), st.integers(-5, 5), st.floats(allow_nan=False, width=16), st.booleans(), st.sampled_from([*TERMS, "T lymphocyte", "x", "3", "2025-10-24", ""]),
    DATES, TIMES, st.binary(max_size=2), st.lists(st.integers(0, 3) | st.sampled_from(TERMS), min_size=1, max_size=2), st.sampled_from([np.float32(1.5), np.int8(2), np.bool_(True), pd.NA, pd.NaT]),
    st.just({"a": 1}),
)
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def absent(value):
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float | np.floating) and math.isnan(value))


def is_of(value, text):
    """What the words of the documentation say, written down a second time, plainly."""
    if text.startswith("list["):
        return isinstance(value, list) and all(is_of(item, text[5:-1]) for item in value)
    truth = isinstance(value, bool | np.bool_)
    return {
        "int": isinstance(value, int | np.integer) and not truth, "float": isinstance(value, int | float | np.integer | np.floating) and not truth,
        "num": isinstance(value, int | float | np.integer | np.floating) and not truth, "bool": truth, "str": isinstance(value, str), "cat": isinstance(value, str),
        "cat[T]": isinstance(value, str) and value in TERMS, "datetime": isinstance(value, datetime.datetime),
        "date": isinstance(value, datetime.date) and (not isinstance(value, datetime.datetime) or value.time() == datetime.time()),
    }[text]


@QUIET
@given(st.data())
def test_what_the_schema_allows_passes_in_every_holder(data):
    text = data.draw(st.sampled_from(sorted(ALLOWED)))
    values = data.draw(st.lists(st.none() | ALLOWED[text], min_size=1, max_size=8))
    schema = SchemaSpec(features=(FeatureSpec(name="x", dtype=text),))
    arrow = pa.table({"x": pa.array(values)})
    holders = [
        pd.DataFrame({"x": pd.Series(values, dtype=object)}), arrow, pl.DataFrame({"x": pl.Series(values, strict=True)}), [{"x": value} for value in values],
    ]
    # What pandas makes of it by itself may be another type: whole numbers with a missing one become fractions.
    if None not in values:
        holders.append(pd.DataFrame({"x": values}))
    for holder in holders:
        report = check(holder, schema, registries=REGISTRIES)
        assert report.ok, (type(holder), report)
        assert report.checked[0].missing == values.count(None)
    assert check_batches(arrow.to_batches(max_chunksize=2), schema, registries=REGISTRIES).ok
    strict = SchemaSpec(features=(FeatureSpec(name="x", dtype=text, nullable=False),))
    assert check(holders[0], strict, registries=REGISTRIES).ok is (None not in values)


@settings(QUIET, max_examples=120)
@given(st.sampled_from(sorted(ALLOWED)), st.lists(ANYTHING, max_size=6))
def test_what_passes_satisfies_the_schema_and_all_else_is_counted(text, values):
    schema = SchemaSpec(features=(FeatureSpec(name="x", dtype=text),))
    present = [value for value in values if not absent(value)]
    fine = all(is_of(value, text) for value in present)
    for holder in (pd.DataFrame({"x": pd.Series(values, dtype=object)}), [{"x": value} for value in values] or [{"x": None}]):
        report = check(holder, schema, registries=REGISTRIES)
        assert report.ok is fine, (text, values, report)
        if not text.startswith("list"):
            told = sum(p.count for p in report.problems if p.kind in {ProblemKind.WRONG_TYPE, ProblemKind.UNKNOWN_TERMS})
            assert told == sum(not is_of(value, text) for value in present)


@settings(QUIET, max_examples=100)
@given(st.sampled_from(sorted(ALLOWED)), st.lists(ANYTHING, max_size=6))
def test_what_is_valid_with_coerce_is_standardized_into_what_is_valid_without(text, values):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    before = frame.copy(deep=True)
    lenient = SchemaSpec(features=(FeatureSpec(name="x", dtype=text, coerce=True),))
    done = standardize(frame, lenient, registries=REGISTRIES)
    pd.testing.assert_frame_equal(frame, before)
    assert done.data.x.isna().tolist() == frame.x.isna().tolist()
    if check(frame, lenient, registries=REGISTRIES).ok:
        assert check(done.data, SchemaSpec(features=(FeatureSpec(name="x", dtype=text),)), registries=REGISTRIES).ok
        assert standardize(done.data, lenient, registries=REGISTRIES).changes == ()


@QUIET
@given(st.lists(st.sampled_from(sorted(ALLOWED)), max_size=4), st.booleans(), st.booleans())
def test_a_schema_has_one_content_id_however_it_is_written(texts, ordered, coerce):
    features = [FeatureSpec(name=f"x{n}", dtype=text) for n, text in enumerate(texts)]
    one = SchemaSpec(features=tuple(features), ordered_set=ordered, coerce=coerce)
    other = SchemaSpec(name="other", features=tuple(FeatureSpec(name=f.name, dtype=parse_dtype(str(f.dtype)), unit="g", synonyms=("y",)) for f in features), ordered_set=ordered, coerce=coerce)
    assert one.content_id == other.content_id
    turned = SchemaSpec(features=tuple(reversed(features)), ordered_set=ordered, coerce=coerce)
    assert (one.content_id == turned.content_id) is (not ordered or len(texts) < 2)
