"""The contract holds for an adapter that keeps it, and each rule finds what breaks it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lignin.recording import Code, Ended, FileRef, Produced, RunKey, RunStatus, Started, Used
from lignin.testing import RULES, AdapterContract, rules

AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
FLOW = RunKey(engine="fake", scope="w1", id="flow")
TASK = RunKey(engine="fake", scope="w1", id="align")
AGAIN = replace(TASK, attempt=2)
CACHED = RunKey(engine="fake", scope="w1", id="index")
READS = FileRef(uri="file:///data/reads.fastq", host="node1", size=10, mtime_ns=5, content_id="b3:" + "a" * 64)
BAM = FileRef(uri="s3://bucket/out.bam", size=4, content_id="etag:abc")
CODE = Code(kind="task", key="Flow::align", hash="1234", source="run()")


def story():
    start = Started(run=FLOW, name="flow", at=AT, code=replace(CODE, kind="workflow", key="Flow"))
    task = Started(run=TASK, name="align", at=AT, parent=FLOW, code=CODE, params={"threads": 4, "token": "***"})
    return [
        start,
        task,
        Used(run=TASK, ref=READS, role="reads"),
        Ended(run=TASK, status=RunStatus.FAILED, at=AT + timedelta(seconds=1), error="killed"),
        replace(task, run=AGAIN, at=AT + timedelta(seconds=2)),
        Used(run=AGAIN, ref=READS, role="reads"),
        Produced(run=AGAIN, ref=BAM),
        Ended(run=AGAIN, status=RunStatus.COMPLETED, at=AT + timedelta(seconds=3)),
        replace(task, run=CACHED, name="index"),
        Ended(run=CACHED, status=RunStatus.CACHED, at=AT, reused=RunKey(engine="fake", scope="w0", id="index")),
        Ended(run=FLOW, status=RunStatus.COMPLETED, at=AT + timedelta(seconds=4)),
    ]


class TestFakeAdapter(AdapterContract):
    secrets = ("hunter2",)

    def record(self, recorder):
        for event in story():
            recorder.record(event)


class TestKilledAdapter(AdapterContract):
    was_killed = True

    def record(self, recorder):
        for event in story()[:-1]:
            recorder.record(event)


def test_a_scenario_is_recorded_once_for_all_tests_of_a_class():
    calls = []

    class Once(AdapterContract):
        def record(self, recorder):
            calls.append(recorder)

    assert Once().events == Once().events == ()
    assert len(calls) == 1


def changed(number, **fields):
    events = story()
    events[number] = replace(events[number], **fields)
    return events


BROKEN = {
    "survives_wire": changed(1, params={"x": (1, 2)}),
    "names_runs": changed(0, name=" "),
    "starts_runs": story()[2:],
    "has_parents": changed(0, parent=TASK),
    "counts_attempts": story()[4:8],
    "ends_finally": changed(7, error="but it failed"),
    "ends_all": story()[:-1],
    "orders_times": changed(7, at=AT),
    "names_files": changed(2, ref=replace(READS, host=None)),
    "speaks_json": changed(1, params={1: "a"}),
    "keeps_secrets": changed(1, info={"url": "https://me:hunter2@host/x"}),
    "versions_code": changed(0, code=replace(CODE, source="other()")),
    "reuses_others": changed(9, reused=CACHED),
}


@pytest.mark.parametrize(("rule", "events"), BROKEN.items())
def test_each_rule_finds_what_breaks_it(rule, events):
    assert list(getattr(rules, rule)(events))
    assert not list(getattr(rules, rule)(story()))


def test_every_rule_is_tried_here():
    assert {rule.__name__ for rule in RULES} == {*BROKEN, "tolerates_order"}


@pytest.mark.parametrize(
    "ref",
    [
        {"uri": "/data/x"},
        {"uri": "file://data/x"},
        {"uri": "file:///a/../b"},
        {"uri": "file:///a/b/"},
        {"uri": "file:///a b"},
        {"content_id": "abc"},
        {"content_id": "b3:12"},
        {"uri": "s3://bucket/x"},
    ],
)
def test_a_reference_that_means_nothing_elsewhere_is_found(ref):
    assert list(rules.names_files([Used(run=TASK, ref=replace(READS, **ref))]))


def test_a_time_without_an_offset_is_found():
    assert list(rules.orders_times(changed(0, at=datetime(2026, 1, 1))))


def test_a_planted_secret_fails_the_contract():
    class Leaks(AdapterContract):
        secrets = ("killed",)

        def record(self, recorder):
            for event in story():
                recorder.record(event)

    with pytest.raises(AssertionError, match="planted secrets"):
        Leaks().test_nothing_secret_is_told()
