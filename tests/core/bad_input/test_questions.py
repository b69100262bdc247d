"""Questions that can't be asked: of fields that are not there, with values that no field holds."""

import re
from datetime import UTC, datetime
from importlib import import_module

import pytest

SQL = "'; drop table artifact; --"
FILTERS = [
    ({"colour": "red"}, "colour"),
    ({"": 1}, "no field"),
    ({"__": 1}, "no field"),
    ({"key__": "a"}, "no field"),
    ({"__key": "a"}, "no field"),
    ({"size__foo": 1}, "size__foo"),
    ({"size__gt__lt": 1}, "size__gt"),
    ({SQL: 1}, "no field"),
    ({"key; drop table run": 1}, "no field"),
    ({"run__colour": 1}, "colour"),
    ({"run__transform__colour__in": [1]}, "colour"),
    ({"run__" * 50 + "name": 1}, "run"),
    ({"metadata": 1}, "metadata"),
    ({"__tablename__": "a"}, "no field"),
    ({"key": 5}, "key"),
    ({"key": b"saved.txt"}, "key"),
    ({"key": ["saved.txt"]}, "key"),
    ({"key": {"a": 1}}, "key"),
    ({"key": object()}, "key"),
    ({"key": "a\0b"}, "key"),
    ({"key": "\udcff"}, "key"),
    ({"key__in": "saved.txt"}, "list"),
    ({"key__in": 5}, "list"),
    ({"key__in": None}, "list"),
    ({"key__in": ["a", 5]}, "key"),
    ({"key__in": ["a\0"]}, "key"),
    ({"key__in": [["a"]]}, "key"),
    ({"key__gt": 5}, "key"),
    ({"key__range": "az"}, "range"),
    ({"key__range": ["a"]}, "range"),
    ({"key__range": ["a", "b", "c"]}, "range"),
    ({"key__range": ["a", 5]}, "key"),
    ({"key__contains": 5}, "texts"),
    ({"key__contains": None}, "texts"),
    ({"key__startswith": ["a"]}, "texts"),
    ({"key__startswith": "a\0"}, "key"),
    ({"key__iexact": b"a"}, "texts"),
    ({"key__regex": "("}, "regular expression"),
    ({"key__regex": "[z-a]"}, "regular expression"),
    ({"key__iregex": "*"}, "regular expression"),
    ({"key__regex": "a\0"}, "key"),
    ({"key__regex": 5}, "texts"),
    ({"key__isnull": "maybe"}, "isnull"),
    ({"key__isnull": None}, "isnull"),
    ({"run__isnull": "maybe"}, "isnull"),
    ({"size": "big"}, "size"),
    ({"size": "5"}, "size"),
    ({"size__gt": "5"}, "size"),
    ({"size__in": ["5"]}, "size"),
    ({"size__in": [5, None]}, "None"),
    ({"size__range": ["1", "5"]}, "size"),
    ({"size__range": [None, 5]}, "None"),
    ({"size__gt": None}, "None"),
    ({"size": 2**63}, "size"),
    ({"size__lt": 10**30}, "size"),
    ({"size__gt": -(2**70)}, "size"),
    ({"size__gt": float("nan")}, "size"),
    ({"size": 1 + 2j}, "size"),
    ({"size": datetime(2026, 1, 1, tzinfo=UTC)}, "size"),
    ({"id": "1"}, "id"),
    ({"id__in": ["1"]}, "id"),
    ({"is_latest": "yes"}, "is_latest"),
    ({"is_latest": 2}, "is_latest"),
    ({"is_latest__in": ["yes"]}, "is_latest"),
    ({"created_at": "yesterday"}, "date"),
    ({"created_at__gt": 5}, "date"),
    ({"created_at__gt": "2026-13-01"}, "date"),
    ({"created_at__in": "2026-01-01"}, "list"),
    ({"created_at__in": ["soon"]}, "date"),
    ({"created_at__range": ["2026-01-01", "soon"]}, "date"),
    ({"created_at__gt": "0001-01-01T00:00:00+14:00"}, "date"),
    ({"created_at": True}, "date"),
    ({"extra_data": {"a": 1}}, "extra_data"),
    ({"extra_data": None}, "extra_data"),
    ({"extra_data__a": {"b": 1}}, "extra_data"),
    ({"extra_data__a": float("nan")}, "extra_data"),
    ({"extra_data__a": 10**400}, "extra_data"),
    ({"extra_data__a": object()}, "extra_data"),
    ({"extra_data__a": "x\0"}, "extra_data"),
    ({"extra_data__a__in": [1, "b"]}, "extra_data"),
    ({"extra_data__a\0": 1}, "extra_data"),
    ({"extra_data__a__regex": "("}, "regular expression"),
    ({"run": "inner"}, "run__name"),
    ({"run": 5.5}, "run"),
    ({"run": True}, "run"),
    ({"run": 2**70}, "run"),
    ({"run__in": 5}, "list"),
    ({"run__in": "inner"}, "list"),
    ({"run__in": ["inner"]}, "run"),
    ({"run__in": [None]}, "run"),
    ({"ulabels": "T cell"}, "ulabels__name"),
    ({"ulabels__in": None}, "list"),
    ({"ulabels__name": 5}, "name"),
    ({"ulabels__name__regex": "("}, "regular expression"),
    ({"transform__key": 5}, "key"),
    ({"created_by__handle": 5}, "handle"),
    ({"branch__name": 5}, "name"),
]
ASKED = [
    (lambda w: w.ln.Artifact.filter("key"), "ln.Q"),
    (lambda w: w.ln.Artifact.filter(None), "ln.Q"),
    (lambda w: w.ln.Artifact.filter({"key": "a"}), "ln.Q"),
    (lambda w: w.ln.Artifact.filter(w.ln.Q("key")), "Q"),
    (lambda w: w.ln.Artifact.filter(w.ln.Q(key="a") | "b"), "Q"),
    (lambda w: w.ln.Artifact.filter(w.ln.Q(key="a") & None), "Q"),
    (lambda w: w.ln.Artifact.filter(~w.ln.Q(colour="red")), "colour"),
    (lambda w: w.ln.Artifact.filter(run=w.ln.Run()), "save"),
    (lambda w: w.ln.Artifact.filter(run=w.label), "Run"),
    (lambda w: w.ln.Artifact.filter(run__in=[w.label]), "Run"),
    (lambda w: w.ln.Artifact.filter(ulabels=w.project), "ULabel"),
    (lambda w: w.ln.Artifact.filter(run__in=w.ln.ULabel.all()), "Run"),
    (lambda w: w.ln.Artifact.filter(key__in=w.ln.ULabel.all()), "key"),
    (lambda w: w.ln.Artifact.filter(*[w.ln.Q(key=str(n)) for n in range(2000)]), "__in"),
    (lambda w: w.ln.Artifact.filter(_any_of(w, 2000)), "__in"),
    (lambda w: w.ln.Artifact.filter(_any_of(w, 5_000)), "__in"),
    (lambda w: w.ln.Artifact.filter(_nested(w, 400)), "deep"),
    (lambda w: w.ln.Artifact.get(), "which"),
    (lambda w: w.ln.Artifact.get(""), "no uid"),
    (lambda w: w.ln.Artifact.get("ab"), "no uid"),
    (lambda w: w.ln.Artifact.get("saved.txt"), "key="),
    (lambda w: w.ln.Artifact.get(SQL), "no uid"),
    (lambda w: w.ln.Artifact.get("%" * 16), "no uid"),
    (lambda w: w.ln.Artifact.get("x" * 10_000), "no uid"),
    (lambda w: w.ln.Artifact.get("é" * 16), "no uid"),
    (lambda w: w.ln.Artifact.get("a\0b"), "no uid"),
    (lambda w: w.ln.Artifact.get(b"abcd"), "no uid"),
    (lambda w: w.ln.Artifact.get([]), "no uid"),
    (lambda w: w.ln.Artifact.get(True), "no uid"),
    (lambda w: w.ln.Artifact.get(5.5), "no uid"),
    (lambda w: w.ln.Artifact.get(-1), "there is no"),
    (lambda w: w.ln.Artifact.get(2**70), "id"),
    (lambda w: w.ln.Artifact.get("zzzzzzzzzzzzzzzz"), "zzzz"),
    (lambda w: w.ln.Artifact.get(w.label.uid * 2), "there is no"),
    (lambda w: w.ln.Artifact.get(key="nothing"), "nothing"),
    (lambda w: w.ln.Artifact.get(key=5), "key"),
    (lambda w: w.ln.Artifact.get(colour="red"), "colour"),
    (lambda w: w.ln.ULabel.get(name__contains="l"), "several"),
    (lambda w: w.ln.ULabel.all().one(), "several"),
    (lambda w: w.ln.ULabel.all().one_or_none(), "several"),
    (lambda w: w.ln.ULabel.filter(name="nothing").one(), "there is no"),
    (lambda w: w.ln.Artifact.all()[-1], "negative"),
    (lambda w: w.ln.Artifact.all()[-3:], "negative"),
    (lambda w: w.ln.Artifact.all()[::2], "step"),
    (lambda w: w.ln.Artifact.all()["key"], "position"),
    (lambda w: w.ln.Artifact.all()[1.5], "position"),
    (lambda w: w.ln.Artifact.all()["a":"b"], "position"),
    (lambda w: w.ln.Artifact.all()[None], "position"),
    (lambda w: list(w.ln.Artifact.all()[: 2**70]), "position"),
    (lambda w: w.ln.Artifact.all()[:2].filter(key="a"), "slice"),
    (lambda w: w.ln.Artifact.all()[:2].order_by("key"), "slice"),
    (lambda w: w.ln.Artifact.all()[:2].last(), "slice"),
    (lambda w: w.ln.Artifact.all().order_by("colour"), "colour"),
    (lambda w: w.ln.Artifact.all().order_by("--key"), "-key"),
    (lambda w: w.ln.Artifact.all().order_by(""), "order"),
    (lambda w: w.ln.Artifact.all().order_by(5), "5"),
    (lambda w: w.ln.Artifact.all().order_by(None), "None"),
    (lambda w: w.ln.Artifact.all().order_by(["key"]), "key"),
    (lambda w: w.ln.Artifact.all().order_by(SQL), "order"),
    (lambda w: w.ln.Artifact.all().order_by("run__name"), "run__name"),
    (lambda w: w.ln.Artifact.all().order_by("ulabels"), "ulabels"),
    (lambda w: w.ln.Artifact.all().to_list("colour"), "colour"),
    (lambda w: w.ln.Artifact.all().to_list(5), "5"),
    (lambda w: w.ln.Artifact.all().to_list("run"), "run"),
    (lambda w: w.ln.Artifact.to_dataframe(include="colour"), "colour"),
    (lambda w: w.ln.Artifact.to_dataframe(include=["run__colour"]), "colour"),
    (lambda w: w.ln.Artifact.to_dataframe(include=["run__name__x"]), "run__name__x"),
    (lambda w: w.ln.Artifact.to_dataframe(include=5), "include"),
    (lambda w: w.ln.Artifact.to_dataframe(include=[5]), "5"),
    (lambda w: w.ln.Artifact.to_dataframe(include=[None]), "None"),
    (lambda w: w.ln.Artifact.to_dataframe(include=[SQL]), "drop"),
    (lambda w: w.ln.Artifact.to_dataframe(include=["__"]), "include"),
    (lambda w: w.ln.Artifact.to_dataframe(include=""), "include"),
    (lambda w: w.ln.Artifact.to_dataframe(limit=-1), "limit"),
    (lambda w: w.ln.Artifact.to_dataframe(limit="all"), "limit"),
    (lambda w: w.ln.Artifact.to_dataframe(limit=1.5), "limit"),
    (lambda w: w.ln.Artifact.to_dataframe(limit=True), "limit"),
    (lambda w: w.ln.Artifact.to_dataframe(limit=2**70), "limit"),
    (lambda w: w.ln.Artifact.to_dataframe(order_by="colour"), "colour"),
    (lambda w: w.ln.Artifact.to_dataframe(order_by=5), "5"),
    (lambda w: w.ln.Artifact.search(5), "search"),
    (lambda w: w.ln.Artifact.search(None), "search"),
    (lambda w: w.ln.Artifact.search(b"saved"), "search"),
    (lambda w: w.ln.Artifact.search("a\0b"), "search"),
    (lambda w: w.ln.Artifact.search("\udcff"), "search"),
    (lambda w: w.ln.Artifact.search("a " * 5000), "words"),
    (lambda w: w.ln.Artifact.search("saved", field="colour"), "colour"),
    (lambda w: w.ln.Artifact.search("saved", field=5), "5"),
    (lambda w: w.ln.Artifact.search("saved", field=["key", 5]), "5"),
    (lambda w: w.ln.Artifact.search("saved", field="size"), "size"),
    (lambda w: w.ln.Artifact.search("saved", limit=-1), "limit"),
    (lambda w: w.ln.Artifact.search("saved", limit="x"), "limit"),
    (lambda w: w.ln.Artifact.lookup("colour"), "colour"),
    (lambda w: w.ln.Artifact.lookup(5), "5"),
    (lambda w: w.ln.Artifact.lookup("run"), "run"),
]


