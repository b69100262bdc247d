"""A script that is killed in the midst of a task of a subflow."""

import os
import signal
from pathlib import Path

from prefect_lignin import flow, task


@task
def done(path: Path):
    path.write_text("done")
    return path


@task
def stuck():
    os.kill(os.getpid(), signal.SIGKILL)


@flow
def inside():
    stuck()


@flow
def killed(path: Path):
    done(path)
    inside()


if __name__ == "__main__":
    killed(Path("done.txt"))
