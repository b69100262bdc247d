"""The dtype that an object stands for: a text, a Python type, a registry, a type of NumPy, pandas, polars or Arrow; and that of a value."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from numbers import Integral, Real
from pathlib import Path, PurePath
from types import GenericAlias
from typing import Any

from lignin.base.errors import DtypeError
from lignin.base.texts import shown
from lignin.schema.dtype import Categorical, Dtype, Kind, ListOf, Simple, Target
from lignin.schema.parse import parse_dtype
from lignin.schema.values import is_list, is_missing, plain, zone_of

__all__ = ["dtype_of", "dtype_of_stored", "dtype_of_value"]

_PYTHON: Mapping[type, Kind] = {
    int: Kind.INT, float: Kind.FLOAT, str: Kind.STR, bool: Kind.BOOL, date: Kind.DATE, datetime: Kind.DATETIME, dict: Kind.DICT,
    Path: Kind.PATH, PurePath: Kind.PATH,
}
# What NumPy, pandas, polars and Arrow call their types, in small letters.
_STORED: tuple[tuple[str, str], ...] = (
    (r"u?int\d+(\[pyarrow\])?", "int"),
    (r"(float|double|halffloat|half_float|float\d+)(\[pyarrow\])?", "float"),
    (r"bool(ean|_)?(\[pyarrow\])?", "bool"),
    (r"<?u\d+|str(ing)?(\[.*\])?|large_string(\[pyarrow\])?|string_view|utf8|large_utf8", "str"),
    (r"category|categorical.*|enum.*|dictionary<values=(large_)?string(_view)?,.*", "cat"),
    (r"date|date32(\[.*\])*|date64(\[.*\])*", "date"),
    (r"struct.*|map<.*", "dict"),
)
_TIME = re.compile(r"""<?(datetime64|m8|datetime|timestamp)([(\[](time_unit=)?['"]?(s|ms|us|ns)['"]?(, *(tz=|time_zone=)?['"]?(?P<zone>[\w/+:-]+)['"]?)?[)\]])?(\[pyarrow\])?""", re.I)
_LISTED = re.compile(r"(?:large_|fixed_size_)?(?:list|array)(?:_view)?(?:<\w+: (?P<arrow>.*?)(?: not null)?>|\((?P<polars>.*?)(, (shape|width|size)=.*)?\))(\[.*\])?", re.I)


def dtype_of(declared: Any) -> Dtype:
    """The dtype that somebody declares: `int`, `"cat[ULabel]"`, `list[str]`, `datetime.date`, `ln.ULabel`, `ln.Record.name`, a record type, `[A, B]`.

    Raises:
        DtypeError: it stands for none.
    """
    if isinstance(declared, Simple | Categorical | ListOf):
        return declared
    if isinstance(declared, str):
        return parse_dtype(declared)
    if isinstance(declared, GenericAlias) and declared.__origin__ is list:
        return ListOf(item=dtype_of(declared.__args__[0]))
    if isinstance(declared, type) and declared in _PYTHON:
        return Simple(kind=_PYTHON[declared])
    if isinstance(declared, list | tuple) and declared:
        return _union(declared)
    target = _target(declared)
    if target is not None:
        return Categorical(targets=(target,))
    # NumPy's and polars' types are classes too, and known by their names.
    name = declared.__name__ if isinstance(declared, type) and declared.__module__.partition(".")[0] in {"numpy", "polars"} else str(declared)
    found = dtype_of_stored(name)
    if found is None:
        raise DtypeError(f"{shown(declared)} is no dtype. Give a Python type, a registry, one of its fields, or a text such as 'cat[ULabel]'.", text=str(declared))
    return found


def dtype_of_stored(name: str) -> Dtype | None:
    """The dtype of what NumPy, pandas, polars or Arrow stores under a type's name; `None` where the name does not tell (`object`)."""
    name = name.strip()
    if match := _TIME.fullmatch(name):
        zone = match["zone"]
        return Simple(kind=Kind.DATETIME, zone=None if zone in {None, "None"} else zone)
    if match := _LISTED.fullmatch(name):
        item = dtype_of_stored(match["arrow"] or match["polars"])
        return None if item is None else ListOf(item=item)
    for pattern, text in _STORED:
        if re.fullmatch(pattern, name, flags=re.I):
            return parse_dtype(text)
    return None


def dtype_of_value(value: Any) -> Dtype | None:
    """The dtype of a Python value, or of several in a list; `None` where it has none of ours, or tells nothing (`None`, NaN, an empty list)."""
    value = plain(value)
    if is_list(value):
        items = {dtype_of_value(v) for v in value if not is_missing(v)}
        if items == {Simple(kind=Kind.INT), Simple(kind=Kind.FLOAT)}:
            items = {Simple(kind=Kind.FLOAT)}
        item = items.pop() if len(items) == 1 else None
        return None if item is None else ListOf(item=item)
    if is_missing(value):
        return None
    if isinstance(value, datetime):
        return Simple(kind=Kind.DATETIME, zone=zone_of(value))
    known: Iterable[tuple[Any, Kind]] = (
        (bool, Kind.BOOL), (Integral, Kind.INT), (Real, Kind.FLOAT), (str, Kind.STR), (date, Kind.DATE), (Mapping, Kind.DICT), (PurePath, Kind.PATH),
    )
    kind = next((kind for kinds, kind in known if isinstance(value, kinds)), None)
    return None if kind is None else Simple(kind=kind)


def _union(declared: Iterable[Any]) -> Categorical:
    targets: list[Target] = []
    for part in declared:
        found = dtype_of(part)
        if not isinstance(found, Categorical) or not found.targets:
            raise DtypeError(f"{shown(part)} can't be one of several: each must be a registry or one of its fields.", text=str(part))
        targets += [target for target in found.targets if target not in targets]
    return Categorical(targets=tuple(targets))


def _target(declared: Any) -> Target | None:
    """A registry, a field of one, or a record that is a type: told by what they have, since this layer knows no tables."""
    if isinstance(declared, type):
        return Target(registry=_registry(declared)) if hasattr(declared, "__tablename__") else None
    owner, key = getattr(declared, "class_", None), getattr(declared, "key", None)
    if isinstance(owner, type) and isinstance(key, str):
        return Target(registry=_registry(owner), field=key)
    uid = getattr(declared, "uid", None)
    if isinstance(uid, str) and hasattr(type(declared), "__tablename__"):
        if not getattr(declared, "is_type", False):
            raise DtypeError(f"{shown(declared)} is no type: values can be of a type only. Create it with is_type=True.", text=str(declared))
        return Target(registry=_registry(type(declared)), types=(uid,))
    return None


def _registry(cls: type) -> str:
    """A registry's name: plain for ours, with its package for those of others."""
    package = cls.__module__.partition(".")[0]
    return cls.__name__ if package in {"lignin", "__main__"} else f"{package}.{cls.__name__}"
