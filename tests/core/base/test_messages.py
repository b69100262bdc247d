"""What is said, and what is not."""

import io
import sys

import pytest

from lignin.base.messages import say

MARKS = "✗!✓→•"


@pytest.mark.parametrize(
    ("verbosity", "said"),
    [("quiet", ""), ("error", "✗"), ("warning", "✗!"), ("success", "✗!✓"), ("INFO", "✗!✓→"), ("hint", MARKS), ("no such", MARKS)],
)
def test_the_verbosity_says_how_much(monkeypatch, capsys, verbosity, said):
    monkeypatch.setenv("LIGNIN_VERBOSITY", verbosity)
    for mark in MARKS:
        say(mark, "text")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "".join(f"{mark} text\n" for mark in said))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_only_a_terminal_gets_colour_and_only_if_it_is_wanted(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    say("!", "careful")
    monkeypatch.setenv("NO_COLOR", "1")
    say("!", "careful")
    assert terminal.getvalue() == "\x1b[33m!\x1b[0m careful\n! careful\n"


def test_a_stream_that_is_closed_or_absent_does_no_harm(monkeypatch):
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        say("→", "unheard")
