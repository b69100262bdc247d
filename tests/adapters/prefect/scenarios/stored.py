"""Results that Prefect keeps, in a folder and in a block's storage, and that name files. Nothing here knows of Lignin."""

import json
import os
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.filesystems import LocalFileSystem

COMPUTED = []


@task(persist_result=True, cache_policy=INPUTS)
def made(name: str) -> dict[str, Path]:
    COMPUTED.append(name)
    path = Path(f"{name}.txt")
    path.write_text(name)
    return {"text": path}


@task
def length(found: dict[str, Path]):
    return len(found["text"].read_text())


@flow
def storing(name: str):
    return length(made(name))


@flow
def by_state(name: str):
    """Asks a state for its result, which another process may have kept."""
    return length(made(name, return_state=True).result())


if __name__ == "__main__":
    shelf = LocalFileSystem(basepath=str(Path("shelf").absolute()))
    if os.environ.get("FIRST"):
        shelf.save("shelf", overwrite=True)
    blocked = storing.with_options(name="blocked", result_storage=LocalFileSystem.load("shelf"))
    printed = {"folder": storing("one"), "block": blocked("three"), "state": by_state("seven")}
    if os.environ.get("FIRST"):
        # The same place in another storage.
        other = LocalFileSystem(basepath=str(Path("other").absolute()))
        other.save("other", overwrite=True)
        storing.with_options(name="other", result_storage=LocalFileSystem.load("other"))("three")
        printed["again"] = blocked("three")
    print(json.dumps(printed | {"computed": COMPUTED}))
