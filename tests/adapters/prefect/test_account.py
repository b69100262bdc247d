"""Attempts, from what Prefect's API gives: payloads as the server sent them."""

from datetime import UTC, datetime, timedelta

import pytest

from lignin.recording import RunStatus
from prefect_lignin.account import Asset, Row, State, attempts, needs_states

BEGAN = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
FLOW = {
    "id": "136b1211", "name": "realistic-jaguar", "flow_id": "f0d466ba", "flow_version": "6dcd8d66ac509867f4ae2af061885528", "tags": ["b", "a"],
    "parameters": {"n": 1}, "parent_task_run_id": None, "deployment_id": None, "run_count": 1, "start_time": "2026-11-24T20:00:00Z",
}
TASK = {
    "id": "01a20f36", "name": "fine-cda", "flow_run_id": "136b1211", "task_key": "fine-bd208834", "dynamic_key": "cdaa2258", "tags": [], "run_count": 1,
    "flow_run_run_count": 2, "start_time": "2026-11-24T20:00:00Z", "task_inputs": {"x": [], "__parents__": [{"input_type": "task_run", "id": "01a20f37"}]},
}


def state(second, kind, name=None, message=None, data=None):
    at = (BEGAN + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")
    return {"type": kind, "name": name or kind.capitalize(), "timestamp": at, "message": message, "data": data, "state_details": {}}


def row(payload, last, **more):
    return Row.parse({**payload, "state": last, **more})


def told(payload, *states):
    """Number, status, error, and seconds of begin and end, of each attempt."""
    last = row(payload, states[-1], run_count=sum(s["type"] == "RUNNING" for s in states))
    assert needs_states(last)
    found = attempts(last, [State.parse(s) for s in reversed(states)])
    return [(a.number, a.status and a.status.value, a.error, (a.began - BEGAN).seconds, a.ended and (a.ended - BEGAN).seconds) for a in found]


def test_a_row_tells_the_only_attempt():
    (only,) = attempts(row(FLOW, state(5, "FAILED", message="Flow run encountered an exception: RuntimeError: no\nmore")))
    assert (only.number, only.status, only.error, only.began, only.ended) == (1, RunStatus.FAILED, "RuntimeError: no\nmore", BEGAN, BEGAN + timedelta(seconds=5))


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (state(1, "FAILED", message="Task run encountered an exception ValueError: bad"), "ValueError: bad"),
        (state(1, "FAILED", message="1/3 states failed."), "Failed: 1/3 states failed."),
        (state(1, "FAILED", "TimedOut", "Task run exceeded timeout of 0.1 second(s)"), "TimedOut: Task run exceeded timeout of 0.1 second(s)"),
        (state(1, "CRASHED", message="Execution was aborted by Python system exit call."), "Crashed: Execution was aborted by Python system exit call."),
        (state(1, "CANCELLED"), "Cancelled"),
        (state(1, "COMPLETED", message="All is well"), None),
    ],
)
def test_errors_are_worded_as_the_live_hooks_word_them(last, error):
    assert attempts(row(TASK, last))[0].error == error


def test_what_runs_is_open_and_what_never_ran_is_no_run():
    assert attempts(row(TASK, state(0, "RUNNING")))[0].status is None
    assert attempts(row(TASK, state(0, "PENDING", "NotReady"), run_count=0, start_time=None)) == ()
    assert attempts(row(FLOW, state(0, "SCHEDULED", "Late"), run_count=0, start_time=None)) == ()
    assert Row.parse({**FLOW, "state": None}) is None


def test_a_flow_that_could_not_begin_has_failed():
    (only,) = attempts(row(FLOW, state(3, "FAILED", message="Validation of flow parameters failed with error: TypeError: n"), run_count=0))
    assert (only.status, only.error, only.began, only.ended) == (RunStatus.FAILED, "TypeError: n", *[BEGAN + timedelta(seconds=3)] * 2)


def test_retries_now_and_later():
    now = (state(0, "PENDING"), state(1, "RUNNING"), state(2, "RUNNING", "Retrying"), state(3, "COMPLETED"))
    assert told(TASK, *now) == [(1, "failed", None, 1, 2), (2, "completed", None, 2, 3)]
    waits = state(2, "SCHEDULED", "AwaitingRetry", "Flow run encountered an exception: OSError: disk")
    assert told(FLOW, state(1, "RUNNING"), waits, state(3, "RUNNING"), state(4, "CRASHED")) == [(1, "failed", "OSError: disk", 1, 3), (2, "crashed", "Crashed", 3, 4)]
    assert told(FLOW, state(1, "RUNNING"), waits) == [(1, None, None, 1, None)]


def test_a_run_that_somebody_has_run_again():
    again = (state(1, "RUNNING"), state(2, "CRASHED"), state(3, "SCHEDULED"), state(4, "PENDING"), state(5, "RUNNING"), state(6, "COMPLETED"))
    assert told(FLOW, *again) == [(1, "crashed", "Crashed", 1, 2), (2, "completed", None, 5, 6)]


def test_a_pause_is_part_of_an_attempt_and_a_suspension_ends_it():
    paused = (state(1, "RUNNING"), state(2, "PAUSED"), state(3, "RUNNING"), state(4, "COMPLETED"))
    assert told(FLOW, *paused) == [(1, "completed", None, 1, 4)]
    suspended = (state(1, "RUNNING"), state(2, "PAUSED", "Suspended"), state(3, "SCHEDULED", "Resuming"), state(4, "RUNNING"), state(5, "COMPLETED"))
    assert told(FLOW, *suspended) == [(1, "cancelled", "Suspended", 1, 2), (2, "completed", None, 4, 5)]


def test_what_was_undone_after_its_end_is_rolled_back():
    last = row(TASK, state(2, "COMPLETED", "RolledBack", "Task rolled back as part of transaction"))
    assert (attempts(last)[0].status, attempts(last)[0].error) == (RunStatus.ROLLED_BACK, None)


def test_what_a_row_holds():
    kept = {"storage_key": "/results/a", "storage_block_id": None, "expiration": None}
    task = row(TASK, {**state(1, "COMPLETED", "Cached", data=kept), "state_details": {"child_flow_run_id": "84169427"}})
    assert (task.is_task, task.caller, task.flow_attempt, task.stands_for, task.state.place) == (True, "01a20f37", 2, "84169427", "/results/a")
    flow = row(FLOW, state(1, "COMPLETED", data=[{"a": 1}]))
    assert (flow.is_task, flow.tags, flow.params, flow.state.place) == (False, ("a", "b"), {"n": 1}, None)


def test_assets_are_of_task_runs():
    event = {
        "event": "prefect.asset.materialization.succeeded", "occurred": "2026-11-24T20:55:44.109144Z", "resource": {"prefect.resource.id": "s3://b/k"},
        "related": [{"prefect.resource.id": "prefect.task-run.01a20f57", "prefect.resource.role": "task-run"}],
    }
    assert (Asset.parse(event).key, Asset.parse(event).task_run_id, Asset.parse(event).is_made) == ("s3://b/k", "01a20f57", True)
    assert Asset.parse({**event, "event": "prefect.asset.materialization.failed"}) is None
    assert Asset.parse({**event, "related": []}) is None
