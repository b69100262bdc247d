"""Zero code, live: a server that dies in the midst of a flow, and is there again later."""

import pytest


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("deserted")


@pytest.fixture(scope="module")
def recorded(run_scenario, start_server, home):
    with start_server(home) as (url, process):
        impatient = {"PREFECT_CLIENT_MAX_RETRIES": "0", "SERVER": str(process.pid)}
        return run_scenario("deserted", home, PREFECT_API_URL=url, PREFECT_PLUGINS_ENABLED="1", **impatient)


@pytest.fixture(scope="module")
def server_again(recorded, start_server, home):
    with start_server(home) as (url, process):
        yield url, process


def test_what_ran_is_recorded_though_nobody_else_has_heard_of_it(recorded):
    assert recorded.statuses("early") == ["completed"]
    assert recorded.statuses("late") == ["failed", "completed"]
    early, late = recorded.start("early").run, recorded.starts("late")[-1].run
    assert set(recorded.claims(early, written=True)) == {"early.txt"}
    assert set(recorded.claims(late, written=True)) == {"late.txt"}
    assert recorded.claims(late, written=False) == {"early.txt": "source"}
    assert {s.parent for s in recorded.starts("late")} == {recorded.start("deserted").run}


def test_a_reconcile_ends_what_prefect_has_as_running_for_ever(recorded, server_again, tell):
    story = tell(spool=recorded.spool, closing=True, target=server_again[0]).story()
    ends = {(story.started[run].name, run.attempt): end.status.value for run, end in story.ended.items()}
    assert ends == {("deserted", 1): "crashed", ("early", 1): "completed", ("late", 1): "failed", ("late", 2): "completed"}
    assert set(story.claims) >= set(recorded.story.claims)
    assert tell(spool=recorded.spool, closing=True, target=server_again[0]).story() == story


def test_exit_code_and_results_are_those_of_prefect_alone(recorded, server_again, run_scenario, home, tmp_path):
    url, process = server_again
    alone = {"PREFECT_CLIENT_MAX_RETRIES": "0", "SERVER": str(process.pid), "PREFECT_API_URL": url, "LIGNIN_PREFECT": "off"}
    plain = run_scenario("deserted", tmp_path, **alone)
    assert plain.events == ()
    assert (plain.exit_code, plain.printed) == (recorded.exit_code, recorded.printed)
    assert recorded.printed == {"late": "early and late"}
