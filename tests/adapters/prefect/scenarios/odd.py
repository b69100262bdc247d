"""Odd but lawful: a notebook's cells, frames as parameters, a task of a class, a user's own exit from a task."""

import json
import os
import sys

import opentelemetry.trace
import pandas as pd
from IPython.core.interactiveshell import InteractiveShell
from prefect import flow, task

CELL = """
from prefect import flow, task

@task
def cell_task(x):
    return x + 1

@flow
def cell_flow(x: int):
    return cell_task(x)

result = cell_flow(2)
"""


@task
def rows(table, label):
    return len(table)


@flow(log_prints=True)
def framed(table: pd.DataFrame, label: str = "x"):
    print("a line of the user's")
    return [rows(table, label), rows.submit(table, label).result()]


@task
def done(x):
    return x


@task
def unfinished(x):
    os._exit(x)


@flow
def exiting(x: int):
    done(x)
    unfinished(x)


if __name__ == "__main__":
    shell = InteractiveShell.instance(history_length=0)
    shell.run_cell(CELL)
    printed = {"cell": shell.user_ns["result"], "framed": framed(pd.DataFrame({"a": [1, 2, 3]}))}
    printed["tracer"] = type(opentelemetry.trace.get_tracer_provider()).__name__
    sys.stdout.write(json.dumps(printed) + "\n")
    sys.stdout.flush()
    exiting(9)
