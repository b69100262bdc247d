"""What Lignin says to the person at the screen: one line each, on standard error.

Standard error, so that what a script prints stays its own. `LIGNIN_VERBOSITY` says how much:
`quiet` or `error`, `warning`, `success`, `info`, or `hint` (the default, everything).
"""

import contextlib
import os
import sys

__all__ = ["is_said", "say"]

_LEVELS = {"quiet": 0, "error": 1, "warning": 2, "success": 3, "info": 4, "hint": 5}
_MARKS = {"✗": (1, "31"), "!": (2, "33"), "✓": (3, "32"), "→": (4, "34"), "•": (5, "36")}


def is_said(mark: str) -> bool:
    """Whether `LIGNIN_VERBOSITY` lets a line with this mark through."""
    return _MARKS[mark][0] <= _LEVELS.get(os.environ.get("LIGNIN_VERBOSITY", "hint").lower(), 5)


def say(mark: str, text: str) -> None:
    """Print a line: `→` what was done, `✓` what went well, `!` a warning, `✗` an error, `•` a hint."""
    colour = _MARKS[mark][1]
    stream = sys.stderr
    if not is_said(mark) or stream is None:
        return
    # A closed or broken stream must not take the user's work with it.
    with contextlib.suppress(OSError, ValueError):
        if stream.isatty() and not os.environ.get("NO_COLOR"):
            mark = f"\x1b[{colour}m{mark}\x1b[0m"
        stream.write(f"{mark} {text}\n")
        stream.flush()
