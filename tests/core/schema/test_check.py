"""Datasets against schemas: what is found, what is told, and what is left alone."""

import datetime
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lignin.base.errors import FormatError, LigninError, UsageError, ValidationError
from lignin.schema import (
    FeatureSpec,
    ProblemKind,
    SchemaSpec,
    Tables,
    Terms,
    check,
    check_annotation,
    check_batches,
)


def one(dtype, **more):
    return SchemaSpec(features=(FeatureSpec(name="x", dtype=dtype, **more),))


def kinds(report):
    return [str(problem.kind) for problem in report.problems]


AS = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "records": lambda frame: frame.to_dict("records"),
}
HOLDERS = pytest.mark.parametrize("holder", AS)


@HOLDERS
def test_real_data_that_satisfy_their_schema_are_valid(penguins, schema, registries, holder):
    report = check(AS[holder](penguins), schema, registries=registries)
    assert report.ok, report
    assert [note.kind for note in report.notes] == [ProblemKind.UNLISTED]
    assert {name for name, _ in report.notes[0].examples} == {"bill_depth_mm", "flipper_length_mm"}
    species = report.checked[0]
    assert (species.name, species.rows, species.missing, species.n_terms) == ("species", 344, 0, 3)
    assert set(species.terms) == {"Adelie", "Chinstrap", "Gentoo"}
    assert next(c.missing for c in report.checked if c.name == "sex") == 11
    report.raise_problems()


@HOLDERS
def test_all_problems_are_told_at_once(penguins, schema, registries, holder):
    bad = penguins.rename(columns={"body_mass_g": "weight"}).astype({"bill_length_mm": str})
    bad.loc[:2, "species"] = ["Adelei", "P. adeliae", "Dodo"]
    report = check(AS[holder](bad), schema, registries=registries)
    assert kinds(report) == ["missing column", "unknown terms", "wrong type"]
    missing, terms, wrong = report.problems
    assert (missing.column, missing.suggestions) == ("body_mass_g", (("'body_mass_g'", ("weight",)),))
    assert (terms.column, terms.count, terms.of) == ("species", 3, 344)
    assert dict(terms.suggestions) == {"'Adelei'": ("Adelie",), "'P. adeliae'": ("Adelie",)}
    assert "Species.from_values(['Dodo'], create=True).save()" in terms.fix
    assert wrong.column == "bill_length_mm"
    with pytest.raises(ValidationError) as caught:
        report.raise_problems()
    assert isinstance(caught.value, LigninError)
    assert caught.value.report is report
    assert set(caught.value.by_column) == {"body_mass_g", "species", "bill_length_mm"}


def test_the_lines_of_code_mend_what_they_stand_beside(penguins, schema, registries):
    df = penguins.rename(columns={"body_mass_g": "weight"}).astype({"bill_length_mm": str, "year": float, "species": "category"})
    df["species"] = df.species.cat.rename_categories({"Gentoo": "Pygoscelis papua"})
    df["bill_length_mm"] = df.bill_length_mm.where(df.bill_length_mm != "nan", None)
    report = check(df, schema, registries=registries)
    assert kinds(report) == ["missing column", "unknown terms", "wrong type", "wrong type"]
    place = {"df": df, "pd": pd}
    for problem in report.problems:
        exec(problem.fix, place)
    assert check(place["df"], schema, registries=registries).ok


def test_the_lines_for_polars_mend_too(penguins, schema, registries):
    df = pl.from_pandas(penguins.rename(columns={"body_mass_g": "weight"})).with_columns(pl.col("year").cast(pl.String), pl.col("species").replace({"Adelie": "P. adeliae"}))
    report = check(df, schema, registries=registries)
    assert kinds(report) == ["missing column", "unknown terms", "wrong type"]
    place = {"df": df, "pl": pl}
    for problem in report.problems:
        exec(problem.fix, place)
    assert check(place["df"], schema, registries=registries).ok


def test_no_line_is_proposed_that_could_not_work():
    assert check(pd.DataFrame({"x": ["1", "two"]}), one(int)).problems[0].fix is None
    assert check(pd.DataFrame({"x": ["1", "2"]}), one(int)).problems[0].fix is not None


