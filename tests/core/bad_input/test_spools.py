"""Spools of any content: each bad line is told by its number, and those around it are taken."""

import json
from pathlib import Path

import pytest

import lignin as ln
from lignin.base.errors import SpoolError
from lignin.instance import ingest

AT = "2026-01-02T03:04:05+00:00"
RUN = {"engine": "e", "scope": "s", "id": "1"}
STARTED = {"v": 1, "event": "started", "run": RUN, "name": "n", "at": AT}
USED = {"v": 1, "event": "used", "run": RUN, "ref": {"uri": "file:///a"}}
ENDED = {"v": 1, "event": "ended", "run": RUN, "status": "failed", "at": AT}
WIDE = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(4000))

BAD = [
    b"no json", b"{", b"[]", b"null", b"5", b'"text"', b"\xff\xfe\x00", b"\x00" * 50, b"[" * 50_000, b'{"v": 1}', b"{}" * 3, b"\xef\xbb\xbf{}",
    {**STARTED, "v": 2}, {**STARTED, "v": "1"}, {**STARTED, "v": None}, {**STARTED, "v": 10**30}, {**STARTED, "event": "born"}, {**STARTED, "event": 5}, {**STARTED, "event": None}, {**STARTED, "event": ["started"]},
    {**STARTED, "run": None}, {**STARTED, "run": []}, {**STARTED, "run": "e:s:1:1"}, {**STARTED, "run": {}}, {**STARTED, "run": {**RUN, "engine": ""}}, {**STARTED, "run": {**RUN, "engine": 5}}, {**STARTED, "run": {**RUN, "id": None}},
    {**STARTED, "run": {**RUN, "id": {"a": 1}}}, {**STARTED, "run": {**RUN, "id": "a\0b"}}, {**STARTED, "run": {**RUN, "scope": "\ud800"}}, {**STARTED, "run": {**RUN, "attempt": 0}}, {**STARTED, "run": {**RUN, "attempt": 2**31}},
    {**STARTED, "run": {**RUN, "attempt": 1e3}}, {**STARTED, "run": {**RUN, "attempt": "1"}}, {**STARTED, "run": {**RUN, "id": WIDE}}, {**STARTED, "run": {**RUN, "id": "x" * 2500}}, {**STARTED, "run": {**RUN, "id": WIDE[:400], "scope": WIDE[400:900]}},
    {**STARTED, "parent": "1"}, {**STARTED, "parent": {"id": "1"}}, {**STARTED, "parent": {**RUN, "id": WIDE}}, {**STARTED, "name": None}, {**STARTED, "name": 5}, {**STARTED, "at": None}, {**STARTED, "at": "soon"}, {**STARTED, "at": 1.7e9},
    {**STARTED, "at": "2026-02-30T00:00:00"}, {**STARTED, "at": "0001-01-01T00:00:00+14:00"}, {**STARTED, "at": "10000-01-01"}, {**STARTED, "params": [1]}, {**STARTED, "params": "x"}, {**STARTED, "info": 5}, {**STARTED, "environment": [["a", 1]]},
    b'{"v":1,"event":"started","run":{"engine":"e","scope":"s","id":"1"},"name":"n","at":"2026-01-02T03:04:05+00:00","params":{"x":NaN}}',
    b'{"v":1,"event":"started","run":{"engine":"e","scope":"s","id":"1"},"name":"n","at":"2026-01-02T03:04:05+00:00","params":{"x":-Infinity}}',
    b'{"v":1,"event":"started","run":{"engine":"e","scope":"s","id":"1"},"name":"n","at":"2026-01-02T03:04:05+00:00","params":{"x":[1e999]}}',
    b'{"v":1,"event":"started","run":{"engine":"e","scope":"s","id":"1"},"name":"n","at":"2026-01-02T03:04:05+00:00","params":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}",
    b'{"v":1,"event":"used","run":{"engine":"e","scope":"s","id":"1"},"ref":{"uri":"file:///a","size":' + b"9" * 5000 + b"}}",
    {**STARTED, "code": "x"}, {**STARTED, "code": {"kind": "task"}}, {**STARTED, "code": {"kind": "task", "key": "", "hash": "h"}}, {**STARTED, "code": {"kind": 5, "key": "k", "hash": "h"}}, {**STARTED, "code": {"kind": "task", "key": "k", "hash": None}},
    {**STARTED, "code": {"kind": "task", "key": WIDE, "hash": "h"}}, {**STARTED, "code": {"kind": "task", "key": "k", "hash": WIDE}}, {**STARTED, "code": {"kind": "task", "key": "k", "hash": "h", "reference": WIDE}}, {**STARTED, "code": {"kind": "task", "key": "k", "hash": "h", "source": 5}},
    {**USED, "ref": None}, {**USED, "ref": "file:///a"}, {**USED, "ref": {}}, {**USED, "ref": {"uri": ""}}, {**USED, "ref": {"uri": "/a"}}, {**USED, "ref": {"uri": 5}}, {**USED, "ref": {"uri": "file:///" + WIDE}}, {**USED, "ref": {"uri": "s3://b/" + WIDE}},
    {**USED, "ref": {"uri": "file:///a", "host": WIDE}}, {**USED, "ref": {"uri": "file:///a", "host": 5}}, {**USED, "ref": {"uri": "file:///a", "size": -1}}, {**USED, "ref": {"uri": "file:///a", "size": 2**63}}, {**USED, "ref": {"uri": "file:///a", "size": 1.5}},
    {**USED, "ref": {"uri": "file:///a", "size": True}}, {**USED, "ref": {"uri": "file:///a", "mtime_ns": "now"}}, {**USED, "ref": {"uri": "file:///a", "mtime_ns": 2**64}}, {**USED, "ref": {"uri": "file:///a", "inode": -1}}, {**USED, "ref": {"uri": "file:///a", "n_files": 2**31}},
    {**USED, "ref": {"uri": "file:///a", "content_id": 5}}, {**USED, "ref": {"uri": "file:///a", "content_id": WIDE}}, {**USED, "ref": {"uri": "file:///a", "state": "lost"}}, {**USED, "ref": {"uri": "file:///a", "state": 5}}, {**USED, "ref": {"uri": "file:///a", "key": 5}}, {**USED, "role": 5},
    {**ENDED, "status": "running"}, {**ENDED, "status": "scheduled"}, {**ENDED, "status": "perfect"}, {**ENDED, "status": None}, {**ENDED, "status": ["failed"]}, {**ENDED, "at": ""}, {**ENDED, "error": 5}, {**ENDED, "error": ["x"]}, {**ENDED, "reused": "1"}, {**ENDED, "reused": {"id": ""}},
]  # fmt: skip


