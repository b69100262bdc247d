"""Questions by the values of features, alike on both stores."""

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import event, text

import lignin as ln
from lignin.base.errors import UnknownField, UsageError, ValidationError

LONG = "x" * 450
SAID = {
    "a": {"gc": 0.25, "n": 1, "ok": True, "note": "Looks great", "day": "2025-10-24", "cell_type": "T cell", "conf": {"k": 31}, "free": "u", "lanes": [1, 2]},
    "b": {"gc": 0.75, "n": 2, "ok": False, "note": "ok", "day": "2025-10-25", "cell_type": ["T cell", "B cell"], "conf": {"k": 21, "m": "x"}, "lanes": [2]},
    "c": {"gc": 3, "n": 2**62, "note": LONG + "1", "at": datetime(2025, 10, 24, 12, tzinfo=UTC), "cell_type": "NK%"},
    "d": {"note": LONG + "2", "at": datetime(2025, 10, 24, 12)},
    "e": {},
}


@pytest.fixture
def features(instance):
    for name in ("T cell", "B cell", "NK%"):
        ln.ULabel(name=name).save()
    dtypes = {
        "gc": float, "n": int, "ok": bool, "note": str, "at": datetime, "cell_type": ln.ULabel, "conf": dict, "free": "cat", "lanes": list[int],
    }  # fmt: skip
    found = {name: ln.Feature(name=name, dtype=dtype).save() for name, dtype in dtypes.items()}
    found["day"] = ln.Feature(name="day", dtype=date, coerce=True).save()
    for name, values in SAID.items():
        Path(name).write_text(name)
        artifact = ln.Artifact(name, key=name).save()
        artifact.features.add_values(values)
    return found


def keys(*conditions, **lookups):
    return "".join(sorted(a.key for a in ln.Artifact.filter(*conditions, **lookups)))


LOOKUPS = [
    ({"gc": 0.25}, "a"), ({"gc__gt": 0.25}, "bc"), ({"gc__range": (0.2, 1)}, "ab"), ({"gc__in": [0.25, 3]}, "ac"), ({"gc__isnull": True}, "de"), ({"gc": None}, "de"),
    ({"n__lte": 2}, "ab"), ({"n": 2**62}, "c"), ({"n__gt": 1.5}, "bc"), ({"ok": True}, "a"), ({"ok": False}, "b"), ({"n": "2"}, "b"),
    ({"note": "ok"}, "b"), ({"note__icontains": "GREAT"}, "a"), ({"note__startswith": "Look"}, "a"), ({"note__startswith": LONG}, "cd"), ({"note": LONG + "1"}, "c"),
    ({"note": "x" * 400}, ""), ({"note__in": ["ok", LONG + "2"]}, "bd"), ({"note__gt": LONG + "1"}, "d"), ({"note__lt": "ok"}, "a"), ({"note__gte": LONG + "2"}, "d"),
    ({"note__range": ("Look", "ok")}, "ab"), ({"note__regex": "^x+2$"}, "d"), ({"day": "2025-10-24"}, "a"), ({"day": date(2025, 10, 25)}, "b"),
    ({"day__gte": "2025-10-24"}, "ab"), ({"day__startswith": "2025-10"}, "ab"), ({"at": datetime(2025, 10, 24, 12)}, "cd"),
    ({"at__gt": datetime(2025, 10, 24, 12, tzinfo=UTC)}, ""), ({"at__gte": "2025-10-24T12:00:00"}, "cd"), ({"at__lt": "2025-10-24T12:00:00"}, ""),
    ({"at__lte": "2025-10-24T12:00:00"}, "cd"), ({"at__range": ("2025-10-24", "2025-10-25")}, "cd"), ({"cell_type": "T cell"}, "ab"), ({"cell_type__in": ["B cell", "NK%"]}, "bc"),
    ({"cell_type__name__startswith": "T"}, "ab"), ({"cell_type__contains": "%"}, "c"), ({"cell_type": "unheard of"}, ""), ({"cell_type__isnull": False}, "abc"),
    ({"conf__k": 31}, "a"), ({"conf__m": "x"}, "b"), ({"conf__k__gt": 20}, "ab"), ({"conf__isnull": False}, "ab"), ({"free": "u"}, "a"), ({"lanes": 1}, "a"),
    ({"lanes__in": [2]}, "ab"), ({"gc__gt": 0.1, "cell_type": "B cell", "key": "b"}, "b"),
]  # fmt: skip


def test_each_lookup_finds_what_it_says(features):
    for lookups, expected in LOOKUPS:
        assert keys(**lookups) == expected, lookups
    label = ln.ULabel.get(name="B cell")
    assert keys(cell_type=label) == keys(cell_type__in=[label]) == keys(cell_type__in=ln.ULabel.filter(name="B cell")) == "b"
    assert keys(ln.Q(gc__gt=1) | ln.Q(cell_type="B cell")) == "bc"
    assert keys(~ln.Q(cell_type="T cell")) == "cde"