def test_a_report_reads_well_at_80_columns(penguins, schema, registries):
    bad = penguins.rename(columns={"body_mass_g": "weight"})
    bad.loc[:99, "species"] = [f"a rather long name of a penguin that nobody has ever seen, number {n}" for n in range(100)]
    report = check(bad, schema, registries=registries)
    text = report.text()
    assert text.splitlines()[0] == "✗ 5 columns checked, 2 problems"
    assert "100 values are not in Species, in 100 of 344 rows" in text
    prose = [line for line in text.splitlines() if not line.lstrip().startswith("→")]
    assert max(map(len, prose)) <= 80
    assert str(report) == text


def test_a_report_is_json(penguins, schema, registries):
    bad = penguins.assign(species=pd.Categorical(["Adelei"] * 344), year=np.int8(1))
    told = json.loads(check(bad, schema, registries=registries).to_json())
    assert told["ok"] is False
    assert told["problems"][0] == {
        "kind": "unknown terms", "message": "1 value is not in Species, in 344 of 344 rows", "refused": True, "slot": "", "column": "species", "count": 344, "of": 344,
        "examples": [{"value": "'Adelei'", "count": 344}], "suggestions": {"'Adelei'": ["Adelie"]}, "fix": None,
    }
    assert {column["name"] for column in told["checked"]} >= {"species", "year"}


def test_the_data_stay_as_they_are(penguins, schema, registries):
    before = penguins.copy(deep=True)
    check(penguins, schema, registries=registries)
    pd.testing.assert_frame_equal(penguins, before)


# Columns that nobody listed


def test_what_is_not_registered_is_told_and_never_accepted_in_silence(penguins, registries):
    valid_features = SchemaSpec(itype="Feature")
    report = check(penguins.rename(columns={"body_mass_g": "weight"}), valid_features, registries=registries)
    assert report.ok
    assert {column.name for column in report.checked} == {"species", "island", "sex", "year"}
    note = report.notes[0]
    assert (note.kind, note.count, note.of) == (ProblemKind.UNREGISTERED, 4, 8)
    assert ("'weight'", ("body_mass_g",)) in note.suggestions
    assert "ln.Feature(name='bill_length_mm', dtype='float').save()" in note.fix
    assert "weight" not in note.fix


@pytest.mark.parametrize("strict", [{"maximal_set": True}, {"flexible": False}])
def test_what_is_not_registered_is_refused_where_the_schema_says_so(penguins, registries, strict):
    report = check(penguins, SchemaSpec(itype="Feature", **strict), registries=registries)
    assert not report.ok
    assert {name for p in report.problems for name, _ in p.examples} >= {"bill_length_mm", "bill_depth_mm"}


def test_a_maximal_set_refuses_what_is_not_listed_though_it_is_registered(penguins, registries):
    listed = SchemaSpec(features=(FeatureSpec(name="species", dtype=str),), maximal_set=True, flexible=True)
    report = check(penguins[["species", "year"]], listed, registries=registries)
    assert kinds(report) == ["not in the schema"]
    assert report.problems[0].fix == "df = df[['species']]"


def test_a_flexible_schema_checks_registered_columns_too(penguins, registries):
    listed = SchemaSpec(features=(FeatureSpec(name="island", dtype=str),), flexible=True)
    report = check(penguins.assign(year="now"), listed, registries=registries)
    assert [(p.kind, p.column) for p in report.problems] == [(ProblemKind.WRONG_TYPE, "year")]


def test_columns_that_are_not_there(penguins):
    features = tuple(FeatureSpec(name=name, dtype=str) for name in ("species", "colour", "mood"))
    assert kinds(check(penguins, SchemaSpec(features=features))) == ["missing column"]
    assert check(penguins, SchemaSpec(features=features, optional={"colour", "mood"})).ok
    assert check(penguins, SchemaSpec(features=features, minimal_set=False)).ok


def test_an_ordered_set_wants_its_order(penguins):
    features = tuple(FeatureSpec(name=name, dtype=str) for name in ("species", "island", "sex"))
    turned = penguins[["sex", "year", "island", "species"]]
    assert check(turned, SchemaSpec(features=features)).ok
    report = check(turned, SchemaSpec(features=features, ordered_set=True))
    assert kinds(report) == ["column order"]
    place = {"df": turned}
    exec(report.problems[0].fix, place)
    assert check(place["df"], SchemaSpec(features=features, ordered_set=True)).ok


