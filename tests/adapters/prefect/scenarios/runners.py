"""Plain Prefect on task runners with processes of their own: Dask's and a pool. Nothing here knows of Lignin."""

import asyncio
import json
from pathlib import Path

from dask.distributed import LocalCluster
from prefect import flow, task, unmapped
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner
from prefect_dask import DaskTaskRunner


@task
def add(x, y=1):
    return x + y


@task(retries=1)
def write(name: str, size, folder: Path) -> Path:
    tried = folder / f"{name}.tried"
    if not tried.exists():
        tried.touch()
        raise RuntimeError("the disk hiccups")
    target = folder / f"{name}.txt"
    target.write_text("x" * size)
    return target


@task
def length(path: Path):
    return len(path.read_text())


@task
async def add_later(x):
    return x + 1


def body(folder: Path):
    first = add.submit(1)
    path = write.submit(folder.name, first, folder)
    mapped = add.map([1, first], y=unmapped(5))
    return [length.submit(path).result(), [m.result() for m in mapped], add_later.submit(first).result()]


@flow
def threads(folder: Path):
    return body(folder)


@flow
def processes(folder: Path):
    return body(folder)


@flow
def cluster(folder: Path):
    return body(folder)


@flow
async def later(folder: Path):
    return await asyncio.to_thread(lambda: None) or body(folder)


if __name__ == "__main__":
    printed = {}
    with LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as dask:
        runners = {
            threads: ThreadPoolTaskRunner(max_workers=2),
            processes: ProcessPoolTaskRunner(max_workers=1),
            cluster: DaskTaskRunner(address=dask.scheduler_address),
        }
        for each, runner in runners.items():
            folder = Path(each.fn.__name__)
            folder.mkdir()
            printed[folder.name] = each.with_options(task_runner=runner)(folder)
    Path("later").mkdir()
    printed["later"] = asyncio.run(later(Path("later")))
    print(json.dumps(printed))
