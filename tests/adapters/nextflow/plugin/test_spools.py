"""The spools that the Python side is tested with are what the plug-in writes today.

`LIGNIN_KEEP_SPOOLS=1` writes them anew, from runs in a folder of their own.
"""

import os
from pathlib import Path

import pytest

KEPT = Path(__file__).parents[1] / "spools"
# Read before the tests' own environment hides it.
ANEW = "LIGNIN_KEEP_SPOOLS" in os.environ
ALIKE = {"first": "first", "resumed": "resumed", "failing": "failing", "sigint": "interrupted", "sigkill": "killed"}


def shape(events):
    """The members that each kind of event has."""
    found = {}
    for event in events:
        found.setdefault((event["type"], event.get("state")), set()).add(tuple(event))
    return found


@pytest.fixture
def keep(nextflow):
    """Writes a run's spool among the kept ones, without what belongs to this machine."""

    def write(run, name):
        home = run.one("run.create")["homeDir"]
        text = run.spool.read_text(encoding="utf-8")
        for mine, common in ((str(run.launch), "/launch"), (str(nextflow.home), "/home/user/.nextflow"), (f'"homeDir":"{home}"', '"homeDir":"/home/user"')):
            text = text.replace(mine, common)
        create = run.one("run.create")
        for member, common in (("user", "user"), ("host", "node")):
            text = text.replace(f'"{member}":"{create[member]}"', f'"{member}":"{common}"')
        KEPT.mkdir(exist_ok=True)
        (KEPT / f"{name}.jsonl").write_text(text, encoding="utf-8")

    return write


@pytest.mark.parametrize("name", ALIKE)
def test_a_kept_spool_has_the_form_of_a_new_one(name, request, read_events):
    if ANEW:
        request.getfixturevalue("keep")(request.getfixturevalue(ALIKE[name]), name)
    kept, new = shape(read_events(KEPT / f"{name}.jsonl")), shape(request.getfixturevalue(ALIKE[name]).events)
    for kind in kept.keys() & new.keys():
        assert kept[kind] == new[kind], kind
    assert ("run.create", None) in kept.keys() & new.keys()


def test_the_other_kept_spools_are_read(nextflow, new_launch, keep, read_events):
    runs = {"stub": ("main.nf", "-stub-run", "-output-dir", "pubout"), "preview": ("main.nf", "-preview", "-output-dir", "pubout"), "script-error": ("broken.nf",)}
    for name, args in runs.items() if ANEW else ():
        launch = new_launch(name)
        (launch / "broken.nf").write_text("workflow {\n    error 'no such reference'\n}\n")
        keep(nextflow.run(launch, *args, name=name), name)
    first = shape(read_events(KEPT / "first.jsonl"))
    for name in runs:
        kept = shape(read_events(KEPT / f"{name}.jsonl"))
        assert {kind: kept[kind] for kind in kept.keys() & first.keys()} == {kind: first[kind] for kind in kept.keys() & first.keys()}
