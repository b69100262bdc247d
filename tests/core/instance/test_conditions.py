"""What a condition finds, alike on both stores: of empty fields, of JSON's types, of broken numbers."""

from pathlib import Path

import pytest

import lignin as ln

VALUES = {"true": True, "one": 1, "text": "1", "word": "abc", "false": False, "zero": 0, "null": None, "half": 0.5, "yes": "true"}


@pytest.fixture
def runs(instance):
    transform = ln.Transform(key="t").save()
    for name, value in VALUES.items():
        ln.Run(name=name, transform=transform, params={"x": value}).save()
    ln.Run(name="none", transform=transform).save()


@pytest.mark.parametrize(
    ("lookups", "names"),
    [
        ({"x": True}, "true"),
        ({"x": False}, "false"),
        ({"x__in": [True, False]}, "true false"),
        ({"x": 1}, "one text"),
        ({"x": 0}, "zero"),
        ({"x__lt": 0.7}, "zero half"),
        ({"x": "1"}, "one text"),
        ({"x": "true"}, "true yes"),
        ({"x": "abc"}, "word"),
        ({"x__startswith": "a"}, "word"),
        ({"x": None}, "null none"),
        ({"x__isnull": False}, "true one text word false zero half yes"),
    ],
)
def test_a_parameter_is_found_by_its_value(runs, lookups, names):
    found = ln.Run.filter(**{f"params__{name}": value for name, value in lookups.items()})
    assert {run.name for run in found} == set(names.split())


def test_what_is_not_met_is_excluded_and_what_is_empty_is_not(runs):
    assert {run.name for run in ln.Run.all().exclude(params__x="abc")} == {*VALUES, "none"} - {"word"}
    assert {run.name for run in ln.Run.filter(~ln.Q(description="a"))} == {*VALUES, "none"}
    assert {run.name for run in ln.Run.filter(~~ln.Q(params__x=True))} == {"true"}
    assert ln.Run.filter(~ln.Q(description=None)).count() == 0


def test_a_broken_number_is_not_rounded(instance):
    Path("a.txt").write_text("ab")
    ln.Artifact("a.txt", key="a.txt").save()
    for lookups, count in (({"size__gt": 1.5}, 1), ({"size__lt": 2.4}, 1), ({"size__lt": 1.6}, 0), ({"size": 2.0}, 1), ({"size__range": (1.6, 2.4)}, 1), ({"size__range": (1.6, 1.9)}, 0)):
        assert ln.Artifact.filter(**lookups).count() == count, lookups
