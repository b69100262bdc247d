"""The dtype language: from text to values and back, and where it points when a text makes no sense."""

import datetime
import pathlib

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lignin.base.errors import DtypeError, UsageError
from lignin.schema import (
    Categorical,
    Filter,
    Kind,
    ListOf,
    Simple,
    Target,
    dtype_of,
    dtype_of_value,
    parse_dtype,
    parse_target,
)

WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
TEXTS = st.text(min_size=1, max_size=8)
TARGETS = st.builds(
    Target, registry=st.from_regex(r"([a-z]{1,4}\.)?[A-Z][A-Za-z]{0,6}", fullmatch=True), types=st.lists(TEXTS, max_size=2).map(tuple), field=st.none() | WORDS,
    filters=st.lists(st.builds(Filter, path=WORDS, value=st.text(max_size=8)), max_size=2, unique_by=lambda f: f.path).map(tuple),
)
SIMPLE = st.sampled_from([Simple(kind=kind) for kind in Kind] + [Simple(kind=Kind.DATETIME, zone="Europe/Berlin")])
DTYPES = st.recursive(SIMPLE | st.builds(Categorical, targets=st.lists(TARGETS, max_size=3, unique=True).map(tuple)), lambda inner: st.builds(ListOf, item=inner), max_leaves=3)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DTYPES)
def test_every_dtype_is_what_its_text_says(dtype):
    assert parse_dtype(str(dtype)) == dtype


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=20) | st.text(alphabet="catlis[]|.,='Ab ", max_size=20))
def test_any_text_is_a_dtype_or_an_error_that_points_into_it(text):
    try:
        found = parse_dtype(text)
    except DtypeError as e:
        assert 0 <= e.position <= len(text)
        assert e.text == text
    else:
        assert parse_dtype(str(found)) == found


@pytest.mark.parametrize(("text", "wanted"), [
    ("int", Simple(kind=Kind.INT)),
    (" list[ str ] ", ListOf(item=Simple(kind=Kind.STR))),
    ("datetime64[ns, UTC]", Simple(kind=Kind.DATETIME, zone="UTC")),
    ("datetime64[us]", Simple(kind=Kind.DATETIME)),
    ("cat", Categorical()),
    ("cat[ULabel]", Categorical(targets=(Target(registry="ULabel"),))),
    ("cat[Record[12345678abcdeFGHI]]", Categorical(targets=(Target(registry="Record", types=("12345678abcdeFGHI",)),))),
    ("cat[Record[Lab[Wet lab]].name]", Categorical(targets=(Target(registry="Record", types=("Lab", "Wet lab"), field="name"),))),
    ("cat[bionty.Gene.symbol[organism__name='human, old',a=b]]", Categorical(targets=(Target(
        registry="bionty.Gene", field="symbol", filters=(Filter(path="organism__name", value="human, old"), Filter(path="a", value="b"))),))),
    ("list[cat[bionty.Tissue.ontology_id|bionty.CellType.ontology_id]]", ListOf(item=Categorical(targets=(
        Target(registry="bionty.Tissue", field="ontology_id"), Target(registry="bionty.CellType", field="ontology_id"))))),
])
def test_what_a_text_means(text, wanted):
    assert parse_dtype(text) == wanted


@pytest.mark.parametrize(("text", "position", "said"), [
    ("", 0, "expected a dtype"),
    ("integer", 0, "did you mean int?"),
    ("Int64", 0, "did you mean int?"),
    ("string", 0, "did you mean str?"),
    ("ULabel", 0, "did you mean cat[ULabel]?"),
    ("cat[ULabel", 10, "expected ']'"),
    ("cat[]", 4, "capital letter"),
    ("cat[ulabel]", 4, "capital letter"),
    ("cat[A|B|A]", 8, "twice"),
    ("cat[A[x='1]]", 8, "never closed"),
    ("cat[A[x=1,x=2]]", 10, "filtered twice"),
    ("list[]", 5, "expected a dtype"),
    ("int, str", 3, "expected the end"),
    ("list[" * 40 + "int" + "]" * 40, 85, "deep"),
])
def test_an_error_points_at_the_character(text, position, said):
    with pytest.raises(DtypeError) as caught:
        parse_dtype(text)
    assert caught.value.position == position
    assert said in str(caught.value)
    shown, pointer = str(caught.value).splitlines()[1:3]
    assert pointer.index("^") == 4 + min(position, 60)
    assert isinstance(caught.value, UsageError)
    assert shown.startswith("    ")


