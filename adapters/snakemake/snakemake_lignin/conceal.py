"""Takes the values of a workflow's secret settings out of whatever else mentions them.

A token in `config.yaml` comes back in shell commands, in parameters of another name and in error
messages, where nothing marks it as a secret.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lignin.base.redact import REDACTED, is_secret_name
from lignin.recording import Ended, Event, Started

__all__ = ["conceal", "conceal_text", "find_secrets"]

# Shorter values ("yes", "1") occur by chance.
_SHORTEST = 6
_ASSIGNED = re.compile(r"(?P<name>[\w.-]+)=(?P<value>[^\s'\"]+)")


def find_secrets(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The values, at any depth, whose names look secret; the longest first."""
    return tuple(sorted(set(_walk(config)), key=lambda text: (-len(text), text)))


def conceal(event: Event, secrets: tuple[str, ...]) -> Event:
    """The event without those values."""
    match event:
        case Started():
            info = _clean(dict(event.info), secrets)
            if "command" in info:
                info["command"] = conceal_text(info["command"])
            return replace(event, params=_clean(dict(event.params), secrets), info=info)
        case Ended() if event.error:
            return replace(event, error=_clean(event.error, secrets))
        case _:
            return event


def conceal_text(command: str) -> str:
    """A command line whose `name=value` words with secret names have no value."""
    return _ASSIGNED.sub(lambda found: f"{found['name']}={REDACTED}" if is_secret_name(found["name"]) else found[0], command)


def _walk(value: Any, *, is_secret: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk(inner, is_secret=is_secret or is_secret_name(str(name)))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _walk(inner, is_secret=is_secret)
    elif is_secret and isinstance(value, str) and len(value) >= _SHORTEST:
        yield value


def _clean(value: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, REDACTED)
        return value
    if isinstance(value, dict):
        return {name: _clean(inner, secrets) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner, secrets) for inner in value]
    return value