def _line(bad):
    return bad if isinstance(bad, bytes) else json.dumps(bad).encode()


def test_each_bad_line_is_told_and_all_others_are_taken(instance):
    good = [{**STARTED, "run": {**RUN, "id": f"good {number}"}, "params": {"a\0": "\0", "\ud800": "\udfff"}} for number in range(len(BAD) + 1)]
    lines = [json.dumps(good[0]).encode()]
    for bad, after in zip(BAD, good[1:], strict=True):
        lines += [_line(bad), json.dumps(after).encode()]
    Path("odd.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    report = ingest(instance, Path("odd.jsonl"))
    assert [line.number for line in report.bad] == [2 * n + 2 for n in range(len(BAD))]
    assert all(line.problem and not line.torn and len(line.problem) < 310 for line in report.bad)
    assert sorted(ln.Run.all().to_list("external_id")) == sorted(run["run"]["id"] for run in good)
    assert ln.Artifact.all().count() == 0
    assert Path("odd.jsonl").exists()


@pytest.mark.parametrize("cut", [1, 10, 50, -2, -1])
def test_of_a_spool_that_is_cut_off_the_whole_lines_are_taken(sqlite_instance, cut):
    line = json.dumps({**STARTED, "run": {**RUN, "id": "2"}})
    Path("cut.jsonl").write_text(json.dumps(STARTED) + "\n" + line[:cut])
    report = ingest(sqlite_instance, Path("cut.jsonl"))
    assert [(bad.number, bad.torn) for bad in report.bad] == [(2, True)]
    assert ln.Run.all().to_list("external_id") == ["1"]


@pytest.mark.parametrize("name", ["missing.jsonl", "folder", "link", "pipe", "missing/x.jsonl", "n" * 300])
def test_what_is_no_spool_is_refused(sqlite_instance, name):
    Path("folder").mkdir()
    Path("link").symlink_to("link")
    with pytest.raises(SpoolError, match=name[:20]):
        ingest(sqlite_instance, Path(name))


def test_runs_that_are_each_others_parents_stop_nothing(instance):
    first, second = {**RUN, "id": "1"}, {**RUN, "id": "2"}
    lines = [{**STARTED, "run": first, "parent": second}, {**STARTED, "run": second, "parent": first}, {**STARTED, "run": {**RUN, "id": "3"}, "parent": {**RUN, "id": "3"}}]
    lines += [{"v": 1, "event": "produced", "run": run, "ref": {"uri": "s3://b/x", "size": 100, "content_id": "b3:" + "0" * 64}} for run in (first, second)]
    Path("circle.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert ingest(instance, Path("circle.jsonl")).bad == ()
    assert ln.Run.all().count() == 3
    for run in ln.Run.all():
        run.describe()
    ln.Artifact.all().one().lineage()
    ln.Artifact.all().one().view_lineage(format="tree")


def test_nothing_and_blank_lines_are_no_events(sqlite_instance):
    for text in ("", "\n\n", " \n\t\n", json.dumps({"v": 1, "event": "spool"}) + "\n"):
        Path("empty.jsonl").write_text(text)
        assert ingest(sqlite_instance, Path("empty.jsonl")).events == 0
    assert ln.Run.all().count() == 0
