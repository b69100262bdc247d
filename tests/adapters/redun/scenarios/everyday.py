"""A workflow with most of what redun's values and tasks can be."""

import asyncio
import os
from dataclasses import dataclass

from redun import Dir, File, catch, script, task
from redun.context import get_context
from redun.file import ContentFile
from redun.functools import flatten
from redun.tools import copy_file

redun_namespace = "everyday"
NOWHERE, HERE = File("no/such/file"), Dir(".")
WHO = get_context("who", "nobody")


@dataclass
class Pair:
    table: File
    count: int


@task(version="1", tags=[("team", "x")])
def make(n: int, tag: str = "d") -> File:
    file = File(f"out/{n}.txt")
    file.write(f"{n}{tag}\n")
    return file


@task()
def double(f: File, factor: int = 2, *, api_token: str = "") -> dict[str, File]:
    result = File(f.path + ".dbl")
    result.write(f.read() * factor)
    return {"dbl": result, "src": f}


@task(executor="process")
def measure(f: File) -> int:
    return len(f.read()) + 0 * os.getpid()


@task(cache=True, check_valid="shallow")
async def later(x: int) -> int:
    await asyncio.sleep(0.01)
    return x + 1


@task()
def gather(files: list[File]) -> Dir:
    for file in files:
        File("out/dir/" + os.path.basename(file.path)).write(file.read())
    return Dir("out/dir")


@task()
def shell(f: File, password: str) -> File:
    command = f"# {password}\ncat in.txt in.txt > out.txt"
    return script(command, inputs=[f.stage("in.txt"), File("static.txt").stage("still.txt")], outputs=File("out/script.txt").stage("out.txt"))


@task()
def pair(f: File, missing: File = NOWHERE, who=WHO) -> Pair:
    table = ContentFile("out/pair.txt")
    table.write("a pair")
    return Pair(table=table, count=1)


@task()
def unpack(p: Pair, where: str = "out/copy.txt") -> File:
    return copy_file(p.table, where)


@task()
def rewrite(f: File) -> File:
    # Another object: redun keeps arguments as they are when the task has ended.
    again = File(f.path)
    again.write(f.read() + "more\n")
    return again


@task()
def failing(x: int) -> int:
    raise ValueError("always")


@task()
def recover(error: Exception) -> str:
    return f"recovered {error!r}"


@task(cache=False)
def uncached(here: Dir = HERE) -> int:
    return 1


@task(prov=False)
def silent(x: int) -> int:
    return x


@task()
def wrapper(n: int) -> File:
    return make(n)


@task()
def report(d: Dir, *numbers: int) -> File:
    file = File("out/report.txt")
    file.write(f"{len(list(d))} {numbers}")
    return file


@task()
def main(n: int = 2) -> dict:
    made = [make(i) for i in range(n)]
    doubled = [double(f, api_token="hunter2-token") for f in made]
    numbers = [measure(made[0]), later(1), later(1), uncached(), silent(5)]
    return {
        "report": report(gather([d["dbl"] for d in doubled]), *numbers),
        "script": shell(made[0], os.environ.get("SHELL_PASSWORD", "none given")),
        "copy": unpack(pair(made[1])),
        "again": rewrite(wrapper(7)),
        "same": [make(0), make(0)],
        "flat": flatten([[made[0]], [made[1]]]),
        "caught": catch(failing(1), ValueError, recover),
    }
