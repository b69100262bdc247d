"""Bars: on a terminal, for what takes long, and nowhere else."""

import os
import pty
import subprocess
import sys

import pytest

HASHES = """
import sys
from pathlib import Path
from lignin.base import progress
from lignin.base.content import hash_path
if len(sys.argv) > 2:
    progress.AFTER_SECONDS = float(sys.argv[2])
print(hash_path(Path(sys.argv[1])).id, flush=True)
"""


def hashed_on_a_terminal(folder, *arguments, **environment):
    """What a process writes to the terminal that its standard error is, and its output."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", HASHES, str(folder), *arguments]
    with subprocess.Popen(command, stderr=theirs, stdout=subprocess.PIPE, env={**os.environ, "TERM": "xterm", "COLUMNS": "80", **environment}) as process:
        os.close(theirs)
        told = b""
        try:
            while piece := os.read(ours, 4096):
                told += piece
        except OSError:
            # The other end was closed.
            pass
        os.close(ours)
        out = process.stdout.read()
    assert process.returncode == 0
    assert out.startswith(b"b3d:")
    return told


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "some-folder"
    place.mkdir()
    for number in range(3):
        (place / str(number)).write_bytes(os.urandom(1000))
    return place


def test_what_takes_long_shows_a_bar_on_a_terminal(folder):
    assert b"reading some-folder" in hashed_on_a_terminal(folder, "0")


def test_what_is_quick_shows_none(folder):
    assert hashed_on_a_terminal(folder, "3600") == b""


@pytest.mark.parametrize("environment", [{"LIGNIN_VERBOSITY": "warning"}, {"LIGNIN_RUN": "prefect:somewhere:id:0"}], ids=["quiet", "in an engine"])
def test_who_wants_quiet_and_engines_see_none(folder, environment):
    assert hashed_on_a_terminal(folder, "0", **environment) == b""


def test_what_is_no_terminal_sees_none(folder):
    ended = subprocess.run([sys.executable, "-c", HASHES, folder, "0"], capture_output=True, check=True)
    assert ended.stderr == b""
