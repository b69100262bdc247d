"""What a user can set: the section `[lignin]` of `redun.ini`, and `redun run --setup lignin=off`.

    [lignin]
    enabled = true      # false records nothing
    helpers = hide      # show: redun's own helper tasks become runs of their own, too
    hash = now          # later: contents are hashed by `lignin ingest`, not beside the workflow
    wait = 60           # seconds that the end of the process may take for hashing and handing over
    quiet = false       # true says nothing at the end that is no warning

`LIGNIN_REDUN=off` in the environment records nothing either; `LIGNIN_STRICT=1` fails a workflow that can't be recorded.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from lignin.base.errors import UsageError

__all__ = ["Settings"]

_WORDS = {"1": True, "on": True, "yes": True, "true": True, "0": False, "off": False, "no": False, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the workflows of one scheduler are recorded.

    Attributes:
        enabled: whether anything is recorded.
        hide_helpers: tasks of redun's own become part of the task that called them.
        hash_files: hash while the workflow runs.
        wait: patience at the end of the process, in seconds.
        quiet: say nothing at the end but warnings.
    """

    enabled: bool = True
    hide_helpers: bool = True
    hash_files: bool = True
    wait: float = 60.0
    quiet: bool = False

    @classmethod
    def parse(cls, section: Mapping[str, Any] | None = None, *, environment: Mapping[str, str] | None = None) -> Self:
        """Settings from the section of a `redun.ini`.

        Raises:
            UsageError: a key or value that makes no sense; the message names the choices.
        """
        given = {name: str(value).strip().lower() for name, value in dict(section or {}).items()}
        if unknown := sorted(set(given) - {"enabled", "helpers", "hash", "wait", "quiet"}):
            raise UsageError(f"[lignin] in redun.ini has unknown keys: {', '.join(unknown)}. There are: enabled, helpers, hash, wait, quiet.")
        values = os.environ if environment is None else environment
        switched = _WORDS.get(values.get("LIGNIN_REDUN", "").strip().lower(), True)
        return cls(
            enabled=switched and _choice(given, "enabled", _WORDS, default=True),
            hide_helpers=_choice(given, "helpers", {"hide": True, "show": False}, default=True),
            hash_files=_choice(given, "hash", {"now": True, "later": False}, default=True),
            wait=_seconds(given.get("wait"), cls().wait),
            quiet=_choice(given, "quiet", _WORDS, default=False),
        )


def _choice(given: Mapping[str, str], name: str, choices: Mapping[str, bool], *, default: bool) -> bool:
    text = given.get(name)
    if text is None:
        return default
    if text not in choices:
        raise UsageError(f"[lignin] in redun.ini: {name} = {text!r}, which is none of {', '.join(choices)}.")
    return choices[text]


def _seconds(text: str | None, default: float) -> float:
    try:
        number = default if text is None else float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 86_400:
        raise UsageError(f"[lignin] in redun.ini: wait = {text!r}, which is no number of seconds.")
    return number
