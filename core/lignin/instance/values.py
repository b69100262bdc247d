"""What a question may compare a field with: brought to the type that the field holds, or refused.

SQLite compares a text with a number and finds nothing, PostgreSQL refuses; a question gets one answer on both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, Float, Integer, String

from lignin.base.clock import from_iso
from lignin.base.errors import UsageError
from lignin.base.texts import composed, problem_of_text, shown
from lignin.model.types import UtcDateTime

__all__ = ["boolean", "json_value", "number", "plain", "text_value", "value_for"]

_TEXTS = {"iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "regex", "iregex"}
# Whose texts are kept in composed form, and may be asked for in either.
_NAMES = {"key", "name"}


def value_for(column: Any, comparison: str, value: Any) -> Any:
    """What to compare a column with, in the form that the comparison takes.

    Raises:
        UsageError: the field can't hold that, or it can't be compared so.
    """
    said = f"{column.class_.__name__}.{column.key}"
    match comparison:
        case "isnull":
            return boolean(f"{said}__isnull", value)
        case "exact":
            return None if value is None else _exact(column, said, value)
        case "in":
            return _listed(column, said, value)
        case "range":
            if not isinstance(value, list | tuple) or len(value) != 2:
                raise UsageError(f"{said}__range takes two values, (lowest, highest), not {value!r}")
            return [_one(column, said, inner) for inner in value]
        case "gt" | "gte" | "lt" | "lte":
            return _one(column, said, value)
    return text_value(said, comparison, value)


def text_value(said: str, comparison: str, value: Any) -> str:
    """A text, or a pattern, to compare a text with.

    Raises:
        UsageError: it is no text, or no regular expression.
    """
    if not isinstance(value, str):
        raise UsageError(f"{said}__{comparison} compares texts, not {shown(value)}")
    _check_text(said, value)
    if comparison in {"regex", "iregex"}:
        try:
            re.compile(value)
        except (re.error, RecursionError, OverflowError) as e:
            raise UsageError(f"{said}__{comparison}={shown(value)} is no regular expression: {e}") from e
    return str.__str__(value)


def json_value(said: str, comparison: str, value: Any) -> Any:
    """What to compare something inside a JSON field with: a text, number or boolean, or a list of one of them.

    Raises:
        UsageError: it is something else.
    """
    if comparison == "isnull":
        return boolean(f"{said}__isnull", value)
    if comparison in _TEXTS:
        return text_value(said, comparison, value)
    if comparison in {"in", "range"}:
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            raise UsageError(f"{said}__{comparison} takes a list of values, not {shown(value)}")
        listed = [_json_one(said, inner) for inner in value]
        if len({_json_kind(inner) for inner in listed}) > 1:
            raise UsageError(f"{said}__{comparison} takes values of one kind, not {shown(value)}")
        if comparison == "range" and len(listed) != 2:
            raise UsageError(f"{said}__range takes two values, (lowest, highest), not {shown(value)}")
        return listed
    return None if value is None and comparison == "exact" else _json_one(said, value)


def plain(value: Any) -> Any:
    """A number or text of numpy as Python's own; everything else as it is."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def _json_kind(value: Any) -> str:
    return "bool" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"


def _json_one(said: str, value: Any) -> Any:
    value = plain(value)
    match value:
        case bool():
            return value
        case int() | float():
            return number(said, value)
        case str():
            _check_text(said, value)
            return str.__str__(value)
    raise UsageError(f"{said} is compared with a text, a number, True or False, not {shown(value)}")


def _exact(column: Any, said: str, value: Any) -> Any:
    one = _one(column, said, value)
    if column.key in _NAMES and isinstance(one, str) and (kept := composed(one)) != one:
        # A file that was found has its name as it is on disk, in whichever form.
        return (one, kept)
    return one


def _listed(column: Any, said: str, value: Any) -> Any:
    if hasattr(value, "selected_ids"):
        if not isinstance(column.type, Integer):
            raise UsageError(f"{said}__in takes a list of values, not records. Take a field of them: query.to_list({column.key!r})")
        return value
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise UsageError(f"{said}__in takes a list of values, not {shown(value)}")
    found: list[Any] = []
    for inner in value:
        one = _exact(column, said, inner)
        found.extend(one if isinstance(one, tuple) else (one,))
    return found


def _one(column: Any, said: str, value: Any) -> Any:
    value = plain(value)
    if value is None:
        raise UsageError(f"{said} can't be compared with None. Ask for what is empty with: {column.key}__isnull=True")
    match column.type:
        case String():
            if not isinstance(value, str):
                raise UsageError(f"{said} holds texts, not {shown(value)}")
            _check_text(said, value)
            return str.__str__(value)
        case Boolean():
            return boolean(said, value)
        case Integer() | Float():
            return number(said, value)
        case UtcDateTime():
            return _moment(said, value)
        case Date():
            return _moment(said, value).date()
    return value


def boolean(said: str, value: Any) -> bool:
    """True or False.

    Raises:
        UsageError: it is neither.
    """
    value = plain(value)
    if isinstance(value, bool | int) and value in {0, 1}:
        return bool(value)
    raise UsageError(f"{said} is True or False, not {shown(value)}")


def number(said: str, value: Any) -> Any:
    """A number to compare numbers with.

    Raises:
        UsageError: it is none, or none that a database holds.
    """
    if isinstance(value, float):
        if math.isnan(value):
            raise UsageError(f"{said} can't be compared with NaN, which is like nothing")
        # As such: as one of a whole number's column it would be rounded.
        return value
    if not isinstance(value, int):
        raise UsageError(f"{said} is compared with numbers, not {shown(value)}")
    if not -(2**63) <= value < 2**63:
        raise UsageError(f"{said} can't be compared with {shown(value)}: it has more than 64 bits")
    return int(value)


def _moment(said: str, value: Any) -> datetime:
    wrong = f"{said} can't be compared with it: {shown(value)} is no date or time. Write it like 2026-11-24 or 2026-11-24T12:00:00"
    try:
        if isinstance(value, str):
            return from_iso(value)
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as e:
        raise UsageError(wrong) from e
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise UsageError(wrong)


def _check_text(said: str, value: str) -> None:
    if problem := problem_of_text(value):
        raise UsageError(f"{said} can't be compared with {shown(value)}: {problem}")