def test_a_target_is_read_by_itself():
    assert parse_target("bionty.Gene.ensembl_gene_id") == Target(registry="bionty.Gene", field="ensembl_gene_id")
    with pytest.raises(DtypeError, match="expected the end"):
        parse_target("ULabel|Record")


def test_only_times_have_a_zone():
    with pytest.raises(DtypeError, match="no time zone"):
        Simple(kind=Kind.DATE, zone="UTC")


class ULabel:
    __tablename__ = "ulabel"
    __module__ = "lignin.model.labels"
    is_type = True
    uid = "abcd1234"


class CellType:
    __tablename__ = "celltype"
    __module__ = "bionty.models"


class Field:
    def __init__(self, owner, key):
        self.class_, self.key = owner, key


@pytest.mark.parametrize(("declared", "text"), [
    (int, "int"), (float, "float"), (str, "str"), (bool, "bool"), (dict, "dict"), (datetime.date, "date"), (datetime.datetime, "datetime"),
    (pathlib.Path, "path"), (list[int], "list[int]"), (list[list[str]], "list[list[str]]"), ("cat[ULabel]", "cat[ULabel]"),
    (ULabel, "cat[ULabel]"), (ULabel(), "cat[ULabel[abcd1234]]"), (CellType, "cat[bionty.CellType]"), (list[ULabel], "list[cat[ULabel]]"),
    (Field(CellType, "ontology_id"), "cat[bionty.CellType.ontology_id]"), ([ULabel, Field(CellType, "name")], "cat[ULabel|bionty.CellType.name]"),
    (np.dtype("int8"), "int"), (np.float32, "float"), (np.dtype("<U5"), "str"), (np.dtype("datetime64[ns]"), "datetime"),
    (pd.Int64Dtype(), "int"), (pd.CategoricalDtype(["a"]), "cat"), (pd.StringDtype(), "str"), (pd.DatetimeTZDtype(tz="UTC"), "datetime64[ns, UTC]"),
    (pa.float16(), "float"), (pa.list_(pa.int8()), "list[int]"), (pa.dictionary(pa.int8(), pa.string()), "cat"), (pa.date32(), "date"),
    (pa.timestamp("us", "UTC"), "datetime64[ns, UTC]"), (pa.struct([("a", pa.int8())]), "dict"), (pd.ArrowDtype(pa.string()), "str"),
    (pl.Int16, "int"), (pl.List(pl.String), "list[str]"), (pl.Datetime("us", "UTC"), "datetime64[ns, UTC]"), (pl.Enum(["a"]), "cat"), (pl.Date, "date"),
])
def test_an_object_stands_for_a_dtype(declared, text):
    assert str(dtype_of(declared)) == text


@pytest.mark.parametrize("declared", [object, 5, None, [], [int, ULabel], set, CellType(), pa.decimal128(10, 2), np.dtype("O")])
def test_other_objects_stand_for_none(declared):
    with pytest.raises(DtypeError, match=r"is no|can't be"):
        dtype_of(declared)


@pytest.mark.parametrize(("value", "text"), [
    (1, "int"), (np.int8(1), "int"), (True, "bool"), (np.bool_(True), "bool"), (np.float32(1), "float"), ("a", "str"), ({}, "dict"),
    (datetime.date(2025, 1, 1), "date"), (np.datetime64("2025-01-01T03:00", "ns"), "datetime"), (datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC), "datetime64[ns, UTC]"),
    ([1, None, 2], "list[int]"), ((1, 2.5), "list[float]"), (np.array(["a"]), "list[str]"), (pathlib.Path("a"), "path"),
])
def test_a_value_shows_its_dtype(value, text):
    assert str(dtype_of_value(value)) == text


@pytest.mark.parametrize("value", [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), [], [1, "a"], object(), b"a"])
def test_a_value_may_show_none(value):
    assert dtype_of_value(value) is None
