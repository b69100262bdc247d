"""A parameter that breaks whoever looks at it: the run must come out as if nobody had."""

import json
import os
import sys

from prefect_lignin import flow, task


class Nasty(os.PathLike):
    def __fspath__(self):
        raise RuntimeError("do not look at me")


@task
def take(value):
    return "taken"


@flow
def hostile():
    return [take(Nasty()), take(1)]


if __name__ == "__main__":
    print(json.dumps({"result": hostile()}))
    sys.exit(5)
