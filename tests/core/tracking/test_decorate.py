"""Flows and steps: kinds of functions, parameters, nesting, concurrency, and how they end."""

import asyncio
import functools
import gc
import inspect
import os
import threading

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


def test_a_coroutine_function_stays_one_and_is_current_while_it_waits(keeper):
    @flow
    async def fetch(n):
        await asyncio.sleep(0.01 * n)
        return current_run_uid()

    async def both():
        return await asyncio.gather(fetch(2), fetch(1))

    assert inspect.iscoroutinefunction(fetch)
    assert asyncio.run(both()) == [run.uid for run in keeper.runs]
    assert [run.status for run in keeper.runs] == ["completed", "completed"]


def test_a_cancelled_coroutine_is_cancelled(keeper):
    @step
    async def forever():
        await asyncio.sleep(60)

    async def main():
        task = asyncio.create_task(forever())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert keeper.runs[0].status == "cancelled"


def test_a_coroutine_that_is_thrown_away_is_cancelled(keeper):
    @step
    async def forever():
        await asyncio.sleep(60)

    coroutine = forever()

    async def main():
        # Runs until its first wait, and is then dropped in another context.
        coroutine.send(None)

    asyncio.run(main())
    coroutine.close()
    assert keeper.runs[0].status == "cancelled"
    assert current_run_uid() is None


def test_a_generator_is_current_only_while_its_own_code_runs(keeper):
    @step
    def numbers(n):
        sent = None
        for i in range(n):
            sent = yield (i, current_run_uid(), sent)
        return "end"

    assert inspect.isgeneratorfunction(numbers)
    generator = numbers(3)
    assert keeper.runs == []
    own = next(generator)[1]
    assert own == keeper.runs[0].uid
    assert current_run_uid() is None
    assert generator.send("x") == (1, own, "x")
    assert next(generator) == (2, own, None)
    assert keeper.runs[0].status == "running"
    with pytest.raises(StopIteration, match="end"):
        next(generator)
    assert keeper.runs[0].status == "completed"


def test_two_generators_in_turn_do_not_mix(keeper):
    @step
    def numbers():
        while True:
            yield current_run_uid()

    a, b = numbers(), numbers()
    assert [next(a), next(b), next(a), next(b)] == [keeper.runs[0].uid, keeper.runs[1].uid] * 2


def test_a_generator_that_is_closed_early_is_complete_and_says_so(keeper):
    cleaned = []

    @step
    def numbers():
        try:
            yield from range(10)
        finally:
            cleaned.append(current_run_uid())

    generator = numbers()
    next(generator)
    generator.close()
    run = keeper.runs[0]
    assert cleaned == [run.uid]
    assert (run.status, run.info["closed_early"]) == ("completed", True)


def test_an_exception_thrown_into_a_generator_reaches_its_code(keeper):
    @step
    def numbers():
        try:
            yield 1
        except KeyError:
            yield "caught"
        raise ValueError("after")

    generator = numbers()
    next(generator)
    assert generator.throw(KeyError("x")) == "caught"
    with pytest.raises(ValueError, match="after"):
        next(generator)
    assert keeper.runs[0].status == "failed"


def test_a_generator_that_fails_is_failed(keeper):
    @step
    def numbers():
        yield 1
        raise ValueError("two is too many")

    with pytest.raises(ValueError, match="too many"):
        list(numbers())
    assert keeper.runs[0].status == "failed"


def test_an_async_generator_behaves_the_same(keeper):
    @step
    async def numbers(n):
        for i in range(n):
            await asyncio.sleep(0)
            sent = yield (i, current_run_uid())
            if sent == "stop":
                raise ValueError("stopped")

    async def main():
        seen = []
        async for item in numbers(2):
            assert current_run_uid() is None
            seen.append(item)
        early = numbers(5)
        await anext(early)
        await early.aclose()
        failing = numbers(5)
        await anext(failing)
        with pytest.raises(ValueError, match="stopped"):
            await failing.asend("stop")
        thrown = numbers(5)
        await anext(thrown)
        with pytest.raises(KeyError):
            await thrown.athrow(KeyError("x"))
        return seen

    assert inspect.isasyncgenfunction(numbers)
    seen = asyncio.run(main())
    whole, early, _, _ = keeper.runs
    assert seen == [(0, whole.uid), (1, whole.uid)]
    assert [run.status for run in keeper.runs] == ["completed", "completed", "failed", "failed"]
    assert early.info["closed_early"] is True
    gc.collect()


def test_flows_in_threads_do_not_see_each_other(keeper):
    both_in = threading.Barrier(2)
    seen = {}

    @flow
    def work(name):
        both_in.wait(5)
        seen[name] = current_run_uid()
        both_in.wait(5)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {run.told["params"]["name"]: run.uid for run in keeper.runs} == seen
    assert {run.told["parent"] for run in keeper.runs} == {None}


def test_the_log_of_a_flow_is_its_own_also_side_by_side(keeper):
    both_in = threading.Barrier(2)

    @flow
    def work(name):
        both_in.wait(5)
        print(f"I am {name}")
        both_in.wait(5)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {run.told["params"]["name"]: run.ended["report"] for run in keeper.runs} == {"a": "I am a\n", "b": "I am b\n"}


def test_a_step_keeps_no_log_and_a_nested_flow_leaves_it_to_the_outer_one(keeper, capsys):
    @flow
    def inner():
        print("inside")

    @flow
    def outer():
        inner()

    outer()
    top, child = keeper.runs
    assert (top.ended["report"], child.ended["report"]) == ("inside\n", None)
    assert "inside" in capsys.readouterr().out


def test_a_forked_child_does_not_end_its_parents_run(keeper):
    @flow
    def work():
        child = os.fork()
        if child == 0:
            # The child's own copy of the wrapper ends here, as a worker's would.
            raise SystemExit(0)
        return os.waitpid(child, 0)[1]

    pid = os.getpid()
    try:
        status = work()
    except SystemExit:
        os._exit(0 if os.getpid() != pid and keeper.runs[0].status == "running" else 9)
    assert status == 0
    assert keeper.runs[0].status == "completed"
