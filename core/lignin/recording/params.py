"""Parameters of any Python value as JSON: typed where it can be, bounded, redacted.

JSON values stay what they are. A path becomes its text, a date ISO 8601, a number of numpy a
number, a dataclass or mapping an object, a set a sorted list; an artifact its uid and key; a data
frame or array a line with its type and shape. Anything else is the start of its `repr`.
"""

import dataclasses
import enum
import math
import os
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from typing import Any

from lignin.base.redact import REDACTED, is_secret_name, option_before, redact_text
from lignin.recording.policy import Limits, policy_here

__all__ = ["encode_params", "encode_value"]

_MAX_DEPTH = 6
_PLAIN = Limits()


def encode_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a run, by name, as the policy here says. One that breaks whoever looks at it costs the others nothing."""
    limits = policy_here().limits
    return {str(name): _encode_guarded(value, str(name), limits) for name, value in params.items()}


def encode_value(value: Any, *, name: str = "", depth: int = 0, limits: Limits = _PLAIN) -> Any:
    """One value as JSON; secret-looking names and `Secret…` types give `***`."""
    if value is None or isinstance(value, bool):
        return value
    if (name and (is_secret_name(name) or limits.is_secret(name))) or type(value).__name__.startswith("Secret"):
        return REDACTED
    if isinstance(value, enum.Enum):
        return encode_value(value.value, depth=depth, limits=limits)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, str):
        return _text(str(value), limits)
    if isinstance(value, os.PathLike):
        return _text(os.fsdecode(os.fspath(value)), limits)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if depth >= _MAX_DEPTH:
        return _described(value, limits)
    return _encode_container(value, depth + 1, limits)


def _encode_guarded(value: Any, name: str, limits: Limits) -> Any:
    try:
        return encode_value(value, name=name, limits=limits)
    except Exception as e:  # noqa: BLE001 - a user's path, property or container may raise anything
        return f"<{type(value).__qualname__}, which raises {type(e).__name__}>"


def _encode_container(value: Any, depth: int, limits: Limits) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name, None) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        items = list(value.items())[:limits.max_items]
        encoded = {str(key): encode_value(inner, name=str(key), depth=depth, limits=limits) for key, inner in items}
        return encoded if len(value) <= limits.max_items else {**encoded, "…": f"{len(value) - limits.max_items} more"}
    if isinstance(value, Set):
        value = sorted(value, key=repr)
    if isinstance(value, list | tuple):
        kept = value[:limits.max_items]
        listed = [encode_value(inner, name=option_before(kept, place), depth=depth, limits=limits) for place, inner in enumerate(kept)]
        return listed if len(value) <= limits.max_items else [*listed, f"… {len(value) - limits.max_items} more"]
    uid, key = getattr(value, "uid", None), getattr(value, "key", None)
    if isinstance(uid, str) and type(value).__module__.startswith("lignin."):
        return {"uid": uid, "key": key} if key else {"uid": uid}
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return encode_value(value.item(), depth=depth, limits=limits)
    return _described(value, limits)


def _number(value: float) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    plain = float(value) if isinstance(value, float) else int(value)
    # JSON readers elsewhere hold 64 bits.
    return plain if isinstance(plain, float) or abs(plain) < 2**63 else str(plain)


def _text(text: str, limits: Limits) -> str:
    clean = redact_text(text).replace("\0", "\\0")
    # PostgreSQL's JSON takes no lone surrogates, which odd file names have.
    clean = clean.encode(errors="backslashreplace").decode()
    return clean if len(clean) <= limits.max_text else f"{clean[:limits.max_text]}… ({len(clean)} characters)"


def _described(value: Any, limits: Limits) -> str:
    name = type(value).__qualname__
    try:
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple):
            return f"<{name} {' x '.join(map(str, shape))}>"
        if callable(value):
            return f"<{name} {getattr(value, '__qualname__', '')}>".replace(" >", ">")
        return _text(repr(value)[: limits.max_text], limits)
    except Exception as e:  # noqa: BLE001 - a user's repr may raise anything, and must not stop the recording
        return f"<{name}, whose repr raises {type(e).__name__}>"
