"""Runs of functions that are left and entered again: coroutines, generators, threads and forks."""

import asyncio
import gc
import inspect
import os
import threading

import pytest

from lignin.base.context import current_run_uid
from lignin.tracking import flow, step

UID = "Pugv6wbg8DIZ"


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
