"""What a process's body is, as Nextflow's parser keeps it: the captured sources are its own."""

import hashlib
import json
from pathlib import Path

import pytest

from nextflow_lignin.bodies import read_definitions

HERE = Path(__file__).parent


def test_every_source_that_nextflow_told_is_cut_out_of_the_script_alike():
    told = [json.loads(line) for line in (HERE / "spools" / "first.jsonl").read_text().splitlines()]
    sources = {event["script"].rpartition("/")[2] + " " + event["name"].replace("RECOUNT", "COUNT"): event["sourceSha256"] for event in told if event["type"] == "process"}
    pipeline = HERE / "plugin" / "pipeline"
    own = {
        f"{path.name} {name}": hashlib.sha256(source.encode()).hexdigest()
        for path in (pipeline / "main.nf", pipeline / "modules" / "count.nf")
        for name, source in read_definitions(path.read_text()).sources.items()
    }
    assert own == sources


def body(inner):
    return read_definitions(f"process A {{\n{inner}\n}}\n").sources["A"]


@pytest.mark.parametrize(
    ("inner", "source"),
    [
        ("  script:\n  'echo'", "  'echo'\n"), ("  output: path 'x'\n  '''\n  echo > x\n  '''", "  '''\n  echo > x\n  '''\n"), ("  'echo' // why", "  'echo'\n"),
        ("  script:\n  def n = 1 // one\n\n  // two\n  /* three\n  */\n  \"echo ${n ? \"a}\" : '}'}\"", "  def n = 1\n  \"echo ${n ? \"a}\" : '}'}\"\n"),
        ("  script:\n  if (x) {\n    'a'\n\n  }\n  else {\n    'b' }", "  if (x) {\n    'a'\n\n  }\n  else {\n    'b' }\n"),
        ("  script:\n  x = [1,\n    2]\n    .size()\n  'a'", "  x = [1,\n    2]\n    .size()\n  'a'\n"),
        ("  exec:\n  x = y =~ /a\"b/\n  stub: 'no'", "  x = y =~ /a\"b/\n"), ("  script: 'a {'", "  script: 'a {'\n".replace("script: ", "")),
        ("  when: x\n  script:\n  'a'", "  'a'\n"),
    ],
)  # fmt: skip
def test_a_body_is_its_statements_with_their_first_indents(inner, source):
    assert body(inner) == source


@pytest.mark.parametrize("inner", ["  script:\n  a = 1; 'b'", "  script:\n  a = b\n  + c\n  'x'", "  output: path 'x'", "", "  stub: 'x'"])
def test_what_is_not_plain_is_not_told(inner):
    assert body(inner) is None


def test_processes_in_comments_and_texts_are_none_and_a_name_twice_is_not_told():
    found = read_definitions("// process A { script: 'x' }\n/*\nprocess B { 'x' }\n*/\ntext = '''\nprocess C { 'y' }\n'''\nprocess D { 'z' }\nprocess D { 'w' }\nprocess E {")
    assert found.sources == {"D": None}


def test_includes_have_their_names_here_and_there():
    text = "include { A; B as C } from './one'\ninclude { D\n  E as F } from '../two.nf'\n// include { G } from './three'\ninclude { H } from 'plugin/nf-x'\n"
    assert read_definitions(text).includes == {
        "A": ("A", "./one"), "C": ("B", "./one"), "D": ("D", "../two.nf"), "F": ("E", "../two.nf"), "H": ("H", "plugin/nf-x"),
    }  # fmt: skip
