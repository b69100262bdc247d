"""What spools of live hooks tell of runs, and of the processes that wrote them."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lignin.base.errors import SpoolError
from lignin.recording import Code, Ended, RunStatus, Spool, Started
from prefect_lignin.active import run_key
from prefect_lignin.notes import read_notes

AT = datetime(2026, 11, 24, tzinfo=UTC)
ADD = Started(
    run=run_key("t1", 1), name="add", at=AT, parent=run_key("f1", 1), code=Code(kind="task", key="a.py::add", hash="1"),
    info={"task_key": "add-1", "flow_run_id": "f1"},
)
FLOW = Started(
    run=run_key("f1", 1), name="sum", at=AT, code=Code(kind="workflow", key="a.py::sum", hash="2"), info={"flow_id": "F", "flow_version": "v1"}
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LIGNIN_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("LIGNIN_HOME", str(tmp_path / "home"))
    return tmp_path / "spool"


def written(folder, *events, close=True):
    spool = Spool(folder, engine="prefect")
    for event in events:
        spool.record(event)
    if close:
        spool.close()
    return spool.path


def test_runs_are_known_with_their_ends_and_their_flow(folder):
    path = written(folder, FLOW, ADD, Ended(run=ADD.run, status=RunStatus.COMPLETED, at=AT))
    notes = read_notes(since=None)
    assert list(notes.in_flow("f1")) == [ADD.run]
    assert (notes.started[ADD.run], notes.ended[ADD.run].at, notes.spools[ADD.run]) == (ADD, AT, path)
    assert list(notes.in_flow("f2")) == []


def test_code_is_found_by_prefects_names_unless_two_bear_one(folder):
    written(folder, FLOW, ADD)
    notes = read_notes(since=None)
    assert (notes.code("add-1", None), notes.code("F", "v1"), notes.code("F", "v2")) == (ADD.code, FLOW.code, None)
    written(folder, replace(FLOW, run=run_key("f2", 1), code=Code(kind="workflow", key="a.py::other", hash="3")))
    assert read_notes(since=None).code("F", "v1") is None


def test_what_was_put_away_is_read_as_well_and_other_engines_are_not(folder):
    path = written(folder, ADD)
    (folder / "ingested").mkdir()
    path.rename(folder / "ingested" / path.name)
    Spool(folder, engine="redun").record(replace(FLOW, run=replace(FLOW.run, engine="redun")))
    assert set(read_notes(since=None).started) == {ADD.run}


def test_old_spools_are_left_alone(folder):
    path = written(folder, ADD)
    os.utime(path, (AT.timestamp(), AT.timestamp()))
    assert read_notes(since=AT + timedelta(hours=1)).started == {}
    assert set(read_notes(since=AT - timedelta(hours=1)).started) == {ADD.run}


def test_a_spool_that_cannot_be_read_is_named(folder):
    written(folder, ADD)
    (folder / "a-prefect-folder.jsonl").mkdir()
    with pytest.raises(SpoolError, match=r"a-prefect-folder\.jsonl"):
        read_notes(since=None)


def test_a_writer_is_over_when_it_said_so_or_its_process_is_gone(folder):
    closed, opened = written(folder, FLOW), written(folder, ADD, close=False)
    notes = read_notes(since=None)
    assert notes.last_word(FLOW.run) == datetime.fromtimestamp(closed.stat().st_mtime, UTC)
    assert notes.last_word(ADD.run) is None
    assert notes.last_word(run_key("unknown", 1)) is None
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    head, rest = opened.read_text().split("\n", 1)
    for node, is_over in ((os.uname().nodename, True), ("elsewhere", False)):
        again = folder / f"again-prefect-{node}.jsonl"
        again.write_text(json.dumps({**json.loads(head), "pid": int(gone.stdout), "node": node}) + "\n" + rest.replace("t1", node))
        assert (read_notes(since=None).last_word(run_key(node, 1)) is not None) is is_over
