"""Features by the names that questions use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lignin.base.errors import UnknownField, UsageError
from lignin.instance.named_features import meant_features, the_meant
from lignin.model import VALUES, Feature, Registry
from lignin.schema import Spellings

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["KnownFeatures", "find_named"]

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
            found = meant_features(self._instance, new)
            self._held.update({name: the_meant(name, found[name]) if name in found else None for name in new})
        return {name: feature for name in names if (feature := self._held[name]) is not None}

    def near(self, name: str, *, fields: Collection[str]) -> Sequence[str]:
        """Fields and features that are spelt much like a name, nearest first."""
        mine = select(Feature.name).where(Feature.is_type.is_(False), Feature.branch_id > 0).limit(_MOST_COMPARED)
        names = self._instance.database.read(lambda session: session.scalars(mine).all())
        spellings = Spellings(terms=frozenset([*names, *fields]), synonyms={})
        found = [*spellings.standard([name]).values(), *spellings.near([name]).get(name, ())]
        return list(dict.fromkeys(found))


def find_named(known: KnownFeatures, listed: Sequence[Any] | str, *, registry: type[Registry]) -> Sequence[Feature]:
    """The features that somebody lists, as records or by name.

    Raises:
        UnknownField: there is no such one; the message names those that are spelt like it.
        UsageError: the registry's records have no values of features, or this lists none.
    """
    listed = [listed] if isinstance(listed, str | Feature) else list(listed)
    if listed and registry.__name__ not in VALUES:
        raise UsageError(f"a {registry.__name__} has no values of features; artifacts, runs and records have")
    if wrong := [one for one in listed if not isinstance(one, str | Feature)]:
        raise UsageError(f"features takes features, or their names, not {wrong[0]!r}")
    named = known.named([one for one in listed if isinstance(one, str)])
    for name in listed:
        if isinstance(name, str) and name not in named:
            near = known.near(name, fields=())
            told = f" Did you mean {' or '.join(near)}?" if near else f" Register it: ln.Feature(name={name!r}, dtype=…).save()"
            raise UnknownField(f"there is no feature {name!r}.{told}", field=name, known=tuple(near))
    return list({feature.id: feature for one in listed for feature in [named[one] if isinstance(one, str) else one]}.values())

