"""Features by name: what a name means is decided here, for whoever asks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from lignin.base.errors import UsageError
from lignin.model import Feature

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["meant_features", "the_meant"]

_CHUNK = 5_000


def meant_features(instance: Instance, names: Collection[str]) -> Mapping[str, Sequence[Feature]]:
    """What each name may mean: the feature without a type, else all that have the name in types. Names that mean nothing are left out."""
    found: dict[str, list[Feature]] = {}
    listed = [name for name in dict.fromkeys(names) if isinstance(name, str)]
    for begin in range(0, len(listed), _CHUNK):
        chunk = listed[begin : begin + _CHUNK]
        mine = select(Feature).where(Feature.name.in_(chunk), Feature.is_type.is_(False), Feature.branch_id.in_(instance.branches_in_sight)).order_by(Feature.id)
        for row in instance.database.read(lambda session, mine=mine: session.scalars(mine).all()):  # type: ignore[misc]  # bound in the loop
            found.setdefault(row.name, []).append(row)
    return {name: [row for row in rows if row.type_id is None][:1] or rows for name, rows in found.items()}


def the_meant(name: str, rows: Sequence[Feature]) -> Feature:
    """The one feature that a name means.

    Raises:
        UsageError: there are several, in types.
    """
    if len(rows) > 1:
        uids = ", ".join(row.uid for row in rows)
        raise UsageError(f"{len(rows)} features, of several types, are called {name!r}: {uids}. Name the one that you mean by its record, in place of its name: ln.Feature.get({rows[0].uid!r})")
    return rows[0]
