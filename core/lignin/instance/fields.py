"""What the fields of a record may hold: said before anything is stored, and alike on both stores.

SQLite takes a text for a number and PostgreSQL does not; neither says which record and field it means.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Set
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, Integer, String

from lignin.base.errors import InvalidKey, UsageError
from lignin.base.redact import redact, redact_url
from lignin.base.texts import MAX_INDEXED, problem_of_name, problem_of_text, shown, size_of
from lignin.model import Artifact, Feature, Project, Reference, Registry, Run, Storage, Versioned
from lignin.model.types import JsonObject, UtcDateTime
from lignin.recording import RunStatus

__all__ = ["INTERNAL", "check_fields", "check_value", "conceal"]

# Papers about runs, which listings leave out.
INTERNAL = "__lignin_run__"
_MAX_NAME = 255
_MAX_DEPTH = 100
_NAMES = {"name", "handle"}
# Where people, and programs for them, put what they ran and with what.
_TOLD = {
    "Run": ("name", "description", "params", "info", "cli_args", "error", "reference"),
    "Transform": ("source_code", "description", "reference"),
    "Artifact": ("description", "extra_data"),
    "Collection": ("description", "reference"),
    "ULabel": ("description", "reference"),
    "Project": ("description", "url"),
    "Storage": ("description",),
    "Feature": ("description",),
    "Schema": ("description",),
    "Record": ("description", "reference", "extra_data"),
    "Reference": ("description", "url", "text"),
    "Note": ("content",),
}
_URLS = {"reference", "url"}
_DOI = re.compile(r"10\.\d{4,9}(\.\d+)*/\S+")
_ROLES = {"managed", "location"}


def check_fields(record: Registry, names: Iterable[str] | None = None) -> None:
    """Refuse a record some of whose fields hold what they can't.

    Args:
        record: new, or with changes.
        names: the fields to look at; all by default.

    Raises:
        UsageError: one can't; the message says which, and what it takes.
    """
    registry = type(record)
    columns = _columns(registry)
    given = columns if names is None else names
    for name in given:
        value = getattr(record, name)
        if value is not None:
            check_value(registry, name, value)
        elif names is not None and not columns[name].nullable:
            raise UsageError(f"{registry.__name__}.{name} can't be empty")
    _check_sizes(record, set(given))
    _check_own(record)


def check_value(registry: type[Registry], name: str, value: Any) -> None:
    """Refuse a value that a field can't hold.

    Raises:
        UsageError: as `check_fields`.
    """
    said = f"{registry.__name__}.{name}"
    kind = _columns(registry)[name].type
    match kind:
        case String():
            _expect(isinstance(value, str), said, "a text", value)
            if name in _NAMES and registry is not Run:
                _check_name(registry, name, value)
            _check_text(said, value)
            if (registry, name) == (Artifact, "kind"):
                _expect(not value.startswith("__lignin") or value == INTERNAL, said, "a word of your own", value)
        case Boolean():
            _expect(isinstance(value, bool), said, "True or False", value)
        case Integer():
            bits = 63 if isinstance(kind, BigInteger) else 31
            _expect(isinstance(value, int) and not isinstance(value, bool), said, "a whole number", value)
            _expect(-(2**bits) <= value < 2**bits, said, f"a whole number of {bits + 1} bits", value)
        case UtcDateTime():
            _expect(isinstance(value, datetime), said, "a datetime", value)
        case Date():
            # A moment is a date to Python, and would lose its hours.
            _expect(isinstance(value, date) and not isinstance(value, datetime), said, "a date", value)
        case JsonObject():
            _expect(isinstance(value, Mapping) or registry is Feature, said, "a dict", value)
            _check_json(said, value, 0)


def _check_text(said: str, value: Any) -> None:
    """Refuse what no database takes in a text.

    Raises:
        UsageError: it holds a NUL or a lone surrogate.
    """
    if isinstance(value, str) and (problem := problem_of_text(value)):
        raise UsageError(f"{said} can't be {value[:60]!r}: {problem}")


def conceal(record: Registry, names: Iterable[str] | None = None) -> None:
    """Take secrets out of what people hand over as parameters, code, command lines and URLs.

    Args:
        record: new, or with changes.
        names: the fields to look at; all by default.
    """
    for name in _TOLD.get(type(record).__name__, ()):
        value = getattr(record, name)
        if value and (names is None or name in names):
            clean = redact_url(value) if name in _URLS else redact(dict(value) if isinstance(value, Mapping) else value)
            if clean != value:
                setattr(record, name, clean)


@cache
def _columns(registry: type[Registry]) -> Mapping[str, Any]:
    return {column.key: column for column in registry.__mapper__.columns}


@cache
def _indexed(registry: type[Registry]) -> tuple[tuple[str, ...], ...]:
    """The texts of each index, which share its room."""
    table: Any = registry.__table__
    groups = [index.columns for index in table.indexes] + [[column] for column in table.c if column.unique]
    named = (tuple(c.key for c in group if isinstance(c.type, String)) for group in groups)
    return tuple(dict.fromkeys(group for group in named if group))


def _expect(fits: bool, said: str, what: str, value: object) -> None:  # noqa: FBT001 - it is what is said
    if not fits:
        raise UsageError(f"{said} takes {what}, not {shown(value)}")


def _check_name(registry: type[Registry], name: str, value: str) -> None:
    problem = problem_of_name(value) or (f"it has {len(value)} characters, {_MAX_NAME} are allowed" if len(value) > _MAX_NAME else None)
    if problem:
        raise InvalidKey(f"{value[:60]!r} can't be the {name} of a {registry.__name__}: {problem}", value=value)


def _check_json(said: str, value: Any, depth: int) -> None:
    """JSON as both databases take it: finite numbers, texts without NUL, names that are texts."""
    match value:
        case None | bool() | int():
            return
        case float():
            _expect(math.isfinite(value), said, "finite numbers, or None", value)
        case str():
            _check_text(said, value)
        case Mapping() | list() | tuple():
            _expect(depth < _MAX_DEPTH, said, f"{_MAX_DEPTH} levels at most", "more")
            if isinstance(value, Mapping):
                for name in value:
                    _expect(isinstance(name, str), said, "names that are texts", name)
                    _check_text(said, name)
                value = value.values()
            for inner in value:
                _check_json(said, inner, depth + 1)
        case _:
            raise UsageError(f"{said} takes what JSON can say, and not {shown(value)}")


def _check_sizes(record: Registry, given: Set[str]) -> None:
    for group in _indexed(type(record)):
        if given.isdisjoint(group):
            continue
        texts = [(name, value) for name in group if isinstance(value := getattr(record, name), str)]
        if sum(len(value) for _, value in texts) * 4 <= MAX_INDEXED:
            continue
        size = sum(size_of(value) for _, value in texts)
        if size > MAX_INDEXED:
            names = " and ".join(name for name, _ in texts)
            raise UsageError(f"the {names} of this {type(record).__name__} is too long: {size} bytes, {MAX_INDEXED} are allowed")


def _check_own(record: Registry) -> None:
    """What a registry asks of its own fields."""
    match record:
        case Run():
            _expect(record.status is None or record.status in set(RunStatus), "Run.status", f"one of {', '.join(RunStatus)}", record.status)
            _expect(record.attempt is None or record.attempt >= 1, "Run.attempt", "a number from 1", record.attempt)
        case Project():
            if record.start_date and record.end_date and record.end_date < record.start_date:
                raise UsageError(f"Project.end_date {record.end_date} is before its start_date {record.start_date}")
        case Reference():
            _expect(record.doi is None or _DOI.fullmatch(record.doi) is not None, "Reference.doi", "a DOI such as 10.1126/science.abj4008", record.doi)
            _expect(record.pubmed_id is None or record.pubmed_id > 0, "Reference.pubmed_id", "a number of PubMed, from 1", record.pubmed_id)
        case Storage():
            _expect(record.role is None or record.role in _ROLES, "Storage.role", "managed or location", record.role)
        case _:
            pass
    uid = record.uid
    length = type(record).uid_length + (4 if isinstance(record, Versioned) else 0)
    if uid is not None and not re.fullmatch(rf"[0-9A-Za-z]{{{length}}}", uid):
        raise InvalidKey(f"{uid[:60]!r} is no uid of a {type(record).__name__}: it has {length} letters and digits. Leave it out to get one.", value=uid)
