"""Events as lines: nothing is lost on the way, and what is no event is refused with its reason."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lignin.base.errors import SpoolError
from lignin.recording import Ended, FileRef, Produced, RunKey, RunStatus, Started, dump, load

RUN = {"engine": "e", "scope": "s", "id": "1", "attempt": 1}
AT = "2026-01-02T03:04:05.000006+00:00"
STARTED = {"v": 1, "event": "started", "run": RUN, "name": "n", "at": AT}
USED = {"v": 1, "event": "used", "run": RUN, "ref": {"uri": "file:///a"}}
ENDED = {"v": 1, "event": "ended", "run": RUN, "status": "failed", "at": AT}


@given(st.data())
def test_every_event_comes_back_as_it_was(made_up, data):
    event = data.draw(made_up.any)
    line = dump(event)
    assert load(line) == event
    assert line.isascii()
    assert "\n" not in line


@given(st.data())
def test_a_run_is_named_in_one_line_that_reads_back(made_up, data):
    run = data.draw(made_up.runs)
    assert RunKey.parse(str(run)) == run
    assert len(run.uid) == 16 or run.engine == "lignin"


def test_absent_and_null_are_the_same_and_unknown_fields_are_ignored():
    line = {**STARTED, "parent": None, "code": None, "params": None, "info": None, "new_in_version_1_1": {"x": 1}}
    assert load(json.dumps(line)) == load(json.dumps(STARTED))
    assert load(json.dumps({**USED, "run": {"engine": "e", "id": "1"}})).run == RunKey(engine="e", scope="", id="1")


@pytest.mark.parametrize("raw", ["a\0b", "\udcff", "\ud800x"])
def test_what_no_database_takes_is_read_as_text_that_tells_it(raw):
    run = RunKey(engine="e", scope="", id="1")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    shown = raw.replace("\0", "\\0").encode(errors="backslashreplace").decode()
    ended = load(dump(Ended(run=run, status=RunStatus.FAILED, at=at, error=raw)))
    assert ended.error == shown
    started = load(dump(Started(run=run, name=raw, at=at, params={raw: [raw, {"x": raw}]})))
    assert (started.name, started.params) == (shown, {shown: [shown, {"x": shown}]})
    produced = load(dump(Produced(run=run, ref=FileRef(uri="file:///a"), role=raw)))
    assert produced.role == shown


def test_times_before_1970_and_inodes_of_64_bits_are_taken():
    ref = FileRef(uri="file:///a", mtime_ns=-1, inode=2**64 - 1)
    event = Produced(run=RunKey(engine="e", scope="", id="1"), ref=ref)
    assert load(dump(event)) == event


REFUSED = [
    ("", "JSONDecodeError"),
    ("{", "JSONDecodeError"),
    ("null", "not a JSON object"),
    ("[]", "not a JSON object"),
    ('"text"', "not a JSON object"),
    ("{}", "protocol version None"),
    ("[" * 100_000, "RecursionError"),
    ({**STARTED, "v": 2}, "protocol version 2"),
    ({**STARTED, "v": "1"}, "protocol version '1'"),
    ({**STARTED, "event": "began"}, "began"),
    ({**STARTED, "event": None}, "None"),
    ({**STARTED, "event": []}, "TypeError"),
    ({**STARTED, "run": None}, "AttributeError"),
    ({**STARTED, "run": "e:s:1:1"}, "AttributeError"),
    ({**STARTED, "run": {**RUN, "attempt": 0}}, "attempt"),
    ({**STARTED, "run": {**RUN, "attempt": True}}, "attempt"),
    ({**STARTED, "run": {**RUN, "attempt": 1.5}}, "attempt"),
    ({**STARTED, "run": {**RUN, "attempt": 2**31}}, "attempt"),
    ({**STARTED, "run": {**RUN, "id": ""}}, "id"),
    ({**STARTED, "run": {**RUN, "id": 5}}, "5"),
    ({**STARTED, "run": {**RUN, "id": "a\0b"}}, "id"),
    ({**STARTED, "run": {**RUN, "engine": "\ud800"}}, "engine"),
    ({**STARTED, "name": None}, "None"),
    ({**STARTED, "at": "yesterday"}, "yesterday"),
    ({**STARTED, "at": 1700000000}, "TypeError"),
    ({**STARTED, "at": "0001-01-01T00:00:00+14:00"}, "OverflowError"),
    ({**STARTED, "params": [1]}, "expected an object"),
    ({**STARTED, "code": {"kind": "task"}}, "key"),
    ({**STARTED, "code": {"kind": "task", "key": "", "hash": "x"}}, "expected a text"),
    (json.dumps(STARTED)[:-1] + ', "params": {"x": NaN}}', "NaN"),
    (json.dumps(STARTED)[:-1] + ', "params": {"x": [1e999]}}', "inf"),
    ({**USED, "ref": {}}, "uri"),
    ({**USED, "ref": {"uri": "/data/x"}}, "no URI"),
    ({**USED, "ref": {"uri": "file:///a", "size": -1}}, "-1"),
    ({**USED, "ref": {"uri": "file:///a", "size": "10"}}, "'10'"),
    ({**USED, "ref": {"uri": "file:///a", "size": 2**63}}, "whole number"),
    ({**USED, "ref": {"uri": "file:///a", "mtime_ns": 1.5}}, "1.5"),
    ({**USED, "ref": {"uri": "file:///a", "state": "lost"}}, "lost"),
    ({**ENDED, "status": "running"}, "does not end as"),
    ({**ENDED, "status": "perfect"}, "perfect"),
    ({**ENDED, "error": 5}, "5"),
]


@pytest.mark.parametrize(("line", "reason"), REFUSED)
def test_a_malformed_line_is_refused_with_its_reason(line, reason):
    with pytest.raises(SpoolError) as caught:
        load(line if isinstance(line, str) else json.dumps(line))
    assert reason in str(caught.value)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), lambda i: st.lists(i) | st.dictionaries(st.sampled_from([*STARTED, *ENDED, *USED, "x"]), i)).map(json.dumps))
def test_no_line_at_all_breaks_the_reader(line):
    try:
        load(line)
    except SpoolError as e:
        assert str(e)


@given(st.data())
def test_a_damaged_event_is_read_or_refused(made_up, data):
    """A field that is replaced by anything is no reason to fall over."""
    fields = json.loads(dump(data.draw(made_up.any)))
    name = data.draw(st.sampled_from(sorted(fields)))
    damaged = {**fields, name: data.draw(st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2) | st.just({}))}
    try:
        event = load(json.dumps(damaged))
    except SpoolError:
        return
    assert load(dump(event)) == event


def test_the_spelling_of_a_time_does_not_matter():
    told = load(json.dumps({**STARTED, "at": "2026-01-02T04:04:05.000006+01:00"}))
    assert told == load(json.dumps(STARTED)) == replace(told, at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
