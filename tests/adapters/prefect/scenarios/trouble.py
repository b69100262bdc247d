"""What goes wrong, comes back, or is undone."""

import contextlib
import json
import sys
import time

from prefect import runtime
from prefect.cache_policies import INPUTS
from prefect.transactions import transaction

from prefect_lignin import flow, task

TRIES = {"task": 0, "slow": 0, "flow": 0}


@task(retries=2)
def flaky():
    TRIES["task"] += 1
    if TRIES["task"] < 3:
        raise ValueError(f"try {TRIES['task']}")


@task(retries=1, retry_delay_seconds=0.05)
def flaky_later():
    TRIES["slow"] += 1
    if TRIES["slow"] < 2:
        raise ValueError("again")


@task
def bad():
    raise ValueError("bad, token='abcdefgh1234'")


@task
def fine(x=1):
    return x


@task(timeout_seconds=0.1)
def slow():
    time.sleep(1)


@task(cache_policy=INPUTS, persist_result=True)
def cached(x):
    return x * 2


@task
def numbers():
    yield from range(5)


@task
def leaves():
    sys.exit(7)


@flow(retries=1)
def retried():
    TRIES["flow"] += 1
    fine(TRIES["flow"])
    if TRIES["flow"] < 2:
        raise RuntimeError("once more")
    return runtime.flow_run.run_count


@flow
def failing():
    flaky()
    flaky_later()
    upstream = bad.submit()
    fine.submit(upstream).wait()
    with contextlib.suppress(TimeoutError):
        slow()
    raise RuntimeError("the flow failed")


@flow
def undone():
    try:
        with transaction():
            fine("undone")
            bad()
    except ValueError:
        pass
    for _ in numbers():
        break


@flow
def caching(x):
    return [cached(x), cached(x)]


@flow
def invalid(n: int):
    return n


@flow
def crashing():
    leaves()


if __name__ == "__main__":
    printed = {"retried": retried()}
    for function, arguments in ((failing, ()), (invalid, ("no number",))):
        try:
            function(*arguments)
        except Exception as e:  # the scenario says what reached the user
            printed[function.__name__] = type(e).__name__
    undone()
    printed["caching"] = caching(int(time.time()))
    print(json.dumps(printed))
    sys.stdout.flush()
    crashing()
