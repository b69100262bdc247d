"""From Django-like lookups to SQL conditions: `run__transform__key__startswith="rna/"`.

A relation across a link is a subselect, never a join, so that no condition multiplies rows.
Lookups of one call that go through the same relation speak of the same related record.
"""

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Select,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

from lignin.base.errors import UnknownField, UsageError
from lignin.base.texts import problem_of_text
from lignin.instance.beginning import begins_with
from lignin.instance.values import json_value, plain, value_for
from lignin.model import REGISTRIES, Registry, Related, ToMany, ToOne
from lignin.model.types import JsonObject, is_exact

__all__ = ["ALIASES", "Q", "compile_lookups", "first_names", "link_table"]

ALIASES: Mapping[str, Mapping[str, str]] = {
    "Artifact": {"transform": "run__transform", "recreating_runs": "output_of_runs"},
}

# SQLite takes expressions of a thousand levels, and each part of a condition may be one.
_MAX_TERMS, _MAX_DEPTH = 900, 100
# PostgreSQL takes 65,535 parameters in a statement, SQLite 32,766.
_MAX_PARAMETERS = 10_000
_BOOLEANS = ("true", "false")
_COMPARISONS = ("exact", "iexact", "in", "gt", "gte", "lt", "lte", "range", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "regex", "iregex", "isnull")


class Q:
    """A condition that combines with `&`, `|` and `~`.

    >>> Q(suffix=".h5ad") | ~Q(size__gt=1_000_000)
    (Q(suffix='.h5ad') | ~Q(size__gt=1000000))
    """

    def __init__(self, *parts: "Q", **lookups: Any) -> None:
        for part in parts:
            if not isinstance(part, Q):
                raise UsageError(f"a Q is made of field=value and of other Qs, not of {part!r}")
        self.parts: tuple[Q, ...] = parts
        self.lookups: Mapping[str, Any] = lookups
        self.operator = "&"
        self.negated = False
        self.terms: int = len(lookups) + sum(part.terms for part in parts)
        self.depth: int = 1 + max((part.depth for part in parts), default=0)

    def __and__(self, other: "Q") -> "Q":
        return self._joined("&", other)

    def __or__(self, other: "Q") -> "Q":
        return self._joined("|", other)

    def __invert__(self) -> Self:
        copy = type(self)(*self.parts, **self.lookups)
        copy.operator, copy.negated = self.operator, not self.negated
        return copy

    def __repr__(self) -> str:
        inner = [repr(part) for part in self.parts]
        if self.lookups or not inner:
            inner.append(f"Q({', '.join(f'{name}={value!r}' for name, value in self.lookups.items())})")
        text = inner[0] if len(inner) == 1 else f"({f' {self.operator} '.join(inner)})"
        return f"~{text}" if self.negated else text

    def compiled(self, registry: type[Registry]) -> ColumnElement[bool]:
        """The condition on rows of `registry`.

        Raises:
            UsageError: it has more parts than a database takes, or can't be asked of this registry.
        """
        if self.terms > _MAX_TERMS:
            raise UsageError(f"this condition has {self.terms} parts, {_MAX_TERMS} are allowed. Ask for many values with: field__in=[…]")
        if self.depth > _MAX_DEPTH:
            raise UsageError(f"this condition is {self.depth} levels deep, {_MAX_DEPTH} are allowed. Write it flatter, or ask with: field__in=[…]")
        clauses = [part.compiled(registry) for part in self.parts]
        if self.lookups:
            clauses.append(compile_lookups(registry, self.lookups))
        clause = or_(*clauses) if self.operator == "|" else and_(true(), *clauses)
        # What is unknown of a row, since a field of it is empty, is not met.
        return not_(func.coalesce(clause, false())) if self.negated else clause

    def _joined(self, operator: str, other: "Q") -> "Q":
        if not isinstance(other, Q):
            raise UsageError(f"a Q combines with another Q, not with {other!r}")
        is_same = self.operator == operator and not self.negated and not self.lookups and bool(self.parts)
        joined = Q()
        joined.parts = (*self.parts, other) if is_same else (self, other)
        joined.operator, joined.terms = operator, self.terms + other.terms
        joined.depth = max(self.depth, other.depth + 1) if is_same else 1 + max(self.depth, other.depth)
        return joined


def first_names(conditions: Iterable[Q], lookups: Mapping[str, Any]) -> set[str]:
    """The fields and relations of the registry itself that any condition speaks of."""
    names = {lookup.split("__", 1)[0] for lookup in lookups}
    for q in conditions:
        names |= first_names(q.parts, q.lookups)
    return names


def compile_lookups(registry: type[Registry], lookups: Mapping[str, Any]) -> ColumnElement[bool]:
    """All lookups of one call as one condition.

    Raises:
        UnknownField: a name that the registry does not have.
    """
    clauses: list[ColumnElement[bool]] = []
    across: dict[str, dict[str, Any]] = {}
    for given, value in lookups.items():
        lookup = _unaliased(registry, given)
        name, _, rest = lookup.partition("__")
        if name in registry.relations() and rest and rest not in {"in", "isnull"}:
            across.setdefault(name, {})[rest] = value
        else:
            clauses.append(_compile_own(registry, lookup, value))
    for name, inner in across.items():
        relation = registry.relations()[name]
        target = REGISTRIES[relation.target]
        chosen = select(_id(target)).where(compile_lookups(target, inner))
        clauses.append(_linked(registry, relation, chosen))
    return and_(true(), *clauses)


def link_table(relation: ToMany) -> Any:
    """The link table of a relation that has one."""
    return Registry.metadata.tables[str(relation.through)]