def test_the_row_names_are_checked():
    schema = SchemaSpec(index=FeatureSpec(name="sample", dtype="cat[Sample]"), minimal_set=True)
    registries = Tables({"Sample": Terms.of("Sample", ["s1", "s2"])})
    assert check(pd.DataFrame({"a": [1, 2]}, index=["s1", "s2"]), schema, registries=registries).ok
    assert [p.column for p in check(pd.DataFrame({"a": [1, 2]}, index=["s1", "s3"]), schema, registries=registries).problems] == ["sample"]
    assert kinds(check(pl.DataFrame({"a": [1]}), schema, registries=registries)) == ["missing column"]


def test_identifiers_need_no_feature_each():
    genes = Tables({"Gene.id": Terms.of("Gene.id", [f"G{n}" for n in range(100)])})
    schema = SchemaSpec(itype="Gene.id", dtype=int)
    counts = pd.DataFrame(np.zeros((3, 5), dtype=int), columns=["G1", "G2", "G3", "G4", "nope"])
    report = check(counts, schema, registries=genes)
    assert report.ok
    assert (report.notes[0].kind, report.notes[0].count, report.checked[-1].n_terms) == (ProblemKind.UNREGISTERED, 1, 4)
    assert kinds(check(counts.astype(str), schema, registries=genes)) == ["wrong type"] * 5
    assert kinds(check(counts, SchemaSpec(itype="Gene.id", maximal_set=True), registries=genes)) == ["not registered"]


def test_without_a_vocabulary_the_report_says_so_and_does_not_pass(penguins, schema):
    report = check(penguins, schema)
    assert kinds(report) == ["no vocabulary"]
    assert "Species" in report.problems[0].message
    assert kinds(check(penguins, SchemaSpec(itype="bionty.Gene.symbol"))) == ["no vocabulary"]


def test_a_term_of_any_of_several_registries_will_do():
    registries = Tables({"A": Terms.of("A", ["a"], synonyms={"alpha": "a"}), "B": Terms.of("B", ["b"])})
    frame = pd.DataFrame({"x": ["a", "b", "c", "alpha"]})
    problem = check(frame, one("cat[A|B]"), registries=registries).problems[0]
    assert [text for text, _ in problem.examples] == ["'alpha'", "'c'"]
    assert "A or B" in problem.message


# Values


@pytest.mark.parametrize(("values", "dtype"), [
    ([1, 2, 3], float), (np.array([1, 2], dtype="uint8"), int), (np.array([1, 2], dtype="float16"), float), ([np.float32(1), np.int64(2)], float),
    (pd.array([1, None], dtype="Int64"), int), (pd.array([True, None], dtype="boolean"), bool), ([1, 2.5], "num"),
    ([datetime.date(2025, 1, 1), None], "date"), (pd.to_datetime(["2025-01-01", None]), "date"), (pd.to_datetime(["2025-01-01 03:00"]), "datetime"),
    (pd.to_datetime(["2025-01-01 03:00"]).tz_localize("Europe/Berlin"), "datetime64[ns, Europe/Berlin]"), ([[1, 2], [], None], "list[int]"),
    ([{"a": 1}, {}], "dict"), (["s3://bucket/a", "https://a.org/b"], "url"), (["a/b", "/c"], "path"), ([None, None], int), ([np.nan], "cat"), (["", "a"], str),
    (pd.Categorical(["a", None]), str), (pd.arrays.SparseArray([0, 0, 1]), int), (np.array(["a", "b"]), str), ([2**70, 1], int),
])
def test_what_fits_passes(values, dtype):
    report = check(pd.DataFrame({"x": values}), one(dtype))
    assert report.ok, report


@pytest.mark.parametrize(("values", "dtype", "count"), [
    ([1.0, 2.0], int, 2), ([True, False], int, 2), ([1, 0], bool, 2), (["1"], int, 1), ([1, "a", None, 2.5], float, 1), ([1, "a", {}, []], str, 3),
    (["2025-01-01"], "date", 1), (pd.to_datetime(["2025-01-01 00:00", "2025-01-01 03:00"]), "date", 1), (pd.to_datetime(["2025-01-01"]), "datetime64[ns, UTC]", 1),
    ([[1, "a"], [2]], "list[int]", 1), ([[1], 2], "list[int]", 1), ([b"a", b"b"], str, 2), ([1, 2], "cat", 2), (["no url", "http://x.org"], "url", 1),
    ([object(), 1], int, 1), ([1 + 2j], float, 1), (pd.to_timedelta(["1 h"]), float, 1), ([{"a"}, {"b"}], str, 2), (["a\0b", "c"], "path", 1),
])
def test_what_does_not_fit_is_counted(values, dtype, count):
    report = check(pd.DataFrame({"x": values}), one(dtype))
    assert [(p.kind, p.count) for p in report.problems] == [(ProblemKind.WRONG_TYPE, count)], report


