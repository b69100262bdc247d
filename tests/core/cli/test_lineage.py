"""`lignin lineage`."""

import json
from pathlib import Path

import pytest

import lignin as ln
from lignin.recording import Code, RunStatus

FORMATS = {"tree": "count.txt", "mermaid": "flowchart", "svg": "<svg", "html": "<!doctype html>"}


@pytest.fixture
def chain(saved, sqlite_instance):
    """raw.txt → clean → clean.txt → count → count.txt, as uids."""
    uids = [saved("raw.txt", "reads")]
    for name, source in (("clean", "raw.txt"), ("count", "clean.txt")):
        run = sqlite_instance.start_run(code=Code(kind="script", key=name, hash=name))
        target = Path(f"{name}.txt")
        target.write_text(name + ln.Artifact.get(key=source).load(is_run_input=run))
        uids.append(ln.Artifact(target, key=target.name, run=run).save().uid)
        sqlite_instance.end_run(run, status=RunStatus.COMPLETED)
    return uids


def names(graph):
    return {node["name"] for node in graph["nodes"]}


def test_json_has_nodes_and_edges_in_the_direction_of_the_data(chain, lignin):
    raw, clean, count = chain
    graph = lignin("lineage", "count.txt", "--json").json
    assert list(graph) == ["nodes", "edges"]
    assert all(list(node) == ["id", "type", "name", "engine", "status"] for node in graph["nodes"])
    assert graph["nodes"][0] == {"id": count, "type": "artifact", "name": "count.txt", "engine": None, "status": "stored"}
    runs = {node["name"]: node["id"] for node in graph["nodes"] if node["type"] == "run"}
    assert {(e["source"], e["target"]) for e in graph["edges"]} == {(raw, runs["clean"]), (runs["clean"], clean), (clean, runs["count"]), (runs["count"], count)}
    assert {node["status"] for node in graph["nodes"] if node["type"] == "run"} == {"completed"}


def test_down_and_depth_bound_the_graph(chain, lignin):
    raw, clean, _ = chain
    assert names(lignin("lineage", "raw.txt", "--json").json) == {"raw.txt"}
    assert names(lignin("lineage", raw, "--down", "--json").json) == {"raw.txt", "clean", "clean.txt", "count", "count.txt"}
    assert names(lignin("lineage", raw, "--down", "--depth", "1", "--json").json) == {"raw.txt", "clean", "clean.txt"}
    assert names(lignin("lineage", clean[:10], "--json").json) == {"raw.txt", "clean", "clean.txt"}


def test_a_run_and_a_transform_have_a_lineage_too(chain, lignin):
    run = lignin("list", "run", "--filter", "name=count", "--json").json[0]["uid"]
    found = {"raw.txt", "clean", "clean.txt", "count"}
    assert names(lignin("lineage", run, "--json").json) == found
    assert names(lignin("lineage", "count", "--registry", "transform", "--json").json) == found


def test_the_tree_is_drawn_within_the_terminal(chain, lignin):
    said = lignin("lineage", "count.txt")
    assert said.out.splitlines()[0] == "count.txt"
    assert "raw.txt" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    assert "\x1b" not in said.out


def test_each_format_is_printed_or_written(chain, lignin):
    for form, begins in FORMATS.items():
        printed = lignin("lineage", "count.txt", "--format", form).out
        assert begins in printed.lower()
        lignin("lineage", "count.txt", "--format", form, "-o", "drawn")
        assert begins in Path("drawn").read_text().lower()


def test_the_suffix_of_the_file_says_the_format(chain, lignin):
    for suffix, form in {"html": "html", "svg": "svg", "mmd": "mermaid", "txt": "tree"}.items():
        assert not lignin("lineage", "count.txt", "-o", f"a.{suffix}").out
        assert FORMATS[form] in Path(f"a.{suffix}").read_text().lower()
    lignin("lineage", "count.txt", "-o", "a.json")
    assert json.loads(Path("a.json").read_text()) == lignin("lineage", "count.txt", "--json").json
