"""Which values name a file."""

import os
from dataclasses import dataclass
from pathlib import Path

import fsspec
import pytest
from pydantic import BaseModel

from prefect_lignin.files import look, sightings

NONE = frozenset()


@dataclass
class Sample:
    reads: Path


class Config(BaseModel):
    table: Path


@pytest.fixture
def here(tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for name in ("a", "b", "ü ?#%.txt"):
        (work / name).write_text(name)
    (work / "folder").mkdir()
    (work / "folder" / "c").write_text("c")
    return work


def found(values, path_typed=NONE):
    return [(s.role, Path(s.place).name) for s in sightings(values, path_typed=path_typed)]


def test_paths_in_containers_dataclasses_and_models(here):
    values = {"x": [Path("a"), {"k": (Path("b"),)}], "s": Sample(Path("a")), "m": Config(table="b"), "t": {Path("folder")}}
    assert found(values) == [("x", "a"), ("x", "b"), ("s", "a"), ("m", "b"), ("t", "folder")]


def test_texts_count_only_where_they_are_promised_to_be_paths(here):
    assert found({"x": "a", "y": ["a"]}) == []
    assert found({"x": "a", "y": ["a", "missing"]}, frozenset({"x", "y"})) == [("x", "a"), ("y", "a")]


def test_open_files_and_uris(here):
    assert found({"h": fsspec.open("a"), "u": f"file://{here}/b"}, frozenset({"u"})) == [("h", "a"), ("u", "b")]
    (remote,) = sightings({"u": "s3://user:secret@bucket/k/"}, path_typed=frozenset({"u"}))
    assert remote.ref.uri == "s3://user:***@bucket/k"


def test_odd_names_survive(here):
    (odd,) = sightings({"x": Path("ü ?#%.txt")}, path_typed=NONE)
    assert odd.ref.size == len("ü ?#%.txt".encode())


def test_what_is_no_data_is_left_alone(here):
    os.mkfifo("pipe")
    values = {"x": [Path("pipe"), Path("/dev/null"), Path("missing"), Path(), here.parent, Path("/"), Path.home(), "memory://a"]}
    assert found(values, frozenset({"x"})) == []
    assert found({"x": ["", "nul\0byte", "x" * 5000, "memory://a"]}, frozenset({"x"})) == []


def test_a_folder_is_as_young_as_its_youngest_file(here):
    before = look("folder", role="").changed_ns
    (here / "folder" / "c").write_text("changed")
    assert look("folder", role="").changed_ns >= before
    assert look("folder", role="").is_folder


def test_loops_end(here):
    loop = [Path("a")]
    loop.append(loop)
    assert found({"x": loop}) == [("x", "a")]