@pytest.mark.parametrize(("values", "dtype", "fine"), [
    (["2025-10-24"], "date", True), (["24.10.2025"], "date", False), (["3", " 4 ", "5.0"], int, True), (["3.5"], int, False), (["1e3", "-2"], float, True),
    (["nan"], float, False), (["1_000"], int, False), ([1.0, 2.0, None], int, True), ([1.5], int, False), ([np.inf], int, False), (["true", "False", "1"], bool, True),
    ([0, 1], bool, True), ([2], bool, False), ([1, 2.5, True], str, True), ([b"a"], str, False), (["2025-10-24T10:00"], "datetime", True), ([["1"], [2]], "list[int]", True),
    ([["x"]], "list[int]", False), ([True], float, True), ([datetime.date(2025, 1, 1)], "datetime", True),
])
def test_coerce_takes_what_converts_without_loss(values, dtype, fine):
    assert not check(pd.DataFrame({"x": values}), one(dtype)).ok or fine
    assert check(pd.DataFrame({"x": values}), one(dtype, coerce=True)).ok is fine
    whole = SchemaSpec(features=(FeatureSpec(name="x", dtype=dtype),), coerce=True)
    assert check(pd.DataFrame({"x": values}), whole).ok is fine


def test_times_beside_dates_are_no_dates():
    day, time = datetime.date(2025, 1, 1), datetime.datetime(2025, 1, 1, 3)
    for values, count in (([day, time], 1), ([time, pd.NA], 1), ([pd.Timestamp(time), pd.NA, day], 1), ([day, pd.NA], 0), ([datetime.datetime(2025, 1, 1), day], 0)):
        frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
        assert [p.count for p in check(frame, one("date")).problems] == [count] * bool(count)
        assert check(frame, one(bool)).problems[0].count == sum(value is not pd.NA for value in values)


@HOLDERS
def test_missing_values_are_told_where_none_may_be(holder):
    frame = pd.DataFrame({"x": [1.5, np.nan, None]})
    problem = check(AS[holder](frame), one(float, nullable=False, default=0.0)).problems[0]
    assert (problem.kind, problem.count, problem.of) == (ProblemKind.MISSING_VALUES, 2, 3)
    assert check(AS[holder](frame), one(float)).ok


@pytest.mark.parametrize("holder", [pa.table({"x": pa.array([1.5, np.nan, None])}), pl.DataFrame({"x": [1.5, np.nan, None]}), {"x": np.array([1.5, np.nan, np.nan])}])
def test_nan_is_missing_also_where_there_are_nulls_beside_it(holder):
    report = check(holder, one(float, nullable=False))
    assert [(p.kind, p.count) for p in report.problems] == [(ProblemKind.MISSING_VALUES, 2)]


@HOLDERS
def test_infinite_numbers_are_noted(holder):
    report = check(AS[holder](pd.DataFrame({"x": [1.5, np.inf, -np.inf]})), one(float))
    assert report.ok
    assert [(note.kind, note.count) for note in report.notes] == [(ProblemKind.INFINITE, 2)]


def test_columns_of_one_name_are_told_and_each_is_checked():
    frame = pd.DataFrame([[1, "a"], [2, "b"]], columns=["x", "x"])
    report = check(frame, one(int))
    assert kinds(report) == ["duplicate column", "wrong type"]
    assert report.problems[1].count == 2
    assert report.problems[0].fix == "df = df.loc[:, ~df.columns.duplicated()]"


def test_names_that_are_no_text_are_told_as_they_print():
    report = check(pd.DataFrame({0: [1], ("a", "b"): [2], "x": [3]}), one(int))
    assert report.ok
    assert [name for name, _ in report.notes[0].examples] == ["0", "('a', 'b')"]


