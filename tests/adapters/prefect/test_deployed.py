"""Zero code, live: deployments that a runner serves and that a worker runs, to their good or bad end."""

import pytest


@pytest.fixture(scope="module")
def recorded(run_scenario, prefect_server, tmp_path_factory):
    often = {"PREFECT_RUNNER_POLL_FREQUENCY": "1", "PREFECT_WORKER_QUERY_SECONDS": "1"}
    folder = tmp_path_factory.mktemp("deployed")
    return run_scenario("deployed", folder, PREFECT_API_URL=prefect_server, PREFECT_PLUGINS_ENABLED="1", **often)


def job(story, name, how):
    """The start of the run that was ordered so, of the deployment whose place for it is named after both."""
    (found,) = (s for s in story.started.values() if s.params.get("how") == how and s.params["place"].endswith(f"/{name}-{how}"))
    return found


def test_runs_in_processes_of_their_own_are_recorded_with_all_their_tasks(recorded):
    for name, how in (("served", "complete"), ("served", "die"), ("served", "cancel"), ("worked", "complete"), ("worked", "cancel")):
        start = job(recorded.story, name, how)
        assert start.info["deployment_id"]
        assert start.environment["python"]
        tasks = [s for s in recorded.starts("work") if s.parent == start.run]
        assert sorted(s.params["n"] for s in tasks) == [1, 2, 3, 4]
        assert {recorded.story.ended[s.run].status.value for s in tasks} == {"completed"}


def test_a_run_that_was_killed_is_told_by_the_process_that_served_it(recorded):
    end = recorded.story.ended[job(recorded.story, "served", "die").run]
    assert end.status.value == "crashed"
    assert "SIGKILL" in end.error


def test_a_run_that_was_cancelled_is_told_by_the_process_that_served_it(recorded):
    assert recorded.story.ended[job(recorded.story, "served", "cancel").run].status.value == "cancelled"
    assert recorded.statuses("wait") == ["crashed", "crashed"]
    waiting = {s.run for s in recorded.starts("wait")}
    told = [type(e).__name__ for e in recorded.events if e.run in waiting]
    assert sorted(told) == ["Ended", "Ended", "Started", "Started"], "Prefect calls the hook once more as the signal arrives"


def test_an_import_ends_what_the_worker_did_not_tell(recorded, tell):
    story = tell(spool=recorded.spool).story()
    ends = {(name, how): story.ended[job(story, name, how).run].status.value for name, how in (("served", "die"), ("served", "cancel"), ("worked", "cancel"))}
    assert ends == {("served", "die"): "crashed", ("served", "cancel"): "cancelled", ("worked", "cancel"): "cancelled"}
    assert {run for run in recorded.story.started if run not in story.ended} == set()
