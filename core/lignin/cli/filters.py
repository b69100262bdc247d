"""From `field=value` as typed to a condition, the value read by what the field holds."""

import json
import re
from typing import Any

from sqlalchemy import Boolean, Float, Integer

from lignin.base.errors import UsageError
from lignin.instance import Q
from lignin.instance.conditions import ALIASES
from lignin.model import REGISTRIES, Registry, Related
from lignin.model.types import JsonObject

__all__ = ["parse_filter", "parse_value"]

_TEXTS = {"contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "regex", "iregex", "iexact"}
_LISTS = {"in", "range"}
_YES, _NO = {"true", "yes", "1"}, {"false", "no", "0"}
_UID_BEGINNING = re.compile(r"[0-9A-Za-z]{8,20}")


def parse_filter(registry: type[Registry], text: str) -> Q:
    """The condition that `field=value` states.

    A relation takes a uid, its beginning from eight characters on, or the other record's key or
    name; `null` stands for nothing; the lists of `__in` and `__range` have commas between.

    Raises:
        UsageError: there is no `=`, or the value is not what the field holds.
    """
    lookup, equals, value = text.partition("=")
    if not equals or not lookup:
        raise UsageError(f"a filter is written field=value, not {text!r}. For example: --filter status=failed")
    whole = _aliased(registry, lookup)
    place, path = registry, whole.split("__")
    while len(path) > 1 and path[0] in place.relations() and path[1] not in {"in", "isnull"}:
        place = REGISTRIES[place.relations()[path.pop(0)].target]
    field, rest = path[0], path[1:]
    before = whole[: len(whole) - len("__".join(path))]
    relation = place.relations().get(field)
    if relation is not None:
        return _related(before + field, relation, rest, value)
    if field == "version" and "version_tag" in place.fields() and not rest:
        return Q(**{f"{before}version_tag": value}) | Q(**{f"{before}version_tag__isnull": True, f"{before}uid__endswith": value})
    comparison = rest[-1] if rest and rest[-1] in _TEXTS | _LISTS | {"isnull"} else ""
    parsed = _parse(place, field, comparison, value, lookup=lookup)
    return Q(**{lookup: parsed})


def parse_value(text: str) -> Any:
    """A number, `true`, `false`, `null`, list or object as JSON has it; everything else is a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _aliased(registry: type[Registry], lookup: str) -> str:
    name, mark, rest = lookup.partition("__")
    return ALIASES.get(registry.__name__, {}).get(name, name) + mark + rest


def _related(name: str, relation: Related, rest: list[str], value: str) -> Q:
    """By uid or by what people call the other record."""
    if rest == ["isnull"]:
        return Q(**{f"{name}__isnull": _boolean(value, lookup=f"{name}__isnull")})
    if value == "null" and not rest:
        return Q(**{f"{name}__isnull": True})
    if rest and rest != ["in"]:
        raise UsageError(f"{name} can't be asked for with {'__'.join(rest)!r}. Write {name}=UID, {name}__in=UID,UID or {name}__isnull=true")
    names = value.split(",") if rest == ["in"] else [value]
    label = REGISTRIES[relation.target].label
    condition: Q | None = None
    for one in names:
        either = Q(**{f"{name}__uid": one})
        if label != "uid":
            either = either | Q(**{f"{name}__{label}": one})
        if _UID_BEGINNING.fullmatch(one):
            either = either | Q(**{f"{name}__uid__startswith": one})
        condition = either if condition is None else condition | either
    assert condition is not None
    return condition


def _parse(registry: type[Registry], field: str, comparison: str, value: str, *, lookup: str) -> Any:
    if comparison == "isnull":
        return _boolean(value, lookup=lookup)
    if comparison in _TEXTS:
        return value
    if comparison in _LISTS:
        parts = value.split(",")
        if comparison == "range" and len(parts) != 2:
            raise UsageError(f"{lookup} takes two values with a comma between, not {value!r}")
        return [_one(registry, field, part, lookup=lookup) for part in parts]
    return _one(registry, field, value, lookup=lookup)


def _one(registry: type[Registry], field: str, value: str, *, lookup: str) -> Any:
    if value == "null":
        return None
    if field not in registry.fields():
        # The query itself says which fields there are.
        return value
    match getattr(registry, field).type:
        case Boolean():
            return _boolean(value, lookup=lookup)
        case Integer():
            return _number(value, lookup=lookup, whole=True)
        case Float():
            return _number(value, lookup=lookup, whole=False)
        case JsonObject():
            return parse_value(value)
        case _:
            return value


def _boolean(value: str, *, lookup: str) -> bool:
    if value.lower() in _YES | _NO:
        return value.lower() in _YES
    raise UsageError(f"{lookup} is true or false, not {value!r}")


def _number(value: str, *, lookup: str, whole: bool) -> float:
    try:
        number = int(value) if whole else float(value)
    except ValueError as e:
        raise UsageError(f"{lookup} takes a {'whole ' if whole else ''}number, not {value!r}") from e
    if whole and abs(number) >= 2**63:
        raise UsageError(f"{value} is too large for {lookup}")
    return number