def test_text_that_was_read_with_the_wrong_encoding_is_told():
    broken = b"M\xfcnchen".decode("utf-8", errors="surrogateescape")
    replaced = b"M\xfcnchen".decode("utf-8", errors="replace")
    for dtype in (str, "cat", "list[str]"):
        values = [[v] for v in (broken, "a")] if dtype == "list[str]" else [broken, "a"]
        assert kinds(check(pd.DataFrame({"x": values}), one(dtype))) == ["wrong encoding"]
    for frame in (pd.DataFrame({"x": [replaced, "a"]}), pl.DataFrame({"x": [replaced, "a"]})):
        report = check(frame, one(str))
        assert report.ok
        assert [(note.kind, note.count) for note in report.notes] == [(ProblemKind.ENCODING, 1)]
    assert check(pd.DataFrame({"x": [b"a"]}), one(str)).problems[0].fix == "df['x'] = df['x'].str.decode('utf-8')"


def test_huge_categories_are_counted_and_a_few_told():
    frame = pd.DataFrame({"x": pd.Categorical([f"term {n}" for n in range(110_000)])})
    problem = check(frame, one("cat[T]"), registries=Tables({"T": Terms.of("T", ["term 1"])})).problems[0]
    assert problem.count == 109_999
    assert len(problem.examples) == 5
    assert problem.message.startswith("at least 100,000 values are not in T")


def test_memory_is_bounded_however_many_values_there_are(monkeypatch):
    monkeypatch.setattr("lignin.schema.judge._HELD", 100)
    known = Tables({"T": Terms.of("T", [f"term {n}" for n in range(5_000)])})
    pieces = [pd.DataFrame({"x": [f"term {n}", f"other {n}", "other 0", None]}) for n in range(300)]
    report = check_batches(pieces, one("cat[T]"), registries=known)
    assert [(p.count, p.of) for p in report.problems] == [(600, 1_200)]
    assert report.problems[0].message.startswith("at least 100 values are not in T")
    assert report.problems[0].examples[0] == ("'other 0'", 301)
    assert (report.checked[0].n_terms, report.checked[0].missing) == (100, 300)


def invalid_text():
    """A text of Arrow that is not UTF-8, as careless writers make them."""
    return pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(np.array([0, 1], dtype="int32").tobytes()), pa.py_buffer(b"\xff")])


@pytest.mark.parametrize(("make", "dtype", "fine"), [
    (lambda: pa.array([["a"], None, ["b"]]), "list[cat[T]]", True), (lambda: pa.array([["a", "z"]]), "list[cat[T]]", False),
    (lambda: pa.array([[1, 2]], type=pa.list_(pa.int8(), 2)), "list[int]", True), (lambda: pa.array([[1, 2]], type=pa.list_view(pa.int8())), "list[int]", True),
    (lambda: pa.array([[("a", 1)]], type=pa.map_(pa.string(), pa.int8())), dict, True), (lambda: pa.array([{"a": 1}]), dict, True),
    (lambda: pa.array([Decimal("1.5")]), float, False), (lambda: pa.array([datetime.time(1)]), str, False), (lambda: pa.array([1.5, None], type=pa.float16()), float, True),
    (invalid_text, str, False), (invalid_text, "cat", False), (lambda: invalid_text().cast(pa.string()).dictionary_encode(), "cat", False),
    (lambda: pa.array(["a"], type=pa.string_view()), "cat[T]", True), (lambda: pa.array(["a", None]).dictionary_encode(), "cat[T]", True),
    (lambda: pa.array([1, 2]).dictionary_encode(), int, True), (lambda: pa.array([b"a"]), str, False), (lambda: pa.nulls(2), "datetime", True),
    (lambda: pl.Series([object(), 1], dtype=pl.Object), int, False), (lambda: pl.Series([1], dtype=pl.Int128), int, True), (lambda: pl.Series(["a"], dtype=pl.Enum(["a", "c"])), "cat[T]", True),
    (lambda: pl.Series(["a", "c"], dtype=pl.Categorical), "cat[T]", False), (lambda: pl.Series([[1]], dtype=pl.Array(pl.Int8, 1)), "list[int]", True),
    (lambda: pl.Series([datetime.datetime(2025, 1, 1)]).dt.replace_time_zone("Europe/Berlin"), "datetime64[ns, Europe/Berlin]", True),
    (lambda: pl.Series([datetime.datetime(2025, 1, 1)]), "date", True), (lambda: pl.Series([datetime.datetime(2025, 1, 1, 3)]), "date", False),
    (lambda: pd.Series([1, None], dtype=pd.ArrowDtype(pa.int8())), int, True), (lambda: pd.Categorical([1, 2, None]), int, True), (lambda: pd.Categorical([1, 2]), "cat", False),
    (lambda: pd.Categorical([1, "a", None]), "cat[T]", False), (lambda: pd.cut([1, 2, 3], 2), "cat", False), (lambda: pd.period_range("2025", periods=2), "date", False),
    (lambda: pd.Series([np.array([1, 2]), np.array([3])]), "list[int]", True), (lambda: pd.Series([[[1], ["a"]]]), "list[list[int]]", False), (lambda: pd.Series([[1, None]]), "list[int]", False),
    (lambda: np.array(["a", "b"], dtype=np.dtypes.StringDType()), "cat[T]", True), (lambda: np.array([b"a"]), str, False), (lambda: np.array([1.5, np.inf], dtype="longdouble"), float, True),
])
def test_every_way_of_storing_is_understood(make, dtype, fine):
    values = make()
    holder = pa.table({"x": values}) if isinstance(values, pa.Array) else pl.DataFrame({"x": values}) if isinstance(values, pl.Series) else None
    if holder is None:
        holder = {"x": values} if isinstance(values, np.ndarray) else pd.DataFrame({"x": values})
    report = check(holder, one(dtype), registries=Tables({"T": Terms.of("T", ["a", "b"])}))
    assert report.ok is fine, report
    assert json.loads(report.to_json())["ok"] is fine


