"""Flows and tasks as people write them, through the drop-in decorators."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from prefect import flow as plain_flow
from prefect import task as plain_task
from prefect import unmapped
from prefect.task_runners import ProcessPoolTaskRunner
from pydantic import SecretStr

from prefect_lignin import active_run, flow, instrument, task

SEEN = {}
KEY = SecretStr("hunter3")


@task
def add(x, y=1):
    SEEN.setdefault("add", str(active_run()))
    return x + y


@task(name="twice")
def double(x):
    """Double a number."""
    return x * 2


@task
def nest(x):
    return add(x) + 1


@task
def counting(n):
    yield from range(n)


@task
async def add_later(x):
    await asyncio.sleep(0)
    return x + 1


@flow
def inner(z):
    SEEN["inner"] = str(active_run())
    return double(z)


@task
def through_flow(z):
    return inner_from_task(z)


@flow
def inner_from_task(z):
    return double(z)


@flow(name="The whole", flow_run_name="whole-{n}")
def whole(n: int = 2, label: str = "x", password: str = "hunter2", key: SecretStr = KEY):
    SEEN["whole"] = str(active_run())
    a = add.submit(n)
    b = add.submit(a, y=a)
    mapped = add.map([1, 2], y=unmapped(3))
    return [
        b.result(),
        [m.result() for m in mapped],
        nest(1),
        list(counting(2)),
        inner(b),
        through_flow(1),
        add.with_options(name="other", on_completion=[noted])(5),
    ]


def noted(task, task_run, state):
    SEEN["noted"] = state.name


@flow
async def later(n: int = 1):
    first = await add_later(n)
    futures = [add_later.submit(i) for i in range(2)]
    return [first, *(f.result() for f in futures)]


@flow
def generating(n: int = 2):
    for i in range(n):
        yield add(i)


@flow
def again(n):
    return add.submit(n).result()


@plain_task
def silent(x):
    return x


@plain_task
def asks(x):
    SEEN["asks"] = str(active_run())
    return silent(x)


@plain_flow
def asking(n: int):
    return asks(n)


@flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
def pooled():
    return [f.result() for f in double.map([1, 2])]


if __name__ == "__main__":
    instrument(instrument(whole))
    printed = {"before": active_run(), "whole": whole("3"), "later": asyncio.run(later(2)), "generating": list(generating(2))}
    with ThreadPoolExecutor(2) as pool:
        printed["again"] = [again(1), *pool.map(again, [2, 3])]
    printed["pooled"] = pooled()
    printed["asking"] = asking("1")
    printed["renamed"] = whole.with_options(name="Other").name
    printed["bare"] = double(4)
    print(json.dumps(printed | {"seen": SEEN}))