def _compile_own(registry: type[Registry], given: str, value: Any) -> ColumnElement[bool]:
    name, _, rest = given.partition("__")
    relation = registry.relations().get(name)
    if relation is not None:
        return _compile_relation(registry, relation, rest, value)
    if name not in registry.fields():
        raise _unknown(registry, name)
    column: InstrumentedAttribute[Any] = getattr(registry, name)
    path = rest.split("__") if rest else []
    comparison = path.pop() if path and path[-1] in _COMPARISONS else "exact"
    if isinstance(column.type, JsonObject):
        return _compile_json(column, path, comparison, value)
    if path or given != (f"{name}__{rest}" if rest else name):
        raise _unknown(registry, given)
    return _compare(column, comparison, value_for(column, comparison, value))


def _compile_relation(registry: type[Registry], relation: Related, rest: str, value: Any) -> ColumnElement[bool]:
    target = REGISTRIES[relation.target]
    if rest == "isnull" or (value is None and rest != "in"):
        is_absent = value is None or json_value(relation.name, "isnull", value)
        present = _linked(registry, relation, None)
        return not_(present) if is_absent else present
    values: Any = value if rest == "in" else [value]
    if hasattr(values, "selected_ids"):
        if values.registry is not target:
            raise UsageError(f"{relation.name}__in takes {target.__name__} records, not {values.registry.__name__} records")
        return _linked(registry, relation, values.selected_ids())
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise UsageError(f"{relation.name}__in takes a list of {target.__name__} records, not {values!r}")
    ids = [_id_of(target, relation, v) for v in values]
    return _linked(registry, relation, select(_id(target)).where(_among(_id(target), ids)))


def _linked(registry: type[Registry], relation: Related, chosen: Select[tuple[int]] | None) -> ColumnElement[bool]:
    """Rows that are related to any of the chosen ones; to any at all for `None`."""
    if isinstance(relation, ToOne):
        key: InstrumentedAttribute[int | None] = getattr(registry, relation.key)
        return key.is_not(None) if chosen is None else key.in_(chosen)
    assert isinstance(relation, ToMany)
    if relation.through is None:
        target = REGISTRIES[relation.target]
        back: InstrumentedAttribute[int | None] = getattr(target, relation.other)
        rows = select(back).where(back.is_not(None))
        return _id(registry).in_(rows if chosen is None else rows.where(_id(target).in_(chosen)))
    link = link_table(relation)
    rows = select(link.c[relation.own])
    return _id(registry).in_(rows if chosen is None else rows.where(link.c[relation.other].in_(chosen)))


def _compile_json(column: Any, path: list[str], comparison: str, value: Any) -> ColumnElement[bool]:
    said = "__".join((column.key, *path))
    if any(problem_of_text(step) or not step or '"' in step or "\\" in step for step in path):
        raise UsageError(f"{said!a} can't be asked for: a name in {column.key} may not be empty, and hold no quotes, backslashes or NUL")
    value = json_value(said, comparison, value)
    # Step by step: a path in one text would have to be quoted, and each store quotes it otherwise.
    element = column
    for step in path:
        element = element[step]
    if comparison == "isnull":
        return _compare(element.as_string() if path else column, "isnull", value)
    if not path:
        raise UsageError(f"name a key inside {column.key}: {column.key}__KEY={value!r}")
    sample = next(iter(value), None) if isinstance(value, list) else value
    if sample is None:
        return false() if isinstance(value, list) else _compare(element.as_string(), "isnull", True)
    word = _JsonWord(element)
    if isinstance(sample, bool):
        value = [str(v).lower() for v in value] if isinstance(value, list) else str(value).lower()
        return _compare(case((word.in_(_BOOLEANS), word), else_=None), comparison, value)
    # SQLite takes a number out of JSON as a number, which is no text to match, and a boolean as one.
    text = case((word.in_(_BOOLEANS), word), else_=cast(element.as_string(), String))
    if not isinstance(sample, int | float):
        return _compare(text, comparison, value)
    value = [float(v) for v in value] if isinstance(value, list) else float(value)
    # Null where it is no number: a cast of another text would fail on PostgreSQL.
    is_number = text.regexp_match(r"^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$")
    return _compare(case((is_number, cast(text, Float)), else_=None), comparison, value)


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


def _compare(column: Any, comparison: str, value: Any) -> ColumnElement[bool]:
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
            clause = column.in_(value.selected_ids()) if hasattr(value, "selected_ids") else _among(column, value)
        case "gt" | "gte" | "lt" | "lte":
            compare = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}[comparison]
            clause = compare(column, _unrounded(column, value))
        case "range":
            low, high = (_unrounded(column, v) for v in value)
            clause = column.between(low, high)
        case _:
            clause = _compare_text(column, comparison, value)
    return clause


def _among(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
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


def _id(registry: type[Registry]) -> InstrumentedAttribute[int]:
    return registry.id


def _id_of(target: type[Registry], relation: Related, value: Any) -> int:
    if isinstance(value, target):
        own = value.id
        if own is None:
            raise UsageError(f"{value!r} is not saved yet, so nothing can be related to it. Save it first.")
        return int(own)
    value = plain(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    raise UsageError(f"{relation.name} takes a {target.__name__}, not {value!r}. For a field of it write {relation.name}__{target.label}={value!r}")


def _unaliased(registry: type[Registry], lookup: str) -> str:
    name, mark, rest = lookup.partition("__")
    return ALIASES.get(registry.__name__, {}).get(name, name) + mark + rest


def _unknown(registry: type[Registry], name: str) -> UnknownField:
    known = tuple(sorted({*registry.fields(), *registry.relations(), *ALIASES.get(registry.__name__, {})}))
    return UnknownField(f"{registry.__name__} has no field {name!r}. It has: {', '.join(known)}", field=name, known=known)
