"""Flows and steps: kinds of functions, parameters, nesting, concurrency, and how they end."""

import asyncio
import functools

import pytest

from lignin.base.context import current_run_uid, set_process_run
from lignin.base.errors import LigninError, UsageError
from lignin.tracking import context, flow, step

UID = "Pugv6wbg8DIZ"


def test_a_flow_is_one_run_per_call_with_bound_arguments_and_defaults(keeper):
    @flow()
    def count(path, *more, minimum=20, **rest):
        return len(path)

    assert count("abc", "d", "e", extra=1.5) == 3
    assert count("ab") == 2
    first, second = keeper.runs
    assert first.told["params"] == {"path": "abc", "more": ["d", "e"], "minimum": 20, "extra": 1.5}
    assert second.told["params"] == {"path": "ab", "more": [], "minimum": 20}
    assert (first.status, second.status) == ("completed", "completed")
    assert first.told["entrypoint"].endswith("count")


@pytest.mark.parametrize("decorator", [flow, step, flow(), step(), flow(UID), step(UID)])
def test_both_decorators_work_with_and_without_brackets(keeper, decorator):
    @decorator
    def named():
        """Says its name."""
        return "named"

    assert named() == "named"
    assert (named.__name__, named.__doc__) == ("named", "Says its name.")
    assert len(keeper.runs) == 1


def test_the_code_of_a_function_is_its_own_source_under_its_own_key(keeper):
    @step()
    def normalise(x):
        """Bring to one scale.

        In detail.
        """
        return x

    normalise(1)
    code = keeper.runs[0].told["code"]
    assert code.kind == "function"
    assert code.key.endswith("test_decorate.py::test_the_code_of_a_function_is_its_own_source_under_its_own_key.normalise")
    assert "def normalise(x)" in code.source
    assert code.description == "Bring to one scale."


def test_a_given_uid_and_name_reach_the_run(keeper):
    @flow(UID, name="nightly", project="Plates")
    def work():
        return None

    work()
    told = keeper.runs[0].told
    assert (told["transform_uid"], told["name"], told["project"]) == (UID, "nightly", "Plates")


@pytest.mark.parametrize("uid", ["short", "has-dash-in-", "x" * 17])
def test_a_uid_that_is_none_is_refused_at_once(uid):
    with pytest.raises(UsageError, match="no uid"):
        flow(uid)(lambda: None)


@pytest.mark.parametrize("thing", [7, int])
def test_what_is_no_function_is_refused(thing):
    with pytest.raises(UsageError, match="goes over a function"):
        flow()(thing)


def test_an_unknown_global_run_is_refused():
    with pytest.raises(UsageError, match="'clear', 'memorize' or 'none'"):
        flow(global_run="all")


def test_steps_are_children_of_their_flow_and_of_each_other(keeper):
    @step
    def inner():
        return current_run_uid()

    @step
    def outer():
        return inner()

    @flow
    def whole():
        return outer(), current_run_uid()

    innermost, own = whole()
    top, middle, deepest = keeper.runs
    assert (top.told["parent"], middle.told["parent"], deepest.told["parent"]) == (None, top.uid, middle.uid)
    assert (innermost, own) == (deepest.uid, top.uid)
    assert current_run_uid() is None


def test_only_a_run_of_its_own_has_environment_and_command_line(keeper):
    @step
    def part():
        return None

    @flow
    def whole():
        part()

    whole()
    part()
    top, child, alone = keeper.runs
    assert "pytest==" in top.told["environment"]
    assert top.told["cli_args"]
    assert (child.told["environment"], child.told["cli_args"]) == (None, None)
    assert alone.told["environment"] == top.told["environment"]
    assert {"host", "pid"} <= set(child.info)


def test_a_step_with_no_run_around_it_is_a_run_of_its_own(keeper):
    step(lambda: None)()
    assert keeper.runs[0].told["parent"] is None


def test_a_run_handed_down_by_the_environment_is_the_parent(keeper, monkeypatch):
    monkeypatch.setenv("LIGNIN_PARENT", "snakemake:abc:workflow:1")
    step(lambda: None)()
    monkeypatch.setenv("LIGNIN_RUN", "snakemake:abc:7:1")
    step(lambda: None)()
    assert [run.told["parent"] for run in keeper.runs] == ["snakemake:abc:workflow:1", "snakemake:abc:7:1"]


def test_a_run_of_another_instance_is_no_parent(keeper, monkeypatch):
    monkeypatch.setenv("LIGNIN_RUN", f"{'r' * 16}@{'b' * 12}")
    step(lambda: None)()
    monkeypatch.setenv("LIGNIN_RUN", f"{'r' * 16}@{'a' * 12}")
    step(lambda: None)()
    assert [run.told["parent"] for run in keeper.runs] == [None, "r" * 16]


