"""Zero code, live: a notebook's flows, frames as parameters, a process that leaves without a word; without a home."""

import pytest


@pytest.fixture(scope="module")
def recorded(run_scenario, prefect_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    nowhere = {"HOME": "/nonexistent", "IPYTHONDIR": str(folder / "ipython")}
    return run_scenario("odd", folder, PREFECT_API_URL=prefect_server, PREFECT_PLUGINS_ENABLED="1", **nowhere)


def test_results_and_exit_code_are_the_users(recorded):
    assert (recorded.exit_code, recorded.printed["cell"], recorded.printed["framed"]) == (9, 3, [3, 3]), recorded.output
    assert recorded.output.count("a line of the user's") <= 2
    assert "lignin" not in recorded.output


def test_flows_and_tasks_of_a_notebook_have_the_source_of_their_cell(recorded):
    flow, task = recorded.start("cell_flow"), recorded.start("cell_task")
    assert task.parent == flow.run
    assert flow.code.source.startswith("@flow\ndef cell_flow(x: int):")
    assert (task.code.key, task.params) == ("__main__::cell_task", {"x": 2})


def test_a_frame_is_told_by_its_kind_and_shape(recorded):
    assert recorded.start("framed").params == {"table": "<DataFrame 3 x 1>", "label": "x"}
    assert [s.params["table"] for s in recorded.starts("rows")] == ["<DataFrame 3 x 1>"] * 2


def test_nobody_has_taken_the_place_of_the_users_tracer(recorded):
    assert recorded.printed["tracer"] == "ProxyTracerProvider"


def test_what_left_without_a_word_is_told_as_far_as_it_came_and_closed_by_reconcile(recorded, tell):
    assert [recorded.statuses(name) for name in ("exiting", "done", "unfinished")] == [["open"], ["completed"], ["open"]]
    story = tell(spool=recorded.spool, closing=True).story()
    ends = {name: story.ended[recorded.start(name).run].status.value for name in ("exiting", "done", "unfinished")}
    assert ends == {"exiting": "crashed", "done": "completed", "unfinished": "crashed"}
