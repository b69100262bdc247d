"""A hint where new names resemble names that are there: one question for all of them, and one line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, text

from lignin.base.messages import is_said, say
from lignin.model import Feature, Project, Record, Reference, Registry, ULabel
from lignin.schema import similar_names

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["hint_at_similar"]

_HINTED = (ULabel, Record, Feature, Project, Reference)
# Of shorter names everything is near; of more names at once, each is somebody's list, and a slip would not be seen among them.
_SHORTEST, _MOST_NEW, _MOST_SHOWN = 4, 20, 3
_MOST_COMPARED = 200
# As the index of names has it: SQLite takes no bound value for it.
_LIVING = text("branch_id > 0")


def hint_at_similar(instance: Instance, records: Sequence[Any]) -> None:
    """Tell once of new names, of labels, records or features just saved, that resemble others of the same type.

    Looks through an index at names that begin alike, a few hundred at most, so that it costs the same in a large registry. Names that
    differ by their numbers are a series, and not told of.
    """
    if not records or len(records) > _MOST_NEW or not isinstance(records[0], _HINTED) or not instance.hints_at_similar_names or not is_said("•"):
        return
    new = [record for record in records if record.name is not None and len(record.name) >= _SHORTEST and not _is_row(record)]
    if not new:
        return
    there = instance.database.read(lambda session: session.execute(_candidates(type(new[0]), new)).tuples().all())
    pairs = list(_pairs(new, there))
    if pairs:
        more = f", and {len(pairs) - _MOST_SHOWN} more" if len(pairs) > _MOST_SHOWN else ""
        say("•", f"similar names: {', '.join(f'{new!r} ~ {old!r}' for new, old in pairs[:_MOST_SHOWN])}{more}")


def _is_row(record: Any) -> bool:
    """Rows of sheets are named by whoever numbers samples."""
    kind = record.__dict__.get("_type")
    return isinstance(record, Record) and kind is not None and kind.schema_id is not None


def _candidates(registry: type[Registry], new: Sequence[Any]) -> Any:
    table: Any = registry
    types = {record.type_id for record in new}
    mine = or_(*(func.coalesce(table.type_id, 0) == (own or 0) for own in types))
    alike = or_(*(and_(table.name >= start, table.name < end) for start, end in sorted(set(_ranges(new)))))
    return select(table.name, table.type_id).where(_LIVING, alike, mine).limit(_MOST_COMPARED)


def _ranges(new: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What begins as a new name does, with its first letter great or small; by a server's own order of letters this finds most of them."""
    for record in new:
        start = record.name[: max(2, len(record.name) // 3)]
        for first in {start[0].lower(), start[0].upper()}:
            begin = first + start[1:]
            yield begin, begin + "zzzz"


def _pairs(new: Sequence[Any], there: Collection[tuple[str, int | None]]) -> Iterator[tuple[str, str]]:
    by_type: dict[int | None, list[str]] = {}
    for name, type_id in there:
        by_type.setdefault(type_id, []).append(name)
    told: set[frozenset[str]] = set()
    for record in new:
        near = next((other for other in similar_names(record.name, by_type.get(record.type_id, ())) if frozenset((record.name, other)) not in told), None)
        if near is not None:
            told.add(frozenset((record.name, near)))
            yield record.name, near
