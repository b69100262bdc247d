"""A user's own tracer provider: set before Prefect is there, or after the flows are made. Nothing here knows of Lignin."""

import json
import os
from collections import Counter
from contextlib import contextmanager

from opentelemetry import trace

BEGUN, ENDED = Counter(), Counter()


class Span(trace.NonRecordingSpan):
    def __init__(self, kind):
        super().__init__(trace.SpanContext(trace_id=1 + BEGUN.total(), span_id=1 + BEGUN.total(), is_remote=False))
        self.kind = kind
        BEGUN[kind] += 1

    def end(self, end_time=None):
        ENDED[self.kind] += 1


class Tracer(trace.Tracer):
    def start_span(self, name, context=None, kind=trace.SpanKind.INTERNAL, attributes=None, **rest):
        return Span((attributes or {}).get("prefect.run.type", name))

    @contextmanager
    def start_as_current_span(self, name, **rest):
        with trace.use_span(self.start_span(name), end_on_exit=True) as span:
            yield span


class Provider(trace.TracerProvider):
    def get_tracer(self, *names, **rest):
        return Tracer()


if os.environ["WHEN"] == "before":
    trace.set_tracer_provider(Provider())

from prefect import flow, task  # noqa: E402 - the order is what this is about


@task(retries=1)
def add(x, y=1):
    if not BEGUN["second try"] and x == 4:
        BEGUN["second try"] += 1
        raise RuntimeError("again")
    return x + y


@flow
def inner(n: int):
    return add.submit(n).result()


@flow
def traced(n: int):
    with trace.get_tracer("mine").start_as_current_span("mine"):
        return [add(n), inner(4)]


if os.environ["WHEN"] == "after":
    trace.set_tracer_provider(Provider())

if __name__ == "__main__":
    printed = {"result": traced(1), "provider": type(trace.get_tracer_provider()).__name__}
    del BEGUN["second try"]
    print(json.dumps(printed | {"begun": BEGUN, "ended": ENDED}))