def test_the_context_knows_the_run_and_its_transform(keeper):
    @flow
    def whole():
        return context.run, context.transform, context.uid, context.key, repr(context)

    run, transform, uid, key, text = whole()
    assert run is keeper.runs[0]
    assert transform is run.transform
    assert (uid, key) == (transform.uid, transform.key)
    assert run.uid in text
    assert context.run is context.transform is context.uid is context.key is None
    assert "ln.track()" in repr(context)


def test_memorize_leaves_the_run_as_that_of_the_process(keeper):
    try:
        flow(global_run="memorize")(lambda: None)()
        assert context.run is keeper.runs[0]
        assert current_run_uid() == keeper.runs[0].uid
    finally:
        set_process_run(None)


# How a call ends


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (ValueError("no reads"), "failed", "ValueError: no reads"),
        (SystemExit(3), "failed", "exit code 3"),
        (SystemExit("no index"), "failed", "exit code 1: no index"),
        (SystemExit(0), "completed", None),
        (KeyboardInterrupt(), "cancelled", "KeyboardInterrupt"),
        (asyncio.CancelledError(), "cancelled", "CancelledError"),
        (ExceptionGroup("both", [ValueError("a"), KeyError("b")]), "failed", "both (2 sub-exceptions)"),
    ],
)
def test_an_exception_ends_the_run_and_passes_unchanged(keeper, error, status, text):
    @flow
    def work():
        raise error

    with pytest.raises(BaseException) as caught:
        work()
    assert caught.value is error
    run = keeper.runs[0]
    assert run.status == status
    assert (run.ended["error"] is None) if text is None else (text in run.ended["error"])
    assert current_run_uid() is None


def test_an_error_keeps_the_lines_where_it_arose_and_no_secret(keeper):
    @flow
    def work():
        raise RuntimeError("can't reach postgresql://me:hunter2@host/db")

    with pytest.raises(RuntimeError):
        work()
    error = keeper.runs[0].ended["error"]
    assert "test_decorate.py" in error
    assert "hunter2" not in error


def test_secrets_in_arguments_and_source_are_not_stored(keeper):
    @step
    def fetch(url, api_token, config):
        password = "tr0ub4dor"
        return bool(password)

    fetch("https://me:hunter2@host/x", api_token="abc123", config={"password": "pw1"})
    told = str(keeper.runs[0].told)
    assert not any(secret in told for secret in ("hunter2", "abc123", "pw1", "tr0ub4dor"))


def test_arguments_that_do_not_fit_are_the_functions_own_error_and_no_run(keeper):
    @flow
    def work(x):
        return x

    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        work()
    assert keeper.runs == []


def test_a_run_that_can_not_be_started_is_an_error_before_the_function_runs(keeper):
    keeper.broken = LigninError("no database")
    ran = []
    with pytest.raises(LigninError, match="no database"):
        flow(lambda: ran.append(1))()
    assert ran == []


def test_a_run_that_can_not_be_ended_does_not_lose_the_result(keeper, caplog):
    @flow
    def work():
        keeper.broken = OSError("disk full")
        return 42

    assert work() == 42
    assert keeper.runs[0].status == "running"


def test_a_run_that_can_not_be_ended_does_not_hide_the_users_error(keeper):
    @flow
    def work():
        keeper.broken = OSError("disk full")
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        work()


# Kinds of functions


def test_methods_class_methods_and_static_methods_are_recorded_without_their_object(keeper):
    class Plate:
        @step
        def read(self, well):
            return (type(self).__name__, well)

        @classmethod
        @step
        def of(cls, well):
            return (cls.__name__, well)

        @step
        @staticmethod
        def name(well):
            return well

    assert Plate().read("A1") == ("Plate", "A1")
    assert Plate.of("B2") == ("Plate", "B2")
    assert Plate.name("C3") == Plate().name("C3") == "C3"
    assert [run.told["params"] for run in keeper.runs] == [{"well": "A1"}, {"well": "B2"}, {"well": "C3"}, {"well": "C3"}]
    assert keeper.runs[0].told["name"].endswith("Plate.read")


def test_partials_and_built_ins_work(keeper):
    assert step(functools.partial(max, 3))(1, 7) == 7
    assert step(len)("abc") == 3
    assert len(keeper.runs) == 2


def test_a_function_without_source_is_told_apart_by_its_byte_code(keeper):
    made = {}
    for name, text in {"a": "def f(x): return x + 1", "b": "def f(x): return x + 2", "c": "def f(x): return x + 1"}.items():
        namespace = {}
        exec(text, namespace)
        step(namespace["f"])(1)
        made[name] = keeper.runs[-1].told["code"]
    assert made["a"].hash == made["c"].hash != made["b"].hash
    assert made["a"].source is None
