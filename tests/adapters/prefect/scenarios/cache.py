"""A task whose result Prefect may have kept from an earlier process."""

import json

from prefect.cache_policies import INPUTS

from prefect_lignin import flow, task


@task(cache_policy=INPUTS, persist_result=True)
def kept(x):
    return x + 1


@flow
def caching():
    return kept(41)


if __name__ == "__main__":
    print(json.dumps({"result": caching()}))
