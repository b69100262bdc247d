"""Whatever line the reader lets through, the catalogue takes: no event can stop the others."""

import json
from urllib.parse import quote

import pytest

import lignin as ln
from lignin.instance.record import CatalogueRecorder
from lignin.recording import load

RUN = {"engine": "e", "scope": "s", "id": "1"}
AT = "2026-01-02T03:04:05+00:00"
# Three bytes each, and so different that no database packs them: as long as a name may be.
WIDE = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(800))
SQL = "'; drop table artifact; --"


def started(**fields):
    return {"v": 1, "event": "started", "run": RUN, "name": "n", "at": AT, **fields}


def used(uri, **fields):
    return {"v": 1, "event": "used", "run": RUN, "ref": {"uri": uri, **fields}}


HOSTILE = [
    started(name="a\0b"), started(name="\udcff"), started(name=""), started(name="x" * 100_000), started(name=SQL),
    started(params={"a": "\0", "\ud800": ["\udfff", {"\0": 1}]}), started(params={"n": 10**300, "f": 1.5e308}), started(params={SQL: SQL}),
    started(run={**RUN, "id": SQL}), started(run={**RUN, "id": WIDE[:700]}), started(run={**RUN, "attempt": 2**31 - 1}), started(parent=RUN),
    started(at="0001-01-01T00:00:00+00:00"), started(at="9999-12-31T23:59:59"), started(at="1969-01-01"),
    started(code={"kind": "k" * 300, "key": "\udcff/x", "hash": "\0", "source": "a\0b", "reference": "\ud800", "version": "v" * 300}),
    started(code={"kind": "", "key": SQL, "hash": ""}), started(info={"a": {"b": {"c": [None] * 1000}}}),
    used("file://"), used("file:///"), used("file://../../etc/passwd"), used("file:///a/../../b"), used("file:////a//b"), used("file:///%00%ff%2e%2e/x"), used("file:///a\0b"),
    used("://"), used("http://[bad"), used("s3://"), used("s3://bucket"), used("s3:///x"), used("S3://b/" + WIDE[:700]), used("x://\udcff"), used("x://" + SQL),
    used("file:///a", key="../../x"), used("file:///a", key="\0"), used("file:///a", key=SQL), used("file:///a", key="x" * 2000),
    used("file:///a", host="\0"), used("file:///a", host=SQL), used("file:///" + WIDE[:790]), used("file:///" + quote(WIDE[:790]), content_id="b3:" + "0" * 64), started(code={"kind": "task", "key": WIDE[:790], "hash": "h"}),
    used("file:///a", content_id="x" * 255, key=WIDE[:790]), used("file:///a", size=2**63 - 1, mtime_ns=-(2**63)), used("file:///a", content_id=""),
    used("file:///a", content_id="\0"), used("file:///a", n_files=2**31 - 1, content_id="b3d:x"), {**used("file:///a"), "role": "r" * 1000}, {**used("file:///a"), "role": "\0\udcff"},
    {"v": 1, "event": "ended", "run": RUN, "status": "cached", "at": AT, "error": "a\0b\udcff", "reused": RUN},
]  # fmt: skip


def test_no_hostile_event_stops_the_others(instance):
    recorder = CatalogueRecorder(instance)
    events = [load(json.dumps(line)) for line in HOSTILE]
    recorder.record_many(events)
    for event in events:
        recorder.record(event)
    runs = ln.Run.all().count()
    recorder.record_many([*events, load(json.dumps(used("file:///after/all.csv")))])
    assert ln.Run.all().count() == runs
    assert ln.Artifact.filter(key__endswith="after/all.csv").count() == 1
    assert not [a.relpath for a in ln.Artifact.all() if ".." in a.relpath.split("/")]
    ln.Artifact.to_dataframe(limit=None)
    ln.Run.to_dataframe(limit=None)
    for run in ln.Run.all():
        run.describe()


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: json.dumps(line)[:80])
def test_each_hostile_event_is_taken_alone(sqlite_instance, line):
    CatalogueRecorder(sqlite_instance).record(load(json.dumps(line)))
