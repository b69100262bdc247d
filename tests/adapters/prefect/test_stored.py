"""Zero code, live: results that Prefect keeps in a folder or in a block's storage, and the files that they name."""

import pytest

CASES = ("storing", "blocked", "by_state")


@pytest.fixture(scope="module")
def both(run_scenario, prefect_server, tmp_path_factory):
    """What the process that computed told, then what one told that found the results; both in one folder."""
    folder = tmp_path_factory.mktemp("stored")
    place = {"PREFECT_API_URL": prefect_server, "PREFECT_LOCAL_STORAGE_PATH": str(folder / "results"), "PREFECT_PLUGINS_ENABLED": "1"}
    first = run_scenario("stored", folder, FIRST="1", **place)
    assert (first.exit_code, first.printed["computed"]) == (0, ["one", "three", "seven", "three"]), first.output
    second = run_scenario("stored", folder, **place)
    assert (second.exit_code, second.printed) == (0, {"folder": 3, "block": 5, "state": 5, "computed": []}), second.output
    return first, second


def makers(recorded, flow):
    """The runs of the task in a flow, oldest first."""
    parents = {s.run for s in recorded.story.started.values() if s.info.get("flow") == flow.replace("_", "-")}
    return [s for s in recorded.starts("made") if s.parent in parents]


@pytest.mark.parametrize("flow", CASES)
def test_a_kept_result_points_at_the_run_that_computed_it_wherever_it_is_kept(both, flow):
    computed, *_, cached = makers(both[1], flow)
    end = both[1].story.ended[cached.run]
    assert (end.status.value, end.reused) == ("cached", computed.run)
    assert cached.info["result"] == computed.info["result"]


def test_the_same_place_in_two_storages_is_two_results(both):
    computed, cached = makers(both[0], "blocked")
    assert both[0].story.ended[cached.run].reused == computed.run
    (elsewhere,) = makers(both[0], "other")
    assert elsewhere.info["result"] == computed.info["result"]
    assert both[0].statuses("made").count("completed") == 4


@pytest.mark.parametrize("flow", CASES)
def test_a_file_that_a_kept_result_names_was_made_by_who_computed_and_is_read_by_who_gets_it(both, flow):
    computed, *_, cached = makers(both[1], flow)
    (name,) = both[1].claims(computed.run, written=True)
    assert both[1].claims(cached.run, written=True) == {}
    readers = [s for s in both[1].starts("length") if s.parent == cached.parent]
    assert [both[1].claims(s.run, written=False) for s in readers] == [{name: "found"}]


def test_an_import_tells_the_same_origins(both, tell_all):
    wanted = {s.run: both[1].story.ended[s.run].reused for flow in CASES for s in makers(both[1], flow)}
    story = tell_all(both[1].story.started)
    assert {run: story.ended[run].reused for run in wanted} == wanted
