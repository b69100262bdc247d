"""Live: flows and tasks of every kind, through the drop-in decorators."""

import pytest

from lignin.recording import RunKey, Started


@pytest.fixture(scope="module")
def recorded(everyday):
    return everyday


def test_results_are_what_prefect_alone_gives(recorded):
    assert recorded.exit_code == 0, recorded.output
    assert recorded.printed["whole"] == [8, [4, 5], 3, [0, 1], 16, 2, 6]
    assert recorded.printed["later"] == [3, 1, 2]
    assert recorded.printed["generating"] == [1, 2]
    assert sorted(recorded.printed["again"]) == [2, 3, 4]
    assert recorded.printed["pooled"] == [2, 4]
    assert recorded.printed["bare"] == 8


def test_each_run_is_told_once_and_has_ended_well(recorded):
    story = recorded.story
    assert {e.status.value for e in story.ended.values()} == {"completed"}
    assert set(story.ended) == set(story.started)
    ends = [e.run for e in recorded.events if type(e).__name__ == "Ended"]
    assert len(ends) == len(set(ends)), "instrumented twice, recorded once"
    assert len(recorded.starts("add")) == 4 + 1 + 1 + 2 + 3


def test_a_workflow_has_its_names_its_code_and_its_environment(recorded):
    whole = recorded.start("whole")
    assert whole.name == "whole-3"
    assert whole.info["flow"] == "The whole"
    assert whole.parent is None
    assert whole.code.kind == "workflow"
    assert whole.code.source.startswith('@flow(name="The whole"')
    assert set(whole.environment) == {"python", "prefect", "platform", "host"}


def test_a_task_has_its_own_source_and_the_line_that_says_what_it_does(recorded):
    double = recorded.starts("double")[0]
    assert (double.code.kind, double.code.description) == ("task", "Double a number.")
    assert '@task(name="twice")\ndef double(x):' in double.code.source
    assert double.environment == {}


def test_parameters_are_coerced_complete_and_without_secrets(recorded):
    assert recorded.start("whole").params == {"n": 3, "label": "x", "password": "***", "key": "***"}
    everything = "".join(repr(e) for e in recorded.events if isinstance(e, Started) and not e.code.key.endswith("::whole"))
    assert "hunter" not in everything


def test_futures_are_resolved_in_parameters(recorded):
    params = [dict(s.params) for s in recorded.starts("add")]
    assert {"x": 4, "y": 4} in params
    assert {"x": 1, "y": 3} in params
    assert dict(recorded.start("inner").params) == {"z": 8}


def test_children_hang_below_who_called_them(recorded):
    whole, nest, inner, through = (recorded.start(n).run for n in ("whole", "nest", "inner", "through_flow"))
    assert recorded.start("nest").parent == whole
    assert [s.parent for s in recorded.starts("add")].count(nest) == 1
    assert recorded.start("inner").parent == whole
    assert recorded.start("inner_from_task").parent == through
    parents = [s.parent for s in recorded.starts("double")]
    assert inner in parents
    assert recorded.start("inner_from_task").run in parents


def test_code_inside_a_run_can_ask_which_run_it_is_in(recorded):
    seen = {name: RunKey.parse(text) for name, text in recorded.printed["seen"].items() if name != "noted"}
    assert recorded.printed["before"] is None
    assert seen["whole"] == recorded.start("whole").run
    assert seen["inner"] == recorded.start("inner").run
    assert seen["add"] in [s.run for s in recorded.starts("add")]


def test_code_that_asks_has_its_run_and_that_runs_flow_recorded(recorded):
    asks = recorded.start("asks")
    assert recorded.printed["asking"] == 1
    assert RunKey.parse(recorded.printed["seen"]["asks"]) == asks.run
    assert asks.parent == recorded.start("asking").run
    assert recorded.start("asking").params == {"n": 1}
    assert recorded.starts("silent") == []


def test_async_flows_and_generators_are_recorded(recorded):
    later, generating = recorded.start("later").run, recorded.start("generating").run
    assert [s.parent for s in recorded.starts("add_later")] == [later] * 3
    assert [s.parent for s in recorded.starts("add")].count(generating) == 2
    assert recorded.statuses("counting") == ["completed"]


def test_the_same_flow_twice_and_at_once_is_as_many_runs(recorded):
    again = recorded.starts("again")
    assert sorted(s.params["n"] for s in again) == [1, 2, 3]
    parents = [s.parent for s in recorded.starts("add")]
    assert all(parents.count(s.run) == 1 for s in again)


def test_tasks_in_other_processes_have_the_same_code_and_parent(recorded):
    pooled = recorded.start("pooled").run
    children = [s for s in recorded.starts("double") if s.parent == pooled]
    assert sorted(s.params["x"] for s in children) == [1, 2]
    assert {s.code for s in recorded.starts("double")} == {children[0].code}


def test_a_task_outside_of_flows_is_a_run_without_a_parent(recorded):
    assert [s.params["x"] for s in recorded.starts("double") if s.parent is None] == [4]


def test_a_copy_with_other_hooks_is_recorded_and_keeps_the_users_hook(recorded):
    (copy,) = (s for s in recorded.starts("add") if s.info["task"] == "other")
    assert recorded.story.ended[copy.run].status.value == "completed"
    assert recorded.printed["seen"]["noted"] == "Completed"
    assert recorded.printed["renamed"] == "Other"