def test_features_ask_by_operators(features):
    gc, note, kind = features["gc"], features["note"], features["cell_type"]
    assert keys(gc == 0.25) == "a"
    assert keys(gc > 0.25, note.is_null(False)) == "bc"
    assert keys((gc <= 0.25) | (note == "ok")) == "ab"
    assert keys(~(gc < 1)) == "cde"
    assert keys(gc != 0.25) == "bc"
    assert keys(kind != "B cell") == "ac"
    assert keys(kind.in_(["B cell", ln.ULabel.get(name="NK%")])) == "bc"
    assert keys(gc.is_null()) == "de"
    assert keys(ln.Q(gc >= 1, key="c")) == "c"


def test_two_features_compare_as_records_and_a_condition_is_not_true(features):
    gc = features["gc"]
    assert gc == ln.Feature.get(name="gc")
    assert gc != features["n"]
    assert gc in [features["n"], gc]
    assert len({gc, ln.Feature.get(name="gc")}) == 1
    for lie in (lambda: "gc" in [gc], lambda: bool(gc == 3), lambda: not (gc > 3)):
        with pytest.raises(UsageError, match="condition for a query"):
            lie()
    with pytest.raises(UsageError, match="not saved yet"):
        ln.Artifact.filter(ln.Feature(name="new", dtype=int) > 3)


def test_a_field_goes_before_a_feature_of_its_name(features):
    ln.Feature(name="size", dtype=int).save()
    ln.Artifact.get(key="e").features.add_values({"size": 77})
    assert keys(size=77) == ""
    assert keys(ln.Feature.get(name="size") == 77) == "e"


def test_unknown_names_tell_what_is_near(features):
    with pytest.raises(UnknownField, match=r"no field 'descripton', and there is no feature of that name; did you mean description\?"):
        ln.Artifact.filter(descripton=1)
    with pytest.raises(UnknownField, match="did you mean cell_type"):
        ln.Artifact.filter(ln.Q(cel_type=1))
    with pytest.raises(UnknownField, match="has no 'deep'"):
        ln.Artifact.filter(gc__deep__gt=1)
    with pytest.raises(UnknownField, match="has no field 'gc'"):
        ln.ULabel.filter(gc=1)
    for lookups in ({"gc": "many"}, {"gc__in": 3}, {"n__range": [1]}, {"cell_type": features["gc"]}, {"day": "soon"}, {"ok": 3}, {"gc": float("nan")}):
        with pytest.raises(UsageError):
            ln.Artifact.filter(**lookups)


def test_runs_and_records_are_asked_alike(features):
    sheet = ln.Record(name="Mice", is_type=True).save()
    for number in (1, 2):
        ln.Record(name=f"m{number}", type=sheet).save().features.add_values({"n": number, "cell_type": "T cell"})
    assert [r.name for r in ln.Record.filter(type=sheet, n__gt=1)] == ["m2"]
    transform = ln.Transform(key="t").save()
    run = ln.Run(transform=transform).save()
    run.features.add_values({"gc": 0.5})
    assert ln.Run.filter(features["gc"] == 0.5).one() == run
    frame = ln.Record.filter(type=sheet).to_dataframe(include="features")
    assert frame["n"].tolist() == [2, 1]


def test_records_are_ordered_by_features(features):
    def order(*fields):
        return "".join(a.key for a in ln.Artifact.all().order_by(*fields))

    assert order(features["gc"]) == "abcde"
    assert order(-features["gc"]) == "cbaed"
    assert order("-n") == "cbaed"
    assert order(features["cell_type"])[:3] == "bca"
    assert order(-features["cell_type"])[:2] == "ba"
    assert ln.Artifact.all().order_by(features["gc"]).last().key == "e"
    with pytest.raises(UsageError, match="no order"):
        order(features["conf"])


def test_frames_have_a_column_for_each_feature_that_occurs(features):
    frame = ln.Artifact.to_dataframe(include="features")
    assert list(frame.columns[:2]) == ["uid", "key"]
    assert set(frame.columns[2:]) == set(features)
    rows = frame.set_index("key")
    assert rows.loc["b", "cell_type"] == {"T cell", "B cell"}
    assert rows.loc["a", "lanes"] == [1, 2]
    assert rows.loc["c", "n"] == 2**62
    assert rows["gc"].isna().tolist() == [True, True, False, False, False]
    assert rows.loc["a", "day"] == date(2025, 10, 24)
    assert rows.loc["a", "conf"] == {"k": 31}
    few = ln.Artifact.filter(key__in=["a"]).to_dataframe(include=["features", "created_by__handle", "suffix"])
    assert "at" not in few.columns
    assert {"created_by__handle", "suffix", "gc"} <= set(few.columns)
    chosen = ln.Artifact.to_dataframe(features=["n", features["gc"]], limit=2)
    assert list(chosen.columns) == ["uid", "key", "n", "gc"]
    assert len(chosen) == 2
    assert "size" in ln.Artifact.to_dataframe(features=[]).columns
    ln.Feature(name="key", dtype=int).save()
    ln.Artifact.get(key="a").features.add_values({"key": 4})
    assert f"key ({ln.Feature.get(name='key').uid})" in ln.Artifact.to_dataframe(include="features").columns
    with pytest.raises(UnknownField, match=r"no feature 'cel_type'\. Did you mean cell_type"):
        ln.Artifact.to_dataframe(features=["cel_type"])


