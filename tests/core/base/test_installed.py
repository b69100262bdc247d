"""Packages and entry points, read from folder names."""

import importlib.metadata
import re
import sys

import pytest

from lignin.base.installed import EntryPoint, entry_points, installed_packages


def test_it_finds_what_the_standard_library_finds():
    plain = {re.sub(r"[-_.]+", "-", d.name).lower(): d.version for d in importlib.metadata.distributions()}
    found = {package.name: package.version for package in installed_packages()}
    assert found.keys() == plain.keys()
    # A folder's name may spell a version in its normal form.
    assert sum(found[name] != plain[name] for name in found) <= 3


def test_the_first_on_the_path_counts_and_odd_places_do_no_harm(tmp_path, monkeypatch):
    for place, version in (("a", "1.0"), ("b", "2.0")):
        (tmp_path / place / f"some_pkg-{version}.dist-info").mkdir(parents=True)
    (tmp_path / "b" / "old-0.1-py3.11.egg-info").mkdir()
    (tmp_path / "b" / "nothing.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "gone"), str(tmp_path / "x.zip")])
    assert [(package.name, package.version) for package in installed_packages()] == [("old", "0.1"), ("some-pkg", "1.0")]


def test_entry_points_of_a_group_are_read_and_loaded(tmp_path, monkeypatch):
    folder = tmp_path / "pkg-1.dist-info"
    folder.mkdir()
    (folder / "entry_points.txt").write_text("[other]\nx = os:sep\n\n[ours]\n# a remark\njoin = os:path.join\nmodule = json [extra]\n")
    (tmp_path / "bad-1.dist-info").mkdir()
    (tmp_path / "bad-1.dist-info" / "entry_points.txt").write_bytes(b"\xff\xfe[ours]\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    join, module = entry_points("ours")
    assert join == EntryPoint(name="join", value="os:path.join")
    assert join.load()("a", "b") == "a/b"
    assert module.load().__name__ == "json"


@pytest.mark.parametrize(("value", "error"), [("no_such_package_at_all", ImportError), ("os:no_such", AttributeError)])
def test_what_can_not_be_loaded_raises(value, error):
    with pytest.raises(error):
        EntryPoint(name="x", value=value).load()
