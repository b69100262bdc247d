"""A deployment that is served; its runs get processes of their own."""

import os
import threading
import time

from prefect.deployments import run_deployment

from prefect_lignin import flow, task


@task
def work(n):
    return n + 1


@flow
def job(n: int = 1, die: bool = False):
    work(n)
    if die:
        os.kill(os.getpid(), 9)
    return n


def order():
    for die in (False, True):
        for _ in range(60):
            try:
                run_deployment("job/served", parameters={"die": die}, timeout=60, poll_interval=0.5, as_subflow=False)
                break
            except Exception:  # the deployment is not there yet
                time.sleep(0.5)
    time.sleep(3)
    os.kill(os.getpid(), 15)


if __name__ == "__main__":
    threading.Thread(target=order, daemon=True).start()
    job.serve(name="served", print_starting_message=False)