def _any_of(w, count):
    condition = w.ln.Q(key="0")
    for number in range(1, count):
        condition = condition | w.ln.Q(key=str(number))
    return condition


def _nested(w, depth):
    condition = w.ln.Q(key="a")
    for _ in range(depth):
        condition = ~(condition & w.ln.Q(size=1)) | w.ln.Q(size=2)
    return condition


CASES = [(lambda w, lookups=lookups: list(w.ln.Artifact.filter(**lookups)), word) for lookups, word in FILTERS]
CASES += ASKED


@pytest.mark.parametrize(("act", "word"), CASES, ids=map(str, range(len(CASES))))
def test_it_is_refused_with_the_reason(refused, act, word):
    refused(act, word)


@pytest.mark.parametrize("text", [SQL, "' or '1'='1", '"; --', "%", "_", "\\", "a' union select * from account --", "${x}", "{{x}}", "💥" * 500, "x" * 10_000, "\u202e", "\n"])
def test_odd_texts_are_asked_for_as_they_are(world, text):
    ln = world.ln
    for lookup in ("key", "key__iexact", "key__contains", "key__startswith", "key__endswith", "key__gt", "description", "ulabels__name", "run__name", "extra_data__a"):
        assert "saved.txt" not in [a.key for a in ln.Artifact.filter(**{lookup: text}) if lookup != "key__gt"]
    assert ln.Artifact.filter(key__in=[text]).count() == 0
    assert ln.Artifact.filter(key__regex=re.escape(text)).count() == 0
    assert not [a for a in ln.Artifact.search(text) if text.strip()]
    if not {'"', "\\"} & set(text):
        assert ln.Artifact.filter(**{f"extra_data__{text}": "x"}).count() == 0


