"""Plain Prefect: nothing here knows of Lignin, unless it is asked to instrument by hand as well."""

import json
import os
import sys

from prefect import flow, task


@task
def add(x, y=1):
    return x + y


@task
async def add_later(x):
    return x + 1


class Lab:
    @flow
    def measure(self, n: int):
        return add(n)


@flow
def plain(n: int = 1):
    return [add(n), add.submit(n).result(), [f.result() for f in add.map([1, 2])], add.with_options(name="copy")(3)]


@flow
def failing():
    raise RuntimeError("as the user wrote it")


if __name__ == "__main__":
    if os.environ.get("BY_HAND"):
        from prefect_lignin import instrument

        instrument(plain)
        instrument(add)
    print(json.dumps({"plain": plain(2), "lab": Lab().measure(3)}))
    sys.stdout.flush()
    failing()
