"""Hooks on real Flow and Task objects, without running them."""

import importlib.util
import inspect
import pickle

import cloudpickle
import pytest
from prefect import Flow, Task
from prefect import flow as plain_flow
from prefect import task as plain_task

from prefect_lignin import flow, instrument, task
from prefect_lignin.function_code import code_of

FLOW_HOOKS = ("on_running_hooks", "on_completion_hooks", "on_failure_hooks", "on_crashed_hooks", "on_cancellation_hooks")
TASK_HOOKS = ("on_running_hooks", "on_completion_hooks", "on_failure_hooks", "on_rollback_hooks")


def work(x: int = 1) -> int:
    """Work."""
    return x


def noted(*_):
    return None


def test_the_same_object_comes_back():
    for thing in (plain_flow(work), plain_task(work)):
        assert instrument(thing) is thing


@pytest.mark.parametrize("make", [lambda: flow(work), lambda: flow(name="n")(work), lambda: flow()(work)])
def test_a_flow_of_ours_is_a_flow_of_prefect(make):
    made = make()
    assert type(made) is Flow
    assert all(hasattr(made, name) for name in ("serve", "deploy", "with_options"))
    assert made.fn is work


@pytest.mark.parametrize("make", [lambda: task(work), lambda: task(name="n")(work), lambda: task()(work)])
def test_a_task_of_ours_is_a_task_of_prefect(make):
    made = make()
    assert type(made) is Task
    assert all(hasattr(made, name) for name in ("submit", "map", "with_options", "delay"))


@pytest.mark.parametrize(("made", "names"), [(plain_flow(work), FLOW_HOOKS), (plain_task(work), TASK_HOOKS)])
def test_instrumenting_twice_adds_each_hook_once(made, names):
    instrument(instrument(made))
    assert [len(getattr(made, name)) for name in names] == [1] * len(names)


def test_a_list_that_the_user_shares_is_left_alone():
    shared = [noted]
    one, two = flow(work, on_completion=shared, on_failure=shared), task(work, on_completion=shared)
    assert shared == [noted]
    assert one.on_completion_hooks[-1] is two.on_completion_hooks[-1] is noted
    assert len(one.on_failure_hooks) == 2


def test_a_copy_is_instrumented_once():
    copy = flow(work).with_options(name="copy", on_failure=[noted])
    assert [len(getattr(copy, name)) for name in FLOW_HOOKS] == [1] * len(FLOW_HOOKS)
    assert len(instrument(copy).on_failure_hooks) == 2


def test_another_copy_of_our_module_adds_nothing():
    made = flow(work)
    spec = importlib.util.find_spec("prefect_lignin.hook")
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    again.instrument(made)
    assert [len(getattr(made, name)) for name in FLOW_HOOKS] == [1] * len(FLOW_HOOKS)


def test_hooks_have_the_parameter_names_that_the_runner_calls():
    for made, names, own in ((flow(work), FLOW_HOOKS, ["flow", "flow_run", "state"]), (task(work), TASK_HOOKS[:3], ["task", "task_run", "state"])):
        for name in names:
            assert list(inspect.signature(getattr(made, name)[0]).parameters) == own


def test_a_function_that_is_pickled_by_value_keeps_its_code():
    namespace = {"__name__": "__main__"}
    exec("def inner(x):\n    return x\n", namespace)
    made = task(namespace["inner"])
    here = code_of(made.fn, kind="task")
    again = pickle.loads(cloudpickle.dumps(made))
    assert code_of(again.fn, kind="task") == here
