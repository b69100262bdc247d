"""Workflows that end badly, or late."""

import os
import time
from pathlib import Path

from redun import File, task

redun_namespace = "trouble"


def wait_for(name: str) -> None:
    end = time.monotonic() + 60
    while not Path(name).exists() and time.monotonic() < end:
        time.sleep(0.02)


@task()
def first() -> File:
    file = File("first.txt")
    file.write("first")
    return file


@task()
def slow(f: File, until: str) -> str:
    Path("slow-began").touch()
    wait_for(until)
    return f.read()


@task()
def boom(f: File) -> str:
    wait_for("slow-began")
    raise RuntimeError("boom, with token=abcdefgh12345678")


@task()
def failing() -> list:
    f = first()
    # The scheduler waits for its threads before it says that it has failed.
    return [slow(f, "slow-began"), slow(f, "failed"), boom(f)]


@task()
def waiting() -> str:
    return slow(first(), "never")


@task()
def outer() -> File:
    return first()


@task()
def resumed() -> list:
    return [outer(), maybe(first())]


@task(cache=False)
def maybe(f: File) -> str:
    Path("slow-began").touch()
    if os.environ.get("HANG"):
        wait_for("never")
    return f.read()
