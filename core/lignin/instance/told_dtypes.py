"""Dtypes as people read them: a feature keeps the types of its terms by uid, so that they can be renamed, and people know them by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.instance.comparisons import among
from lignin.model import REGISTRIES, Typed
from lignin.schema import Categorical, Dtype, ListOf, Target, parse_dtype

__all__ = ["told_dtypes"]


def told_dtypes(session: Session, dtypes: Iterable[Any]) -> Mapping[str, str]:
    """For the text of each dtype the text with types by name; a statement for each registry that has types among them, and none for others."""
    parsed = {text: parse_dtype(text) for text in {str(dtype) for dtype in dtypes}}
    uids: dict[str, set[str]] = {}
    for dtype in parsed.values():
        for target in _targets(dtype):
            if target.types and issubclass(REGISTRIES.get(target.registry, object), Typed):
                uids.setdefault(target.registry, set()).update(target.types)
    names: dict[tuple[str, str], str] = {}
    for registry, wanted in uids.items():
        table: Any = REGISTRIES[registry]
        found = session.execute(select(table.uid, table.name).where(among(table.uid, sorted(wanted)), table.name.is_not(None))).tuples()
        names.update({(registry, uid): name for uid, name in found})
    return {text: str(_named(dtype, names)) if names else text for text, dtype in parsed.items()}


def _targets(dtype: Dtype) -> Iterator[Target]:
    if isinstance(dtype, ListOf):
        yield from _targets(dtype.item)
    elif isinstance(dtype, Categorical):
        yield from dtype.targets


def _named(dtype: Dtype, names: Mapping[tuple[str, str], str]) -> Dtype:
    if isinstance(dtype, ListOf):
        return replace(dtype, item=_named(dtype.item, names))
    if not isinstance(dtype, Categorical):
        return dtype
    targets = (replace(target, types=tuple(names.get((target.registry, part), part) for part in target.types)) for target in dtype.targets)
    return replace(dtype, targets=tuple(targets))
