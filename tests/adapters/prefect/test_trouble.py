"""Live: retries, failures, crashes, caches and rollbacks."""

import pytest


@pytest.fixture(scope="module")
def recorded(trouble):
    return trouble


def errors(recorded, function):
    return [recorded.story.ended[s.run].error for s in recorded.starts(function)]


def test_exit_code_and_exceptions_reach_the_user_as_they_are(recorded):
    assert recorded.exit_code == 7, recorded.output
    assert recorded.printed["failing"] == "RuntimeError"
    assert recorded.printed["invalid"] == "ParameterTypeError"
    assert recorded.printed["retried"] == 2


def test_no_run_is_left_open(recorded):
    assert set(recorded.story.started) == set(recorded.story.ended)


def test_each_attempt_of_a_flow_is_a_run_with_its_own_tasks(recorded):
    first, second = recorded.starts("retried")
    assert first.run.id == second.run.id
    assert [first.run.attempt, second.run.attempt] == [1, 2]
    assert recorded.statuses("retried") == ["failed", "completed"]
    assert errors(recorded, "retried") == ["RuntimeError: once more", None]
    assert [s.parent for s in recorded.starts("fine")[:2]] == [first.run, second.run]


def test_each_attempt_of_a_task_is_a_run(recorded):
    assert [s.run.attempt for s in recorded.starts("flaky")] == [1, 2, 3]
    assert recorded.statuses("flaky") == ["failed", "failed", "completed"]
    assert errors(recorded, "flaky") == ["ValueError: try 1", "ValueError: try 2", None]
    assert recorded.statuses("flaky_later") == ["failed", "completed"]


def test_errors_are_told_without_secrets(recorded):
    assert errors(recorded, "bad")[0] == "ValueError: bad, token='***'"
    assert errors(recorded, "failing") == ["RuntimeError: the flow failed"]


def test_a_task_that_never_ran_is_no_run(recorded):
    failing = recorded.start("failing").run
    assert [s for s in recorded.starts("fine") if s.parent == failing] == []


def test_a_timeout_is_a_failure_that_says_so(recorded):
    assert recorded.statuses("slow") == ["failed"]
    assert errors(recorded, "slow")[0].startswith("TimedOut: ")


def test_parameters_that_do_not_fit_are_a_failed_run(recorded):
    assert recorded.statuses("invalid") == ["failed"]
    assert recorded.start("invalid").params == {"n": "no number"}


def test_what_a_transaction_undoes_is_rolled_back(recorded):
    undone = recorded.start("undone").run
    (fine,) = (s for s in recorded.starts("fine") if s.parent == undone)
    assert recorded.story.ended[fine.run].status.value == "rolled back"
    assert recorded.statuses("numbers") == ["rolled back"], "a generator that is closed early"


def test_a_cached_task_points_at_the_run_that_computed(recorded):
    computed, cached = recorded.starts("cached")
    assert recorded.statuses("cached") == ["completed", "cached"]
    assert recorded.story.ended[cached.run].reused == computed.run
    assert cached.info["result"] == computed.info["result"]


def test_a_crash_is_told_for_the_task_and_its_flow(recorded):
    assert recorded.statuses("leaves") == ["crashed"]
    assert errors(recorded, "leaves") == ["SystemExit: 7"]
    assert recorded.statuses("crashing") == ["crashed"]


def test_a_result_from_an_earlier_process_points_back_until_someone_else_computes_it(run_scenario, prefect_server, tmp_path):
    place = {"PREFECT_API_URL": prefect_server, "PREFECT_LOCAL_STORAGE_PATH": str(tmp_path / "results")}
    run_scenario("cache", tmp_path, **place)
    recorded = run_scenario("cache", tmp_path, **place)
    first, second = recorded.starts("kept")
    assert recorded.statuses("kept") == ["completed", "cached"]
    assert recorded.story.ended[second.run].reused == first.run
    (result,) = (tmp_path / "results").glob("*")
    result.write_bytes(result.read_bytes())
    recorded = run_scenario("cache", tmp_path, **place)
    third = recorded.starts("kept")[2]
    assert recorded.story.ended[third.run].status.value == "cached"
    assert recorded.story.ended[third.run].reused is None
