"""Connections and values: forks, and what no column takes."""

import os
from datetime import date

import pytest

import lignin as ln
from lignin.base.errors import UsageError


def test_a_forked_child_leaves_the_connections_of_its_parent_alone(instance):
    ln.ULabel(name="x").save()
    child = os.fork()
    if child == 0:
        # The handle that the parent opened, not what `ln` would open anew.
        os._exit(0 if instance.query(ln.ULabel).count() == 1 else 1)
    assert [instance.query(ln.ULabel).count() for _ in range(20)] == [1] * 20
    assert os.waitpid(child, 0)[1] == 0
    assert instance.query(ln.ULabel).count() == 1


def test_a_value_of_another_type_is_an_error_of_ours(sqlite_instance):
    with pytest.raises(UsageError, match="takes a date"):
        ln.Project(name="p", start_date="tomorrow").save()
    with pytest.raises(UsageError, match="takes a whole number"):
        ln.Run(name="r", attempt=2**70).save()


def test_days_are_found_by_their_text(instance):
    ln.Project(name="p", start_date=date(2026, 1, 2)).save()
    assert ln.Project.filter(start_date__gt="2026-01-01").count() == 1
    assert ln.Project.filter(start_date="2026-01-02").count() == 1
    assert ln.Project.filter(start_date__in=[date(2026, 1, 2)]).count() == 1
    with pytest.raises(UsageError, match="no date"):
        ln.Project.filter(start_date="soon")


def test_a_run_needs_no_name(instance):
    assert ln.Run(transform=ln.Transform(key="t").save()).save().id


def test_a_record_moves_to_the_trash_by_delete_only(sqlite_instance):
    transform = ln.Transform(key="t").save()
    transform.branch_id = -1
    with pytest.raises(UsageError, match="can't be set"):
        transform.save()