def test_any_number_of_values_may_be_asked_for(world):
    ln, mine = world.ln, world.artifact
    assert ln.Artifact.filter(uid__in=[*(f"{n:020d}" for n in range(70_000)), mine.uid]).to_list("uid") == [mine.uid]
    assert ln.Artifact.filter(id__in=[*range(10**6, 10**6 + 12_000), mine.id, 0.5]).to_list("id") == [mine.id]
    assert ln.Artifact.filter(~ln.Q(key__in=[f"{n}'%s%%:x\\\"\n" for n in range(12_000)])).count() == ln.Artifact.all().count()


def test_a_parameter_of_any_name_can_be_asked_for(instance):
    ln = import_module("lignin")
    for name in ("größe", "a b", "a,b", "{a}", "null", "0", "a'b", "a%sb", "$", "a.b", "[0]", "💥", "a:b", "*"):
        run = ln.Run(name=name, params={name: "x", "a": {name: 5, "flag": True}}).save()
        asked = ln.Run.filter(name=name)
        assert asked.filter(**{f"params__{name}": "x"}).to_list("uid") == [run.uid], name
        assert asked.filter(**{f"params__{name}": "y"}).to_list("uid") == [], name
        assert asked.filter(**{f"params__a__{name}__gt": 4}).to_list("uid") == [run.uid], name
        assert asked.filter(params__a__flag=True).to_list("uid") == [run.uid], name
