"""Workflows that end badly, or late."""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from redun import File, task

redun_namespace = "trouble"


def wait_for(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)


def has_failed() -> bool:
    with closing(sqlite3.connect(".redun/redun.db")) as connection:
        return bool(connection.execute("SELECT 1 FROM job WHERE parent_id IS NULL AND end_time IS NOT NULL").fetchall())


@task()
def first() -> File:
    file = File("first.txt")
    file.write("first")
    return file


@task()
def slow(f: File, until: str) -> str:
    Path("slow-began").touch()
    wait_for(has_failed if until == "failed" else Path(until).exists)
    return f.read()


@task()
def boom(f: File) -> str:
    wait_for(Path("slow-began").exists)
    raise RuntimeError("boom, with token=abcdefgh12345678")


@task()
def failing() -> list:
    f = first()
    return [slow(f, "failed"), boom(f)]


@task()
def waiting() -> str:
    return slow(first(), "never")


@task()
def outer() -> File:
    return first()


@task()
def resumed() -> str:
    return maybe(outer())


@task(cache=False)
def maybe(f: File) -> str:
    Path("slow-began").touch()
    if os.environ.get("HANG"):
        wait_for(Path("never").exists)
    return f.read()
