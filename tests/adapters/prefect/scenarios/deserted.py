"""A flow whose server dies in the midst of it. It goes on as far as Prefect lets it. Nothing here knows of Lignin."""

import json
import os
import signal
from pathlib import Path

from prefect import flow, task


@task
def early(place: Path) -> Path:
    place.write_text("early")
    return place


@task(retries=1)
def late(source: Path) -> Path:
    target = source.with_name("late.txt")
    if not target.exists():
        target.write_text("")
        raise RuntimeError("once more")
    target.write_text(source.read_text() + " and late")
    return target


@flow
def deserted(place: Path):
    source = early(place)
    os.killpg(int(os.environ["SERVER"]), signal.SIGKILL)
    return late.submit(source).result()


if __name__ == "__main__":
    Path("late.txt").unlink(missing_ok=True)
    try:
        deserted(Path("early.txt"))
    finally:
        print(json.dumps({"late": Path("late.txt").read_text()}), flush=True)
