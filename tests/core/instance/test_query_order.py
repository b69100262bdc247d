"""The order of a query set, its end, and parts of it; and what else a question must not get wrong."""

from pathlib import Path

import pytest

import lignin as ln
from lignin.base.errors import UsageError


@pytest.fixture
def artifacts(instance):
    for name, size in (("a", 3), ("b", 1), ("c", 2)):
        Path("file.txt").write_text("x" * size)
        ln.Artifact("file.txt", key=f"{name}.txt").save()
    return ln.Artifact.all()


def test_the_last_is_the_last_in_the_order(artifacts):
    assert artifacts.last().key == "c.txt"
    assert artifacts.order_by("size").last().key == "a.txt"
    assert artifacts.order_by("-size").last().key == "b.txt"
    assert artifacts.order_by("suffix", "-key").last().key == "a.txt"


def test_a_part_is_not_narrowed_after_it_was_cut(artifacts):
    part = artifacts.order_by("key")[:1]
    for act in (lambda: part.filter(key="c.txt"), lambda: part.order_by("-key"), part.last, lambda: part.exclude(key="a.txt")):
        with pytest.raises(UsageError, match="first, then slice"):
            act()
    assert list(part.to_dataframe().key) == ["a.txt"]
    assert list(artifacts[1:].to_dataframe().key) == ["b.txt", "c.txt"]


def test_a_part_without_an_end_has_what_is_included(artifacts):
    label = ln.ULabel(name="x").save()
    for artifact in artifacts:
        artifact.ulabels.add(label)
    frame = artifacts.order_by("-id")[1:].to_dataframe(include=["ulabels__name", "storage__root"], limit=None)
    assert list(frame.ulabels__name) == [{"x"}, {"x"}]
    assert frame.storage__root.notna().all()


def test_records_that_are_not_saved_are_not_the_same(instance):
    one, two = ln.ULabel(name="x"), ln.ULabel(name="y")
    assert one != two
    assert one == one
    assert {one.save(), ln.ULabel.get(name="x"), two.save()} == {one, two}


def test_a_set_that_comes_back_under_its_key_is_the_latest_again(artifacts):
    first, second, _ = artifacts
    one, two = ln.Collection([first], key="set").save(), ln.Collection([second], key="set").save()
    back = ln.Collection([first], key="set", description="again").save()
    assert (back.uid, back.is_latest, back.description) == (one.uid, True, "again")
    assert ln.Collection.get(key="set") == one
    assert not ln.Collection.get(two.uid).is_latest
    assert ln.Collection([second]).save() == two
    assert ln.Collection.get(key="set") == one
