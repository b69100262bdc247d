"""From Django-like lookups to SQL conditions: `run__transform__key__startswith="rna/"`.

A relation across a link is a subselect, never a join, so that no condition multiplies rows.
Lookups of one call that go through the same relation speak of the same related record.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select, true, union_all
from sqlalchemy.orm import InstrumentedAttribute

from lignin.base.errors import UnknownField, UsageError
from lignin.instance.comparisons import COMPARISONS, among, compare, compile_json
from lignin.instance.feature_conditions import feature_condition
from lignin.instance.value_links import linked_by_values
from lignin.instance.values import json_value, plain, value_for
from lignin.model import REGISTRIES, VALUES, Predicate, Q, Registry, Related, ToMany, ToOne
from lignin.model.types import JsonObject

if TYPE_CHECKING:
    from lignin.instance.known_features import KnownFeatures

__all__ = ["ALIASES", "compile_condition", "compile_lookups", "first_names", "link_table"]

ALIASES: Mapping[str, Mapping[str, str]] = {
    "Artifact": {"transform": "run__transform", "recreating_runs": "output_of_runs"},
}

# SQLite takes expressions of a thousand levels, and each part of a condition may be one.
_MAX_TERMS, _MAX_DEPTH = 900, 100


def compile_condition(registry: type[Registry], condition: Q, *, features: "KnownFeatures | None" = None) -> ColumnElement[bool]:
    """A condition on rows of `registry`.

    Raises:
        UsageError: it has more parts than a database takes, or can't be asked of this registry.
    """
    if condition.terms > _MAX_TERMS:
        raise UsageError(f"this condition has {condition.terms} parts, {_MAX_TERMS} are allowed. Ask for many values with: field__in=[…]")
    if condition.depth > _MAX_DEPTH:
        raise UsageError(f"this condition is {condition.depth} levels deep, {_MAX_DEPTH} are allowed. Write it flatter, or ask with: field__in=[…]")
    clauses = [compile_condition(registry, part, features=features) for part in condition.parts]
    if condition.lookups:
        clauses.append(compile_lookups(registry, condition.lookups, features=features))
    if isinstance(condition, Predicate):
        clauses.append(_compile_predicate(registry, condition, features=features))
    clause = or_(*clauses) if condition.operator == "|" else and_(true(), *clauses)
    # What is unknown of a row, since a field of it is empty, is not met.
    return not_(func.coalesce(clause, false())) if condition.negated else clause


def first_names(conditions: Iterable[Q], lookups: Mapping[str, Any]) -> set[str]:
    """The fields and relations of the registry itself that any condition speaks of."""
    names = {lookup.split("__", 1)[0] for lookup in lookups}
    for q in conditions:
        names |= first_names(q.parts, q.lookups)
    return names


def compile_lookups(registry: type[Registry], lookups: Mapping[str, Any], *, features: "KnownFeatures | None" = None) -> ColumnElement[bool]:
    """All lookups of one call as one condition. A field goes before a feature of its name.

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
            clauses.append(_compile_own(registry, lookup, value, features=features))
    for name, inner in across.items():
        relation = registry.relations()[name]
        target = REGISTRIES[relation.target]
        chosen = select(_id(target)).where(compile_lookups(target, inner, features=features))
        clauses.append(_linked(registry, relation, chosen))
    return and_(true(), *clauses)


def link_table(relation: ToMany) -> Any:
    """The link table of a relation that has one."""
    return Registry.metadata.tables[str(relation.through)]


def _compile_own(registry: type[Registry], given: str, value: Any, *, features: "KnownFeatures | None") -> ColumnElement[bool]:
    name, _, rest = given.partition("__")
    relation = registry.relations().get(name)
    if relation is not None:
        return _compile_relation(registry, relation, rest, value)
    if name not in registry.fields():
        feature = None if features is None or registry.__name__ not in VALUES else features.named([name]).get(name)
        if feature is None:
            raise _unknown(registry, name, features=features)
        return feature_condition(registry, feature, lookup=rest, value=value, inner=partial(compile_lookups, features=features))
    column: InstrumentedAttribute[Any] = getattr(registry, name)
    path = rest.split("__") if rest else []
    comparison = path.pop() if path and path[-1] in COMPARISONS else "exact"
    if isinstance(column.type, JsonObject):
        return compile_json(column, path, comparison, value)
    if path or given != (f"{name}__{rest}" if rest else name):
        raise _unknown(registry, given)
    return compare(column, comparison, value_for(column, comparison, value))


def _compile_predicate(registry: type[Registry], asked: Predicate, *, features: "KnownFeatures | None") -> ColumnElement[bool]:
    if asked.feature.id is None:
        raise UsageError(f"the feature {asked.feature.name!r} is not saved yet, so nothing has values of it. Save it first.")
    return feature_condition(registry, asked.feature, lookup=asked.comparison, value=asked.value, inner=partial(compile_lookups, features=features))


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
    return _linked(registry, relation, select(_id(target)).where(among(_id(target), ids)))


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
    rows = rows if chosen is None else rows.where(link.c[relation.other].in_(chosen))
    said = linked_by_values(registry, relation)
    if said is None:
        return _id(registry).in_(rows)
    own, other = said.selected_columns
    more = said.with_only_columns(own) if chosen is None else said.with_only_columns(own).where(other.element.in_(chosen))
    return _id(registry).in_(union_all(rows, more))


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


def _unknown(registry: type[Registry], name: str, *, features: "KnownFeatures | None" = None) -> UnknownField:
    known = tuple(sorted({*registry.fields(), *registry.relations(), *ALIASES.get(registry.__name__, {})}))
    told = f"{registry.__name__} has no field {name!r}"
    if features is not None and registry.__name__ in VALUES:
        near = features.near(name, fields=known)
        told += ", and there is no feature of that name" + (f"; did you mean {' or '.join(near)}?" if near else "")
    told = told if told.endswith("?") else told + "."
    return UnknownField(f"{told} It has: {', '.join(known)}", field=name, known=known)
