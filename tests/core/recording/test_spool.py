"""A spool loses no whole line: torn, truncated, forked, on a full disk."""

import os
import resource
import signal
import threading
from datetime import UTC, datetime

import pytest

from lignin.base.errors import SpoolError
from lignin.recording import (
    BadLine,
    Courier,
    Guard,
    MemoryRecorder,
    Produced,
    RunKey,
    Spool,
    Started,
    observe,
    read_spool,
    replay,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def started(number):
    return Started(run=RunKey(engine="e", scope="s", id=str(number)), name="n", at=AT)


def test_at_whatever_byte_it_is_cut_all_whole_lines_replay(tmp_path):
    spool = Spool(tmp_path, engine="e")
    events = [started(n) for n in range(3)]
    for event in events:
        spool.record(event)
    whole = spool.path.read_bytes()
    cut = tmp_path / "cut.jsonl"
    for end in range(len(whole) + 1):
        cut.write_bytes(whole[:end])
        found = list(read_spool(cut))
        complete = max(whole[:end].count(b"\n") - 1, 0)
        told = [item for item in found if not isinstance(item, BadLine)]
        assert told[:complete] == events[:complete]
        for bad in found[len(told) :]:
            assert bad.torn
            assert bad.number == whole[:end].count(b"\n") + 1
            assert bad.problem


def test_a_bad_line_in_between_is_reported_and_the_rest_replays(tmp_path):
    spool = Spool(tmp_path, engine="e")
    spool.record(started(1))
    with spool.path.open("ab") as stream:
        stream.write(b"\xff\xfe\n\nnonsense\n")
    spool.record(started(2))
    recorder = MemoryRecorder()
    result = replay(spool.path, recorder)
    assert (result.events, [(b.number, b.torn) for b in result.bad]) == (2, [(3, False), (5, False)])
    with pytest.raises(SpoolError, match="can't read"):
        list(read_spool(tmp_path / "missing.jsonl"))


def test_nothing_is_written_before_the_first_event(tmp_path):
    Spool(tmp_path / "spool", engine="e")
    assert not (tmp_path / "spool").exists()


def test_threads_write_whole_lines(tmp_path):
    spool = Spool(tmp_path, engine="e")
    threads = [threading.Thread(target=lambda n=n: [spool.record(started(f"{n}-{i}")) for i in range(50)]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = replay(spool.path, MemoryRecorder())
    assert (result.events, result.bad) == (400, ())


def test_a_forked_child_writes_to_a_spool_of_its_own(tmp_path):
    spool = Spool(tmp_path, engine="e")
    spool.record(started("parent"))
    child = os.fork()
    if child == 0:
        spool.record(started("child"))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    spool.record(started("parent again"))
    counts = sorted(replay(path, MemoryRecorder()).events for path in tmp_path.glob("*.jsonl"))
    assert counts == [1, 2]


def test_a_full_disk_tears_no_line_and_leaves_no_empty_spools(tmp_path):
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        spool = Spool(tmp_path / "one", engine="e")
        spool.record(started(0))
        size = spool.path.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, size + 20))
        failed = 0
        for recorder in (spool, spool):
            try:
                recorder.record(started(1))
            except OSError:
                failed += 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, size + 20))
        other = Spool(tmp_path / "two", engine="e")
        for _ in range(3):
            try:
                other.record(started(1))
            except OSError:
                failed += 1
        os._exit(failed)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    (path,) = (tmp_path / "one").glob("*.jsonl")
    assert replay(path, MemoryRecorder()).bad == ()
    assert not list((tmp_path / "two").iterdir())


def test_a_courier_writes_before_it_hashes_and_hashes_each_sighting_once(tmp_path):
    (tmp_path / "x").write_text("content")
    recorder = MemoryRecorder()
    courier = Courier(recorder, guard=Guard("test", strict=True))
    ref = observe(tmp_path / "x")
    for number in range(3):
        courier.record(Produced(run=RunKey(engine="e", scope="", id=str(number)), ref=ref))
    assert courier.flush(10)
    events = recorder.events
    assert len(events) == 6
    for number in range(3):
        told = [e.ref.content_id for e in events if e.run.id == str(number)]
        assert told[0] is None
        assert told[1].startswith("b3:")


class Broken:
    def record(self, event):
        raise OSError("no space left on device")


def test_a_failure_of_ours_is_told_once_and_swallowed(tmp_path, caplog):
    courier = Courier(Broken(), guard=Guard("test", strict=False))
    for number in range(3):
        courier.record(started(number))
    assert [r.message for r in caplog.records if r.levelname == "WARNING"] == [
        "lignin (test): recording failed, the pipeline goes on: OSError: no space left on device"
    ]


def test_strict_lets_it_through_and_interrupts_always_pass(monkeypatch):
    with pytest.raises(OSError, match="space"):
        Courier(Broken(), guard=Guard("test", strict=True)).record(started(1))
    monkeypatch.setenv("LIGNIN_STRICT", "1")
    with pytest.raises(OSError, match="space"):
        Courier(Broken(), guard=Guard("test")).record(started(1))
    with pytest.raises(KeyboardInterrupt), Guard("test", strict=False):
        raise KeyboardInterrupt
