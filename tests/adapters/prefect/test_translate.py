"""The translation alone: values as Prefect gave them in a real run, and the events they become."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lignin.recording import (
    Code,
    Ended,
    FileRef,
    Produced,
    RunStatus,
    Started,
    Used,
    dump,
    fold,
    load,
)
from prefect_lignin.active import run_key
from prefect_lignin.files import Sighting
from prefect_lignin.translate import Closing, Opening, begin, finish, status_of

BEGAN = datetime(2026, 11, 24, 12, 56, 48, 365285, tzinfo=UTC)
BEGAN_NS = 1_795_525_008_365_285_000
FLOW = run_key("963db625-dde4-4a44-a21a-42f896a67631", 2)
TASK = run_key("01a20da1-5bd0-741e-bb05-21b2382029a8", 1)
OPENING = Opening(
    run=TASK,
    name="count-2a5",
    at=BEGAN,
    parent=FLOW,
    code=Code(kind="task", key="flow.py::count", hash="fb92"),
    params={"reads": ["a.fq"], "token": "abc"},
    info={"task": "count", "run_count": 1, "tags": []},
)
DONE = Closing(status=RunStatus.COMPLETED, at=BEGAN + timedelta(seconds=2))


def seen(name, *, role="", age=100.0, size=3, is_folder=False):
    """A file that was changed `age` seconds before the run began."""
    changed = int(BEGAN_NS - age * 1e9)
    ref = FileRef(uri=f"file:///d/{name}", host="h", size=size, mtime_ns=changed, inode=7)
    return Sighting(role=role, place=f"/d/{name}", ref=ref, changed_ns=changed, is_folder=is_folder)


def claims(opening, closing):
    events = [*begin(opening), *finish(opening, closing)]
    return {(type(e).__name__.lower(), e.role, e.ref.uri[10:]) for e in events if isinstance(e, Used | Produced)}


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (("COMPLETED", "Completed"), RunStatus.COMPLETED),
        (("COMPLETED", "Cached"), RunStatus.CACHED),
        (("COMPLETED", "RolledBack"), RunStatus.ROLLED_BACK),
        (("COMPLETED", "Named by the user"), RunStatus.COMPLETED),
        (("FAILED", "Failed"), RunStatus.FAILED),
        (("FAILED", "TimedOut"), RunStatus.FAILED),
        (("FAILED", "Cached"), RunStatus.FAILED),
        (("CRASHED", "Crashed"), RunStatus.CRASHED),
        (("CANCELLING", "Cancelling"), RunStatus.CANCELLED),
        (("CANCELLED", "Cancelled"), RunStatus.CANCELLED),
        (("RUNNING", "Retrying"), None),
        (("SCHEDULED", "AwaitingRetry"), None),
        (("PENDING", "NotReady"), None),
        (("PAUSED", "Suspended"), None),
    ],
)
def test_states_by_type_and_name(told, status):
    assert status_of(*told) is status


def test_a_start_says_all_that_is_known_without_secrets():
    (event,) = begin(OPENING)
    assert isinstance(event, Started)
    assert (event.run, event.name, event.at, event.parent) == (TASK, "count-2a5", BEGAN, FLOW)
    assert event.params == {"reads": ["a.fq"], "token": "***"}
    assert load(dump(event)) == event


def test_inputs_are_told_at_the_start_and_once():
    opening = replace(OPENING, files=(seen("a.fq", role="reads"),))
    assert claims(opening, replace(DONE, files=(seen("a.fq", role="reads"),))) == {("used", "reads", "a.fq")}
    assert [type(e) for e in begin(opening)] == [Started, Used]
    assert [type(e) for e in finish(opening, DONE)] == [Ended]


@pytest.mark.parametrize("role", ["out", "output_path", "outdir", "counts_out", "result", "tmp_folder", "workdir", "dest"])
def test_a_place_for_results_is_judged_at_the_end(role):
    old, new = seen("x", role=role), seen("x", role=role, age=-1, size=9)
    opening = replace(OPENING, files=(old,))
    assert [type(e) for e in begin(opening)] == [Started]
    assert claims(opening, replace(DONE, files=(old,))) == {("used", role, "x")}
    assert claims(opening, replace(DONE, files=(new,))) == set()
    assert claims(opening, replace(DONE, files=(new,), results=(replace(new, role=""),))) == {("produced", "", "x")}


def test_names_that_only_contain_such_a_word_are_inputs():
    for role in ("layout", "about", "stool", "network"):
        assert claims(replace(OPENING, files=(seen("x", role=role),)), DONE) == {("used", role, "x")}


def test_a_folder_is_judged_at_the_end():
    folder = seen("data", role="data", is_folder=True)
    opening = replace(OPENING, files=(folder,))
    assert claims(opening, replace(DONE, files=(folder,))) == {("used", "data", "data")}
    filled = seen("data", role="data", age=-1, size=8, is_folder=True)
    assert claims(opening, replace(DONE, files=(filled,))) == set()


def test_a_result_counts_if_it_was_touched_since_the_start():
    made, old = seen("new.tsv", age=-1), seen("old.tsv", age=50)
    assert claims(OPENING, replace(DONE, results=(made, old))) == {("produced", "", "new.tsv")}


def test_the_clock_of_a_file_server_may_lag_a_little():
    assert claims(OPENING, replace(DONE, results=(seen("x", age=0.5),))) == {("produced", "", "x")}


def test_an_input_that_comes_back_is_an_output_only_if_it_was_changed():
    before, after = seen("t", role="table", age=0.2), seen("t", age=-1, size=9)
    opening = replace(OPENING, files=(before,))
    assert claims(opening, replace(DONE, results=(replace(before, role=""),))) == {("used", "table", "t")}
    assert claims(opening, replace(DONE, results=(after,))) == {("used", "table", "t"), ("produced", "", "t")}


def test_an_input_that_only_the_end_shows_counts_if_it_is_older_than_the_run():
    late, made = seen("late", role="x", age=5), seen("made", role="x", age=-1)
    assert claims(OPENING, replace(DONE, files=(late, made))) == {("used", "x", "late")}


def test_a_cached_run_made_nothing_and_points_back():
    origin = run_key("a", 1)
    closing = replace(DONE, status=RunStatus.CACHED, reused=origin, results=(seen("x", age=-1),))
    assert claims(OPENING, closing) == set()
    (end,) = finish(OPENING, closing)
    assert end.reused == origin


def test_what_the_end_knows_better_replaces_the_start():
    closing = replace(DONE, params={"reads": 3}, info={"result": "/r/1"})
    started = fold([*begin(OPENING), *finish(OPENING, closing)]).started[TASK]
    assert started.params == {"reads": 3}
    assert started.info == {"task": "count", "run_count": 1, "tags": [], "result": "/r/1"}
    assert started.at - BEGAN == timedelta(microseconds=1)


def test_errors_are_bounded_and_without_secrets():
    closing = replace(DONE, status=RunStatus.FAILED, error="no: password='hunter2' " + "x" * 9000)
    (end,) = finish(OPENING, closing)
    assert "hunter2" not in end.error
    assert len(end.error) == 4096


def test_a_remote_place_is_taken_by_the_name_of_its_parameter():
    remote = Sighting(role="reads", place="s3://b/k", ref=FileRef(uri="s3://b/k"))
    assert [type(e) for e in begin(replace(OPENING, files=(remote,)))] == [Started, Used]
    out = replace(remote, role="out")
    closing = replace(DONE, files=(out,), results=(replace(remote, role=""),))
    assert [type(e).__name__ for e in finish(replace(OPENING, files=(out,)), replace(closing, results=()))] == ["Ended"]
    assert [type(e).__name__ for e in finish(OPENING, closing)] == ["Produced", "Ended"]
