"""The instances that other tests lean on."""

from pathlib import Path

from lignin.base.ports import current
from lignin.base.settings import find_instance, user_home


def test_a_fresh_instance_is_open_on_either_store(instance, tmp_path):
    assert current() is instance
    assert Path.cwd() == tmp_path / "project"
    assert find_instance().folder == tmp_path / "project"
    assert user_home().is_relative_to(tmp_path)


def test_the_store_is_the_one_that_was_asked_for(instance, request):
    store = request.node.callspec.params["instance"]
    assert find_instance().db_url.startswith(store)


def test_a_sqlite_instance_is_there_for_what_needs_no_other(sqlite_instance):
    assert current() is sqlite_instance
    assert find_instance().db_in_folder