def test_categories_that_do_not_occur_are_no_problem():
    column = pd.Categorical(["a", None], categories=["a", "b"])
    assert check(pd.DataFrame({"x": column}), one("cat[T]"), registries=Tables({"T": Terms.of("T", ["a"])})).ok


# Pieces, dictionaries, annotations


def test_a_table_in_pieces_is_found_what_the_whole_is(penguins, schema, registries):
    bad = penguins.assign(species=penguins.species.replace("Gentoo", "Gento"))
    whole = check(pa.Table.from_pandas(bad, preserve_index=False), schema, registries=registries)
    table = pa.Table.from_pandas(bad, preserve_index=False)
    for pieces in (table.to_batches(max_chunksize=50), (bad[n : n + 50] for n in range(0, 344, 50)), [{c: bad[c].to_numpy() for c in bad}]):
        found = check_batches(pieces, schema, registries=registries)
        assert [(p.kind, p.column, p.count, p.of, p.examples) for p in found.problems] == [(p.kind, p.column, p.count, p.of, p.examples) for p in whole.problems]


def test_pieces_of_different_tables_are_refused():
    with pytest.raises(FormatError, match="piece 2"):
        check_batches([pd.DataFrame({"x": [1]}), pd.DataFrame({"y": [1]})], one(int))
    with pytest.raises(UsageError, match="no slots"):
        check_batches([], SchemaSpec(slots={"obs": one(int)}))
    assert kinds(check_batches([], one(int))) == ["missing column"]


def test_a_dictionary_is_checked_by_its_keys():
    assert check({"x": 3}, one(float)).ok
    assert check({"x": np.float32(3)}, one(float)).ok
    assert check({"x": None}, one(float)).ok
    assert check({"x": []}, one("list[int]")).ok
    assert kinds(check({"x": "3"}, one(float))) == ["wrong type"]
    assert kinds(check({}, one(float))) == ["missing column"]
    assert kinds(check([{"x": 1}, {"y": 2}], one(int, nullable=False))) == ["missing values"]


def test_an_annotation_may_hold_several_labels():
    registries = Tables({"ULabel": Terms.of("ULabel", ["DMSO", "IFNG"])})
    schema = one("cat[ULabel]")
    assert check_annotation({"x": {"DMSO", "IFNG"}}, schema, registries=registries).ok
    assert check_annotation({"x": "DMSO"}, schema, registries=registries).checked[0].terms == ("DMSO",)
    assert kinds(check_annotation({"x": ["DMSO", "IFN"]}, schema, registries=registries)) == ["unknown terms"]
    assert kinds(check_annotation({"x": ["DMSO", 3]}, schema, registries=registries)) == ["wrong type"]
    assert kinds(check({"x": ["DMSO"]}, schema, registries=registries)) == ["wrong type"]


@pytest.mark.parametrize("data", ["a.parquet", 5, None, object(), iter([{"x": 1}]), [1, 2], pl.LazyFrame({"x": [1]})])
def test_what_is_no_table_is_refused(data):
    with pytest.raises(UsageError, match=r"table|lazy"):
        check(data, one(int))
