"""Comparisons of one column with a value that fits it, as SQL; and of what lies inside JSON."""

import operator
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from lignin.base.errors import UsageError
from lignin.base.texts import problem_of_text
from lignin.instance.beginning import begins_with
from lignin.instance.values import json_value
from lignin.model.types import is_exact

__all__ = ["COMPARISONS", "among", "compare", "compile_json"]

COMPARISONS = ("exact", "iexact", "in", "gt", "gte", "lt", "lte", "range", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "regex", "iregex", "isnull")
"""The last words of lookups."""

# PostgreSQL takes 65,535 parameters in a statement, SQLite 32,766.
_MAX_PARAMETERS = 10_000
_BOOLEANS = ("true", "false")


def compile_json(column: Any, path: list[str], comparison: str, value: Any) -> ColumnElement[bool]:
    """The comparison of what lies at a path inside JSON, with a text, number or boolean.

    Raises:
        UsageError: the path can't be asked for, or the value can't be compared with.
    """
    said = "__".join((column.key, *path))
    if any(problem_of_text(step) or not step or '"' in step or "\\" in step for step in path):
        raise UsageError(f"{said!a} can't be asked for: a name in {column.key} may not be empty, and hold no quotes, backslashes or NUL")
    value = json_value(said, comparison, value)
    # Step by step: a path in one text would have to be quoted, and each store quotes it otherwise.
    element = column
    for step in path:
        element = element[step]
    if comparison == "isnull":
        return compare(element.as_string() if path else column, "isnull", value)
    if not path:
        raise UsageError(f"name a key inside {column.key}: {column.key}__KEY={value!r}")
    sample = next(iter(value), None) if isinstance(value, list) else value
    if sample is None:
        return false() if isinstance(value, list) else compare(element.as_string(), "isnull", True)
    word = _JsonWord(element)
    if isinstance(sample, bool):
        value = [str(v).lower() for v in value] if isinstance(value, list) else str(value).lower()
        return compare(case((word.in_(_BOOLEANS), word), else_=None), comparison, value)
    # SQLite takes a number out of JSON as a number, which is no text to match, and a boolean as one.
    text = case((word.in_(_BOOLEANS), word), else_=cast(element.as_string(), String))
    if not isinstance(sample, int | float):
        return compare(text, comparison, value)
    value = [float(v) for v in value] if isinstance(value, list) else float(value)
    # Null where it is no number: a cast of another text would fail on PostgreSQL.
    is_number = text.regexp_match(r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$")
    return compare(case((is_number, cast(text, Float)), else_=None), comparison, value)


class _JsonWord(FunctionElement[str]):
    """Of an element of a JSON column: `true` or `false` where it is a boolean, something else where it is none."""

    inherit_cache = True
    name = "json_word"
    type = String()


@compiles(_JsonWord, "sqlite")
def _word_on_sqlite(word: Any, compiler: Any, **options: Any) -> str:
    (element,) = word.clauses
    return str(compiler.process(func.json_type(element.left, element.right), **options))


@compiles(_JsonWord, "postgresql")
def _word_on_postgresql(word: Any, compiler: Any, **options: Any) -> str:
    (element,) = word.clauses
    return str(compiler.process(cast(element, Text), **options))


def compare(column: Any, comparison: str, value: Any) -> ColumnElement[bool]:
    """The comparison with a value that fits."""
    clause: ColumnElement[bool]
    match comparison:
        case "exact":
            if isinstance(value, tuple):
                clause = column.in_(value)
            else:
                clause = column.is_(None) if value is None else column == _unrounded(column, value)
        case "isnull":
            clause = column.is_(None) if value else column.is_not(None)
        case "in":
            clause = column.in_(value.selected_ids()) if hasattr(value, "selected_ids") else among(column, value)
        case "gt" | "gte" | "lt" | "lte":
            compare = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}[comparison]
            clause = compare(column, _unrounded(column, value))
        case "range":
            low, high = (_unrounded(column, v) for v in value)
            # `between` takes no collation on PostgreSQL.
            clause = and_(column >= low, column <= high)
        case _:
            clause = _compare_text(column, comparison, value)
    return clause


def among(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    """One of these values, however many they are."""
    clause: ColumnElement[bool]
    if len(values) <= _MAX_PARAMETERS:
        clause = column.in_([_unrounded(column, value) for value in values])
        return clause
    if isinstance(column.type, Integer):
        values = [int(value) for value in values if value == int(value)]
    clause = column.in_(bindparam(None, list(values), expanding=True, literal_execute=True, unique=True))
    return clause


def _unrounded(column: Any, value: Any) -> Any:
    """A broken number as such: as one of a whole number's column it would be rounded."""
    return literal(value, Float) if isinstance(value, float) and isinstance(getattr(column, "type", None), Integer) else value


def _compare_text(column: Any, comparison: str, value: Any) -> ColumnElement[bool]:
    text = column if isinstance(getattr(column, "type", None), String) else cast(column, String)
    clause: ColumnElement[bool]
    if comparison in {"regex", "iregex"}:
        clause = text.regexp_match(value if comparison == "regex" else f"(?i){value}")
        return clause
    if comparison.startswith("i"):
        text, value, comparison = func.lower(text), value.lower(), comparison[1:]
    # `like` ignores case on SQLite, so texts are compared by position instead.
    match comparison:
        case "exact":
            clause = text == value
        case "contains":
            clause = func.replace(text, value, "") != text if value else text.is_not(None)
        case "startswith" if is_exact(text):
            clause = and_(text.is_not(None), begins_with(text, value))
        case "startswith":
            clause = func.substr(text, 1, len(value)) == value
        case _:
            clause = and_(func.length(text) >= len(value), func.substr(text, func.length(text) - len(value) + 1) == value)
    return clause
