"""What Lignin says to the person at the screen: one line each, on standard error.

Standard error, so that what a script prints stays its own. `LIGNIN_VERBOSITY` says how much:
`quiet` or `error`, `warning`, `success`, `info`, or `hint` (the default, everything).
"""

import contextlib
import os
import sys

__all__ = ["say"]

_LEVELS = {"quiet": 0, "error": 1, "warning": 2, "success": 3, "info": 4, "hint": 5}
_MARKS = {"✗": (1, "31"), "!": (2, "33"), "✓": (3, "32"), "→": (4, "34"), "•": (5, "36")}


def say(mark: str, text: str) -> None:
    """Print a line: `→` what was done, `✓` what went well, `!` a warning, `✗` an error, `•` a hint."""
    level, colour = _MARKS[mark]
    wanted = os.environ.get("LIGNIN_VERBOSITY", "hint").lower()
    stream = sys.stderr
    if level > _LEVELS.get(wanted, 5) or stream is None:
        return
    # A closed or broken stream must not take the user's work with it.
    with contextlib.suppress(OSError, ValueError):
        if stream.isatty() and not os.environ.get("NO_COLOR"):
            mark = f"\x1b[{colour}m{mark}\x1b[0m"
        stream.write(f"{mark} {text}\n")
        stream.flush()
