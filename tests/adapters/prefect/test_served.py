"""Live: a served deployment, whose runs get processes of their own, one of which is killed."""

import pytest


@pytest.fixture(scope="module")
def recorded(run_scenario, prefect_server, tmp_path_factory):
    return run_scenario("served", tmp_path_factory.mktemp("served"), PREFECT_API_URL=prefect_server)


def test_runs_in_other_processes_are_recorded(recorded):
    assert recorded.statuses("job")[0] == "completed"
    first = recorded.starts("job")[0]
    assert first.info["deployment_id"]
    assert [s.parent for s in recorded.starts("work")] == [s.run for s in recorded.starts("job")]


def test_a_run_that_was_killed_is_told_by_the_process_that_served_it(recorded):
    second = recorded.starts("job")[1]
    end = recorded.story.ended[second.run]
    assert end.status.value == "crashed"
    assert "SIGKILL" in end.error
