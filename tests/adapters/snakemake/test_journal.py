"""What a working folder notes of the registry."""

import os
from pathlib import Path

import pytest

from lignin.recording import FileRef, RefState
from snakemake_lignin.journal import READ, WRITTEN, Entry, Journal, tick

REF = FileRef(uri="file:///store/a", host="here", size=3, content_id="b3:" + "a" * 64, key="a.txt", state=RefState.PRESENT)
QUERY = "lignin://a.txt"


def _entry(at, did=READ, told=0):
    return Entry(at=at, did=did, uid="x" * 20, told=told, ref=REF)


def test_the_last_entry_counts_or_the_last_before_a_moment(tmp_path):
    journal = Journal(tmp_path)
    assert journal.last(QUERY) is None
    for entry in (_entry(1_000_000_000), _entry(3_000_000_000, did=WRITTEN, told=tick(5))):
        journal.note(QUERY, entry)
    journal.note("lignin://b.txt", _entry(9_000_000_000))
    assert journal.last(QUERY) == _entry(3_000_000_000, did=WRITTEN, told=tick(5))
    assert journal.last(QUERY, before=2.5) == _entry(1_000_000_000)
    assert journal.last(QUERY, before=0.5) is None
    assert journal.written(QUERY, told=tick(5) / 1e9) == _entry(3_000_000_000, did=WRITTEN, told=tick(5))
    assert journal.written(QUERY, told=1.0) is None


def test_a_line_that_a_killed_process_left_is_passed_over(tmp_path):
    journal = Journal(tmp_path)
    journal.note(QUERY, _entry(1))
    [path] = (tmp_path / ".snakemake" / "lignin" / "keys").iterdir()
    path.write_text(path.read_text() + '{"at": 2, "did"')
    assert journal.last(QUERY) == _entry(1)


@pytest.mark.parametrize("ns", [0, 1, 1_795_552_645_937_209_366, None])
def test_a_tick_survives_files_and_floats(tmp_path, ns):
    exact = tick(ns)
    assert ns is None or 0 <= exact - ns < 2_000_000
    path = Path(tmp_path, "a")
    path.touch()
    os.utime(path, (exact / 1e9, exact / 1e9))
    assert path.stat().st_mtime_ns == exact
    assert path.stat().st_mtime == exact / 1e9
