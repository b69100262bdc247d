"""The records that values name, and new ones for those that name none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.base.texts import shown
from lignin.instance.look_up import terms_of
from lignin.model import RecordList, Registry, Typed
from lignin.schema import look_up_terms

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["from_values"]

R = TypeVar("R", bound=Registry)
_CHUNK = 5_000


def from_values(instance: Instance, registry: type[R], values: Any, *, options: Mapping[str, Any]) -> RecordList[R]:
    """The records that the values name, in their order; see `Registry.from_values`."""
    terms = terms_of(instance, registry, field=options["field"], within=options["type"])
    found = look_up_terms(values, terms)
    name = getattr(options["field"], "key", options["field"]) or registry.label
    ids = [own for _, own in terms.ids(found.validated).values()]
    rows: list[R] = []
    for begin in range(0, len(ids), _CHUNK):
        mine = select(registry).where(registry.id.in_(ids[begin : begin + _CHUNK]))
        rows += instance.database.read(lambda session, mine=mine: session.scalars(mine).all())  # type: ignore[misc]  # bound in the loop
    by_name = {getattr(row, name): row for row in rows}
    listed = [by_name[value] for value in found.validated]
    if not found.non_validated:
        return RecordList(listed)
    if not options["create"]:
        say("!", f"{len(found.non_validated):,} of the values name no {registry.__name__}: {', '.join(map(shown, found.non_validated[:5]))}; to make them: create=True")
        return RecordList(listed)
    kind = None if terms.type_id is None else instance.query(registry).get(terms.type_id)
    return RecordList([*listed, *_new(registry, name, found.non_validated, kind=kind)])


def _new(registry: type[R], field: str, values: tuple[Any, ...], *, kind: R | None) -> list[R]:
    if not issubclass(registry, Typed) or field != registry.label or registry.__name__ in {"Feature", "Schema"}:
        raise UsageError(f"a {registry.__name__} can't be made of its {field} alone. Make each: ln.{registry.__name__}(…)")
    if unfit := [value for value in values if not isinstance(value, str)]:
        raise UsageError(f"{shown(unfit[0])} can't be the name of a {registry.__name__}: it is no text")
    return [registry(name=value, type=kind) if kind is not None else registry(name=value) for value in values]