def test_labels_of_features_are_labels(features):
    label = ln.ULabel.get(name="B cell")
    artifact = ln.Artifact.get(key="b")
    assert {u.name for u in artifact.ulabels} == {"T cell", "B cell"}
    assert label in artifact.ulabels
    assert [a.key for a in label.artifacts] == ["b"]
    assert keys(ulabels__name="B cell") == keys(ulabels=label) == "b"
    assert keys(ulabels__isnull=True) == "de"


@pytest.mark.parametrize(
    ("lookups", "index"),
    [
        ({"gc": 0.5}, "number"), ({"gc__gt": 0.5}, "number"), ({"n__in": [1, 2]}, "integer"), ({"note": "ok"}, "text"), ({"note__gt": "ok"}, "text"),
        ({"note__startswith": "ok"}, "text"), ({"day": "2025-10-24"}, "text"), ({"day__range": ["2025-10-24", "2025-10-25"]}, "text"), ({"cell_type": "T cell"}, "target_id"),
        ({"free": "u"}, "text"), ({"gc__isnull": False}, "number"),
    ],
)  # fmt: skip
def test_the_database_answers_by_index(features, instance, lookups, index):
    told = []
    event.listen(instance.database.engine, "before_cursor_execute", lambda *args: told.append((args[2], args[3])))
    list(ln.Artifact.filter(**lookups)[:5])
    statement, parameters = told[-1]
    is_sqlite = instance.database.is_sqlite

    def plan(session):
        connection = session.connection()
        if not is_sqlite:
            connection.execute(text("set local enable_seqscan = off"))
            connection.execute(text("set local enable_bitmapscan = off"))
        return connection.exec_driver_sql(f"explain {'query plan ' if is_sqlite else ''}{statement}", parameters).all()

    assert f"ix_artifact_value_feature_id_{index}" in str(instance.database.read(plan))


def test_frames_and_values_take_a_handful_of_statements(features, instance):
    told = []
    event.listen(instance.database.engine, "before_cursor_execute", lambda *args: told.append(args[2]) if args[2].upper().startswith("SELECT") else None)
    ln.Artifact.to_dataframe(include="features", limit=None)
    assert len(told) <= 4, told
    told.clear()
    artifact = ln.Artifact.get(key="a")
    told.clear()
    artifact.features.get_values()
    assert len(told) <= 3, told
    told.clear()
    keys(gc__gt=1, cell_type="T cell")
    assert len(told) <= 2, told


def test_labels_that_features_give_are_included_in_frames(instance):
    ln.Feature(name="colour", dtype=ln.ULabel).save()
    red, blue = ln.ULabel(name="red").save(), ln.ULabel(name="blue").save()
    for number in range(3):
        Path(f"{number}.txt").write_text(str(number))
    first, second, _ = (ln.Artifact(f"{number}.txt", key=f"{number}.txt").save() for number in range(3))
    first.features.add_values({"colour": "red"})
    first.ulabels.add(blue)
    second.ulabels.add(red)
    frame = ln.Artifact.to_dataframe(include="ulabels__name").set_index("key")["ulabels__name"]
    assert frame.to_dict() == {"0.txt": {"red", "blue"}, "1.txt": {"red"}, "2.txt": None}


def test_terms_of_a_table_are_values_like_others(instance):
    ln.Artifact.from_dataframe(pd.DataFrame({"symbol": ["TP53", "MYC"]}), key="vocabularies/bionty.Gene.parquet").save()
    ln.Feature(name="gene", dtype="cat[bionty.Gene.symbol]").save()
    found = ln.Artifact.from_dataframe(pd.DataFrame({"gene": ["MYC", "TP53", "MYC"]}), key="genes.parquet", schema="valid_features").save()
    Path("note.txt").write_text("note")
    said = ln.Artifact("note.txt", key="note.txt").save()
    said.features.add_values({"gene": "MYC"})
    assert found.features["gene"] == {"TP53", "MYC"}
    assert said.features["gene"] == "MYC"
    assert set(ln.Artifact.filter(gene="MYC").to_list("key")) == {"genes.parquet", "note.txt"}
    assert ln.Artifact.filter(gene__in=["TP53"]).one() == found
    with pytest.raises(ValidationError, match=r"bionty\.Gene\.symbol"):
        said.features.update_values({"gene": "XYZ"})
