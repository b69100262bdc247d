"""Zero code, live: the user's own OpenTelemetry stays what it is, and so does our record."""

import pytest


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_tracer_provider_of_the_users_gets_every_span_and_we_get_every_run(when, run_scenario, prefect_server, tmp_path):
    traced = {"WHEN": when, "PREFECT_API_URL": prefect_server}
    recorded = run_scenario("traced", tmp_path, PREFECT_PLUGINS_ENABLED="1", **traced)
    spans = {"flow": 2, "task": 2, "mine": 1}
    assert recorded.exit_code == 0, recorded.output
    assert recorded.printed == {"result": [2, 5], "provider": "Provider", "begun": spans, "ended": spans}
    assert run_scenario("traced", tmp_path, **traced).printed == recorded.printed
    assert recorded.statuses("traced") == recorded.statuses("inner") == ["completed"]
    assert recorded.statuses("add") == ["completed", "failed", "completed"]
