"""Schedulers that a script makes itself. Prints a JSON line of what it has seen."""

import json
import os
import sys

from redun import File, Scheduler, task
from redun.backends.db import Job, RedunBackendDb
from redun.config import Config
from redun.scheduler import DryRunResult

import lignin as ln
from redun_lignin import ObservedScheduler, active_run, observe, setup

redun_namespace = "api"


@task()
def make(n: int) -> File:
    file = File(f"api-{n}.txt")
    file.write(str(n))
    return file


@task()
def far(folder: str) -> File:
    file = File(f"{folder}/far away, é.txt")
    file.write("outside of the working folder")
    return file


@task()
def whoami() -> list:
    return [str(active_run()), os.environ.get("LIGNIN_RUN")]


@task()
def shout(f: File) -> str:
    return f.read() + "!"


class OwnBackend(RedunBackendDb):
    pass


seen = {}
assert ln.step()(make) is make
scheduler = ObservedScheduler(config=Config({"backend": {"db_uri": "sqlite:///api.db"}}))
scheduler.load()
seen["list"] = [f.path for f in scheduler.run([make(1), make(2)])]
seen["within"] = scheduler.run(whoami())
seen["after"] = [str(active_run()), os.environ.get("LIGNIN_RUN")]
try:
    scheduler.run(shout(make(3)), dryrun=True)
except DryRunResult:
    seen["dryrun"] = True
seen["id"] = "11111111-2222-4333-8444-555555555555"
scheduler.run(shout(make(1)), execution_id=seen["id"])

(caller,) = [job for job in scheduler.backend.session.query(Job).filter_by(execution_id=seen["id"]) if job.task.name == "shout"]
extended = scheduler.extend_run(far(os.environ["FAR"]), parent_job_id=caller.id)
seen["extended"] = [caller.id, extended["job_id"], extended["result"].path]

memory = setup(Config({}))
seen["memory"] = [type(memory).__name__, memory.run(shout(make(4)))]
unclear = Config({"lignin": {"helpers": "sideways"}})
switched_off = Config({"lignin": {"enabled": "no"}})
seen["off"] = [type(s).__name__ for s in (setup(Config({}), lignin="off"), setup(unclear), setup(switched_off))]

own = ObservedScheduler(backend=observe(OwnBackend)(db_uri="sqlite:///own.db"))
own.load()
seen["own"] = [own.run(shout(make(5))), isinstance(own.backend, OwnBackend), observe(observe(OwnBackend)) is observe(OwnBackend)]
assert isinstance(own, Scheduler)
sys.stdout.write(json.dumps(seen) + "\n")
