"""Deployments in plain Prefect: one is served by a runner, one is run by a worker; each run has a process of its own.

The runs complete, are killed, or are cancelled. Nothing here knows of Lignin.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from prefect import flow, get_client, task
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.deployments import run_deployment
from prefect.states import Cancelling

# A worker asks for the ends of others as a runner does, so that one way suffices.
ORDERS = {"served": ("complete", "die", "cancel"), "worked": ("complete", "cancel")}


@task
def work(n):
    return n + 1


@task
def wait(place: Path):
    place.write_text("waiting")
    time.sleep(600)


@flow
def job(how: str, place: Path):
    results = [work(1), work.submit(2).result(), *work.map([3, 4]).result()]
    if how == "die":
        os.kill(os.getpid(), 9)
    if how == "cancel":
        wait(place)
    return results


def until(condition):
    end = time.monotonic() + 600
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.3)
    raise TimeoutError("nothing happened")


def order(name, ways):
    """Have a deployment run in each way, and wait for the ends."""
    runs, places = {}, {how: Path(f"{name}-{how}").absolute() for how in ways}
    with get_client(sync_client=True) as client:
        until(lambda: name in {deployment.name for deployment in client.read_deployments()})
        for how, place in places.items():
            runs[how] = run_deployment(f"job/{name}", parameters={"how": how, "place": str(place)}, timeout=0, as_subflow=False).id
        until(places["cancel"].exists)
        client.set_flow_run_state(runs["cancel"], Cancelling())
        wanted = {"complete": StateType.COMPLETED, "die": StateType.CRASHED, "cancel": StateType.CANCELLED}
        until(lambda: all(client.read_flow_run(own).state.type is wanted[how] for how, own in runs.items()))


def order_all(worker):
    try:
        threads = [threading.Thread(target=order, args=item) for item in ORDERS.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        worker.terminate()
        worker.wait()
        os.kill(os.getpid(), 15)


if __name__ == "__main__":
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="machine", type="process"), overwrite=True)
    deployable = flow.from_source(source=str(Path(__file__).parent), entrypoint="deployed.py:job")
    deployable.deploy(name="worked", work_pool_name="machine", print_next_steps=False, ignore_warnings=True)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "machine", "--name", "one"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as worker:
        threading.Thread(target=order_all, args=(worker,), daemon=True).start()
        job.serve(name="served", print_starting_message=False)
