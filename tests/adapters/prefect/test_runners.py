"""Zero code, live: task runners with threads, with processes, and on a Dask cluster."""

import pytest

FLOWS = ["threads", "processes", "cluster", "later"]


@pytest.fixture(scope="module")
def recorded(run_scenario, prefect_server, tmp_path_factory):
    return run_scenario("runners", tmp_path_factory.mktemp("runners"), PREFECT_API_URL=prefect_server, PREFECT_PLUGINS_ENABLED="1")


@pytest.fixture(params=FLOWS)
def flow(recorded, request):
    assert recorded.exit_code == 0, recorded.output
    return recorded.start(request.param).run


def below(recorded, flow, function):
    return [s for s in recorded.starts(function) if s.parent == flow]


def test_results_are_what_prefect_alone_gives(recorded):
    assert recorded.printed == {name: [2, [6, 7], 3] for name in FLOWS}, recorded.output


def test_each_task_is_one_run_with_futures_and_states_resolved(recorded, flow):
    added = below(recorded, flow, "add")
    assert sorted((s.params["x"], s.params["y"]) for s in added) == [(1, 1), (1, 5), (2, 5)]
    assert [s.params for s in below(recorded, flow, "add_later")] == [{"x": 2}]
    ends = [type(e).__name__ for e in recorded.events if e.run in {s.run for s in added}].count("Ended")
    assert ends == 3


def test_each_attempt_is_one_run(recorded, flow):
    tried = below(recorded, flow, "write")
    assert [(s.run.attempt, s.params["size"], recorded.story.ended[s.run].status.value) for s in tried] == [(1, 2, "failed"), (2, 2, "completed")]
    assert recorded.story.ended[tried[0].run].error == "RuntimeError: the disk hiccups"


def test_files_lead_from_task_to_task(recorded, flow):
    written, read = below(recorded, flow, "write")[-1].run, below(recorded, flow, "length")[0].run
    made = recorded.claims(written, written=True)
    assert len(made) == 1
    assert recorded.claims(read, written=False) == dict.fromkeys(made, "path")


def test_the_code_is_the_same_wherever_it_runs(recorded):
    for function in ("add", "write", "length", "add_later"):
        assert len({s.code for s in recorded.starts(function)}) == 1
        assert recorded.starts(function)[0].code.source
