"""Every lookup, alone and across relations, alike on both stores."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import event

import lignin as ln
from lignin.base.errors import LigninError, MultipleFound, NotFound, UnknownField, UsageError
from lignin.instance.record import CatalogueRecorder
from lignin.recording import Code, Produced, RunKey, Started, Used, observe

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(instance):
    for number, name in enumerate(["Alpha_1.csv", "alpha%2.csv", "beta.txt", "gamma"]):
        Path(name).write_text(name * (number + 10))
        ln.Artifact(name, key=f"raw/{name}", description=f"No. {number}").save()
    red, blue = ln.ULabel(name="red").save(), ln.ULabel(name="blue").save()
    ln.Artifact.get(key="raw/beta.txt").ulabels.add(red, blue)
    ln.Artifact.get(key="raw/gamma").ulabels.add(blue)
    task, flow = (RunKey(engine="e", scope="w", id=name) for name in ("task", "flow"))
    params = {"threads": 4, "rate": 0.5, "name": "bwa", "fast": True, "none": None, "nested": {"deep": "x"}, "list": [1, 2]}
    CatalogueRecorder(instance).record_many(
        [
            Started(run=flow, name="flow", at=AT),
            Started(run=task, name="align", at=AT + timedelta(days=1), parent=flow, params=params, code=Code(kind="task", key="Flow::align", hash="1")),
            Used(run=task, ref=observe("beta.txt")),
            Produced(run=task, ref=observe("gamma")),
        ]
    )
    return instance


def keys(*conditions, **lookups):
    found = ln.Artifact.filter(*conditions, key__startswith="raw/", **lookups)
    return {a.key.removeprefix("raw/") for a in found}


LOOKUPS = [
    ({"suffix": ".csv"}, {"Alpha_1.csv", "alpha%2.csv"}), ({"suffix__in": [".txt", ""]}, {"beta.txt", "gamma"}), ({"suffix__in": []}, set()),
    ({"key__contains": "_"}, {"Alpha_1.csv"}), ({"key__contains": "%"}, {"alpha%2.csv"}), ({"key__contains": "ALPHA"}, set()),
    ({"key__icontains": "ALPHA"}, {"Alpha_1.csv", "alpha%2.csv"}), ({"key__startswith": "raw/alpha"}, {"alpha%2.csv"}),
    ({"key__istartswith": "RAW/ALPHA"}, {"Alpha_1.csv", "alpha%2.csv"}), ({"key__endswith": "csv"}, {"Alpha_1.csv", "alpha%2.csv"}),
    ({"key__iendswith": "CSV"}, {"Alpha_1.csv", "alpha%2.csv"}), ({"key__iexact": "RAW/BETA.TXT"}, {"beta.txt"}), ({"key__exact": "raw/gamma"}, {"gamma"}),
    ({"key__regex": r"alpha.2"}, {"alpha%2.csv"}), ({"key__iregex": r"ALPHA_\d"}, {"Alpha_1.csv"}), ({"size__gt": 100}, {"alpha%2.csv", "Alpha_1.csv"}),
    ({"size__range": (65, 100)}, {"beta.txt", "gamma"}), ({"size__lte": 65}, {"gamma"}), ({"size__gte": 121, "size__lt": 122}, {"alpha%2.csv"}),
    ({"n_files__isnull": True}, {"Alpha_1.csv", "alpha%2.csv", "beta.txt", "gamma"}), ({"n_files": None, "suffix": ""}, {"gamma"}), ({"run__isnull": False}, set()),
    ({"created_at__gt": "2026-01-01", "suffix": ""}, {"gamma"}), ({"created_at__lt": datetime(2020, 1, 1, tzinfo=UTC)}, set()),
    ({"ulabels__name": "blue"}, {"beta.txt", "gamma"}), ({"ulabels__name__in": ["red"]}, {"beta.txt"}), ({"ulabels__isnull": True, "suffix": ".txt"}, set()),
    ({"created_by__handle__isnull": False, "suffix": ""}, {"gamma"}), ({"storage__type": "local", "suffix": ""}, {"gamma"}), ({"is_latest": True, "suffix": ""}, {"gamma"}),
]  # fmt: skip


def test_each_lookup_finds_what_it_says(world):
    for lookups, expected in LOOKUPS:
        rest = {name: value for name, value in lookups.items() if name != "key__startswith"}
        prefix = lookups.get("key__startswith")
        found = keys(ln.Q(key__startswith=prefix), **rest) if prefix else keys(**rest)
        assert found == expected, lookups


RUN_LOOKUPS = [
    {"params__threads": 4}, {"params__threads__gt": 3}, {"params__rate": 0.5}, {"params__rate__lt": 0.6}, {"params__name": "bwa"}, {"params__name__contains": "w"},
    {"params__fast": True}, {"params__nested__deep": "x"}, {"params__name__in": ["bwa", "x"]}, {"params__threads__range": (1, 5)}, {"transform__key": "Flow::align"},
    {"parent__name": "flow"}, {"parent__name": "flow", "name": "align"}, {"input_artifacts__key": "beta.txt"}, {"output_artifacts__key": "gamma"}, {"started_at": AT + timedelta(days=1)},
    {"started_at__range": ("2026-01-02", "2026-01-03")}, {"attempt": 1, "engine": "e", "parent__isnull": False}, {"transform__runs__name": "align"},
]  # fmt: skip


def test_runs_are_found_by_params_and_across_relations(world):
    for lookups in RUN_LOOKUPS:
        assert [r.name for r in ln.Run.filter(**lookups)] == ["align"], lookups
    for lookups in ({"params__threads": 5}, {"params__name": 4}, {"params__missing": 1}, {"params__name__gt": 3}):
        assert not list(ln.Run.filter(**lookups)), lookups


def test_conditions_combine(world):
    csv, big, red = ln.Q(suffix=".csv"), ln.Q(size__gt=115), ln.Q(ulabels__name="red")
    assert keys(csv & ~big) == {"Alpha_1.csv"}
    assert keys(csv | red) == {"Alpha_1.csv", "alpha%2.csv", "beta.txt"}
    assert keys(~(csv | red)) == {"gamma"}
    assert keys(~~csv) == keys(csv)
    assert {a.key for a in ln.Artifact.filter(suffix=".csv").exclude(big)} == {"raw/Alpha_1.csv"}
    with pytest.raises(UsageError):
        ln.Artifact.filter("x")


@pytest.mark.parametrize("lookups", [{"colour": 1}, {"key__like": "x"}, {"run__colour": 1}, {"ulabels__name__like": "x"}, {"size__key": 1}])
def test_an_unknown_field_lists_those_there_are(world, lookups):
    with pytest.raises(UnknownField, match="has") as caught:
        ln.Artifact.filter(**lookups)
    assert caught.value.known


BAD_VALUES = [
    {"suffix__in": ".csv"}, {"size__range": 5}, {"size__range": (1, 2, 3)}, {"id__in": 5}, {"created_at__gt": "soon"}, {"created_at__gt": 5}, {"key__contains": 5},
    {"key__regex": "("}, {"size__gt": 2**70}, {"is_latest": "maybe"}, {"ulabels": "red"}, {"run": 1.5}, {"key": "a\0b"}, {"params": 1}, {"size": "abc"},
]  # fmt: skip


@pytest.mark.parametrize("lookups", BAD_VALUES, ids=str)
def test_a_value_that_makes_no_sense_is_an_error_of_ours_or_finds_nothing(world, lookups):
    registry = ln.Run if "params" in lookups else ln.Artifact
    try:
        assert not list(registry.filter(**lookups))
    except LigninError as e:
        assert len(str(e)) > 15


def test_one_record_is_got_or_the_reason_told(world):
    artifact = ln.Artifact.get(key="raw/gamma")
    for asked in (artifact.uid, artifact.stem_uid, artifact.uid[:8], artifact.id):
        assert ln.Artifact.get(asked) == artifact
    for wrong in ("nosuchuid", "a/b", "", "x" * 30, 10**6):
        with pytest.raises(NotFound):
            ln.Artifact.get(wrong)
    with pytest.raises(MultipleFound) as caught:
        ln.Artifact.get(suffix=".csv")
    assert len(caught.value.uids) == 2
    assert ln.Artifact.filter(suffix=".nothing").one_or_none() is None
    with pytest.raises(NotFound):
        ln.Artifact.filter(suffix=".nothing").one()
    with pytest.raises(UsageError):
        ln.Artifact.get()


def test_order_and_slices(world):
    ordered = ln.Artifact.filter(key__startswith="raw/").order_by("-size")
    sizes = [a.size for a in ordered]
    assert sizes == sorted(sizes, reverse=True)
    assert [a.size for a in ordered[1:3]] == sizes[1:3]
    assert [a.size for a in ordered[1:][1:2]] == sizes[2:3]
    assert ordered[0].size == sizes[0]
    assert (len(ordered[:2]), len(ordered[3:10]), ordered[10:].count(), bool(ordered[4:])) == (2, 1, 0, False)
    assert ordered.first().size == sizes[0]
    for wrong in (-1, slice(-1, None), slice(None, None, 2)):
        with pytest.raises(UsageError):
            ordered[wrong]
    with pytest.raises(IndexError):
        ordered[99]
    with pytest.raises(UnknownField):
        ordered.order_by("colour")


def test_search_finds_every_word_the_closest_first(world):
    assert ln.ULabel.search("RED").first().name == "red"
    assert ln.Artifact.search("raw alpha").count() == 2
    assert ln.Artifact.search("%").count() == 1
    assert ln.Artifact.search("nothing like it").count() == 0
    assert ln.ULabel.lookup().red == ln.ULabel.get(name="red")


def test_a_frame_has_what_is_included_and_asks_once_for_each(world):
    asked = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]) if "FROM artifact" in args[2] else None)
    frame = ln.Artifact.filter(key__startswith="raw/").to_dataframe(include=["ulabels__name", "created_by__handle", "size"])
    assert len(asked) <= 3
    assert list(frame.columns[:2]) == ["uid", "key"]
    assert frame.set_index("key").loc["raw/beta.txt", "ulabels__name"] == {"red", "blue"}
    asked.clear()
    assert isinstance(ln.Artifact.to_dataframe(), pd.DataFrame)
    assert [a.key for a in ln.Artifact.filter(ulabels__name="red", run__isnull=True)]
    assert len(asked) == 2
    with pytest.raises(UnknownField):
        ln.Artifact.to_dataframe(include="colour")


def test_many_records_are_saved_in_one_transaction(world):
    asked = []
    event.listen(world.database.engine, "commit", asked.append)
    ln.save([ln.ULabel(name=f"label {n}") for n in range(300)])
    assert len(asked) <= 2
    assert ln.ULabel.filter(name__startswith="label ").count() == 300
