"""Logs: the streams stay what they are, and a log keeps head, tail and no secret."""

import contextlib
import functools
import inspect
import io
import logging
import os
import sys
import threading

import pytest

from lignin.tracking import capture
from lignin.tracking.capture import (
    Log,
    Tee,
    capture_context,
    capture_process,
    release_context,
    release_process,
)


@contextlib.contextmanager
def replaced(folder):
    """Real text files in the place of standard output and error, which pytest has put streams of its own in."""
    with pytest.MonkeyPatch.context() as patch, (folder / "out").open("w") as out, (folder / "err").open("w", encoding="latin-1") as err:
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        yield out, err
        release_process()


def inside(test):
    """Run a test between `replaced` streams, given as `streams`."""

    @functools.wraps(test)
    def wrapper(tmp_path):
        with replaced(tmp_path) as streams:
            test(streams, tmp_path)

    wrapper.__signature__ = inspect.Signature([inspect.Parameter("tmp_path", inspect.Parameter.POSITIONAL_OR_KEYWORD)])
    return wrapper


@inside
def test_what_is_written_reaches_the_stream_and_the_log_in_order(streams, tmp_path):
    log = Log()
    capture_process(log, at_last_flush=lambda: None)
    print("one")
    print("two", file=sys.stderr)
    sys.stdout.writelines(["three\n", "four\n"])
    release_process()
    print("five")
    assert log.text() == "one\ntwo\nthree\nfour\n"
    assert (sys.stdout, sys.stderr) == streams
    streams[0].flush()
    assert (tmp_path / "out").read_text() == "one\nthree\nfour\nfive\n"


@inside
def test_the_stream_keeps_all_that_makes_it_one(streams, tmp_path):
    out, err = streams
    capture_process(Log(), at_last_flush=lambda: None)
    assert isinstance(sys.stdout, Tee)
    assert isinstance(sys.stdout, io.TextIOBase)
    assert sys.stdout.fileno() == out.fileno()
    assert sys.stderr.encoding == err.encoding == "latin-1"
    assert sys.stdout.buffer is out.buffer
    assert (sys.stdout.isatty(), sys.stdout.name, sys.stdout.closed, sys.stdout.writable()) == (False, out.name, False, True)
    sys.stdout.reconfigure(line_buffering=True)
    assert out.line_buffering is True
    with pytest.raises(UnicodeEncodeError):
        sys.stderr.write("→")
    with pytest.raises(AttributeError):
        sys.stdout.no_such_thing
    assert sys.stdout.write("abc") == 3


def test_a_terminal_stays_one(monkeypatch):
    leader, follower = os.openpty()
    with open(follower, "w") as terminal, open(leader, "rb", buffering=0):
        monkeypatch.setattr(sys, "stdout", terminal)
        capture_process(Log(), at_last_flush=lambda: None)
        assert sys.stdout.isatty()
        release_process()


@inside
def test_a_stream_that_somebody_put_over_ours_stays(streams, tmp_path):
    log = Log()
    capture_process(log, at_last_flush=lambda: None)

    class Loud(io.TextIOBase):
        def __init__(self, below):
            self.below = below

        def write(self, text):
            return self.below.write(text.upper())

    loud = sys.stdout = Loud(sys.stdout)
    print("a")
    release_process()
    assert sys.stdout is loud
    print("b")
    again = Log()
    capture_process(again, at_last_flush=lambda: None)
    print("c")
    release_process()
    assert log.text() == "A\n"
    assert again.text() == "c\n"


def test_no_stream_at_all_is_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    capture_process(Log(), at_last_flush=lambda: None)
    release_process()
    assert sys.stdout is None


@inside
def test_a_write_that_somebody_puts_over_ours_and_takes_off_again_leads_to_the_stream(streams, tmp_path):
    log = Log()
    capture_process(log, at_last_flush=lambda: None)
    found = sys.stdout.write
    sys.stdout.write = lambda text: found(text.upper())
    print("a")
    sys.stdout.write = found
    print("b")
    release_process()
    print("c")
    assert log.text() == "A\nb\n"
    streams[0].flush()
    assert (tmp_path / "out").read_text() == "A\nb\nc\n"


@inside
def test_handlers_of_logging_that_were_there_before_are_led_through_and_back(streams, tmp_path):
    logger = logging.getLogger("test_capture")
    handler = logging.StreamHandler()
    logger.addHandler(handler)
    try:
        log = Log()
        capture_process(log, at_last_flush=lambda: None)
        logger.warning("seen")
        release_process()
        logger.warning("unseen")
    finally:
        logger.removeHandler(handler)
    assert log.text() == "seen\n"
    assert handler.stream is streams[1]


@inside
def test_contexts_keep_their_own_logs_and_the_streams_are_put_back_after_the_last(streams, tmp_path):
    logs = {name: Log() for name in "ab"}
    ready = threading.Barrier(2)

    def work(name):
        token = capture_context(logs[name])
        ready.wait(5)
        print(name)
        ready.wait(5)
        release_context(logs[name], token)

    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: log.text() for name, log in logs.items()} == {"a": "a\n", "b": "b\n"}
    assert (sys.stdout, sys.stderr) == streams


def test_a_long_log_keeps_its_head_and_tail(monkeypatch):
    monkeypatch.setattr(capture, "HEAD", 10)
    monkeypatch.setattr(capture, "TAIL", 10)
    log = Log()
    for number in range(100):
        log.add(f"{number:03}\n")
    text = log.text()
    assert text.startswith("000\n001\n00\n… 382 characters cut here …\n")
    assert text.endswith("\n098\n099\n")
    one = Log()
    one.add("x" * 100)
    assert one.text() == "x" * 10 + "\n… 80 characters cut here …\n" + "x" * 10


def test_a_progress_bar_leaves_its_last_state_and_secrets_leave_nothing():
    log = Log()
    log.add("10%\r50%\r100%\nline\r\nat postgresql://me:hunter2@host/db\0\udcff\n")
    assert log.text() == "100%\nline\nat postgresql://me:***@host/db\\0\\udcff\n"


def test_colours_are_left_out_and_hide_no_secret():
    log = Log()
    log.add("\x1b[1;31mpassword=hunter2\x1b[0m \x1b]8;;file:///x\x07link\x1b]8;;\x07 50%\x1b[K\x1b7.\x1b")
    assert log.text() == "password=*** link 50%.\x1b"
