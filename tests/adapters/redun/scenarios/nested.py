"""A scheduler inside of a job, which reads the same configuration and not our setup."""

from pathlib import Path

from redun import File, task
from redun.federated_tasks import federated_task
from redun.scheduler import subrun

redun_namespace = "nested"


@task()
def inner(n: int) -> File:
    file = File(f"inner-{n}.txt")
    file.write(str(n))
    return file


@task()
def middle(n: int) -> File:
    return inner(n)


@task()
def main() -> File:
    config = {"backend": {"db_uri": f"sqlite:///{Path('.redun/redun.db').absolute()}"}}
    return subrun(middle(1), executor="default", config=config)


@task()
def federated(where: str, n: int) -> File:
    return federated_task(where, n)
