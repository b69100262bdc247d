"""Types above and below a record, parents and children, at any distance and in one statement."""

import pytest
from sqlalchemy import event

import lignin as ln
from lignin.base.errors import UsageError


def names(found):
    return [record.name for record in found]


def test_types_are_walked_up_and_down_in_every_registry(instance):
    for registry in (ln.Record, ln.ULabel, ln.Project, ln.Reference, ln.Feature, ln.Schema):
        more = {ln.Feature: {"dtype": "float"}, ln.Schema: {"itype": ln.Feature}}.get(registry, {})
        top = registry(name="top", is_type=True).save()
        middle = registry(name="middle", is_type=True, type=top).save()
        leaf = registry(name="leaf", type=middle, **more).save()
        registry(name="beside", **more).save()
        assert names(leaf.query_types()) == ["middle", "top"]
        assert names(leaf.query_types()[:1]) == ["middle"]
        assert names(top.query_records()) == ["middle", "leaf"]
        assert names(top.query_records(depth=1)) == ["middle"]
        assert names(top.query_records(depth=2).filter(is_type=False)) == ["leaf"]
        assert leaf.query_records().count() == 0
        assert not top.query_types().exists()


def test_parents_are_walked_through_diamonds(instance):
    a, b, c, d = (ln.Record(name=name).save() for name in "abcd")
    b.parents.add(a)
    c.parents.add(a)
    d.parents.add(b, c)
    asked = []
    event.listen(instance.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]) if "walk" in args[2] else None)
    assert names(a.query_children()) == ["b", "c", "d"]
    assert names(a.query_children(depth=1)) == ["b", "c"]
    assert names(d.query_parents()) == ["a", "b", "c"]
    assert d.query_parents(depth=1).filter(name="b").count() == 1
    assert len(asked) == 4
    ln.Record.get(name="b").delete()
    assert names(a.query_children()) == ["c", "d"]
    label = ln.ULabel(name="x").save()
    label.children.add(ln.ULabel(name="y").save())
    assert names(label.query_children()) == ["y"]


def test_what_makes_no_sense_is_refused(instance):
    record = ln.Record(name="a")
    with pytest.raises(UsageError, match="save this Record first"):
        record.query_records()
    record.save()
    for wrong in (0, -1, "2", True, 1.5):
        with pytest.raises(UsageError, match="depth"):
            record.query_parents(depth=wrong)
