"""Live: a pipeline that knows nothing of us, recorded by Prefect's plug-in."""

import pytest


@pytest.fixture(scope="module", params=["plug-in alone", "plug-in and decorator"])
def recorded(request, run_scenario, prefect_server, tmp_path_factory):
    by_hand = {"BY_HAND": "1"} if "decorator" in request.param else {}
    folder = tmp_path_factory.mktemp("plain")
    return run_scenario("plain", folder, PREFECT_API_URL=prefect_server, PREFECT_PLUGINS_ENABLED="1", **by_hand)


def test_every_run_is_recorded_once(recorded):
    assert recorded.printed == {"plain": [3, 3, [2, 3], 4], "lab": 4}
    ends = [e.run for e in recorded.events if type(e).__name__ == "Ended"]
    assert len(ends) == len(set(ends)) == len(recorded.story.started) == 6 + 1 + 1 + 1
    assert recorded.statuses("plain") == ["completed"]
    assert recorded.statuses("add") == ["completed"] * 6


def test_methods_are_recorded_by_their_qualified_name(recorded):
    assert dict(recorded.start("Lab.measure").params)["n"] == 3


def test_the_users_exception_and_exit_code_stay(recorded):
    assert recorded.exit_code == 1
    assert "as the user wrote it" in recorded.output
    assert recorded.statuses("failing") == ["failed"]


def test_lignin_can_be_switched_off(run_scenario, prefect_server, tmp_path):
    recorded = run_scenario("plain", tmp_path, PREFECT_API_URL=prefect_server, PREFECT_PLUGINS_ENABLED="1", LIGNIN_PREFECT="off")
    assert recorded.printed["plain"] == [3, 3, [2, 3], 4]
    assert recorded.events == ()


def test_the_temporary_server_serves_as_well(run_scenario, tmp_path):
    recorded = run_scenario("plain", tmp_path, PREFECT_PLUGINS_ENABLED="1")
    assert recorded.printed["plain"] == [3, 3, [2, 3], 4]
    assert recorded.statuses("plain") == ["completed"]
    assert recorded.exit_code == 1
