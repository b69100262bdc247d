"""Features by the names that questions use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from lignin.base.errors import UsageError
from lignin.model import MAIN, Feature
from lignin.schema import Spellings

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["KnownFeatures"]

_MOST_COMPARED = 100_000


class KnownFeatures:
    """Looks features up, each name once."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._held: dict[str, Feature | None] = {}

    def named(self, names: Collection[str]) -> Mapping[str, Feature]:
        """The features of these names. One without a type goes before those in types.

        Raises:
            UsageError: several, in types, have one name.
        """
        new = sorted({name for name in names if name not in self._held})
        if new:
            branches = sorted({MAIN, self._instance.branch_id})
            mine = select(Feature).where(Feature.name.in_(new), Feature.is_type.is_(False), Feature.branch_id.in_(branches)).order_by(Feature.id)
            rows = self._instance.database.read(lambda session: session.scalars(mine).all())
            self._held.update({name: _chosen(name, [row for row in rows if row.name == name]) for name in new})
        return {name: feature for name in names if (feature := self._held[name]) is not None}

    def near(self, name: str, *, fields: Collection[str]) -> Sequence[str]:
        """Fields and features that are spelt much like a name, nearest first."""
        mine = select(Feature.name).where(Feature.is_type.is_(False), Feature.branch_id > 0).limit(_MOST_COMPARED)
        names = self._instance.database.read(lambda session: session.scalars(mine).all())
        spellings = Spellings(terms=frozenset([*names, *fields]), synonyms={})
        found = [*spellings.standard([name]).values(), *spellings.near([name]).get(name, ())]
        return list(dict.fromkeys(found))


def _chosen(name: str, rows: Sequence[Feature]) -> Feature | None:
    plain = [row for row in rows if row.type_id is None] or rows
    if len(plain) > 1:
        uids = ", ".join(row.uid for row in plain)
        raise UsageError(f"{len(plain)} features, of several types, are called {name!r}: {uids}. Ask by the record of one: filter(ln.Feature.get({plain[0].uid!r}) == …)")
    return plain[0] if plain else None
