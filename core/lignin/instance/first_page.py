"""The first rows of a question in the order of ids, from one end of the table.

A condition on related rows (values of features, links, a run) is a subselect, which a database evaluates whole: right where few rows meet
it, and slow where half of a million do and twenty are asked for. So where a page is asked for, the rows at its end of the table are looked at
one by one first, and then those from where the first can be. Where that does not fill the page, few rows meet the condition, and the
question is asked as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BinaryExpression,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Table,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql import operators
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import replacement_traverse

from lignin.model import VALUES, Registry

__all__ = ["first_ids"]

# Below so many rows a subselect takes no time to speak of.
_SMALL = 5_000
# So many rows are looked at for each row of the page, first and then; pages of more rows are asked for as they are.
_ROUNDS = (50, 200)
_LEAST = 200
_MOST = 200
_LOW, _HIGH = bindparam("first_id", type_=Integer), bindparam("last_id", type_=Integer)


def first_ids(session: Session, registry: type[Registry], *, where: Sequence[ColumnElement[bool]], order: Sequence[Any], stop: int) -> Sequence[int] | None:
    """The ids of the first `stop` rows that meet all conditions; `None` where the question is better asked as it is.

    Args:
        session: where to ask.
        registry: whose rows.
        where: the conditions.
        order: what the rows are ordered by; nothing is the id.
        stop: how many.
    """
    is_descending = _direction(registry, order)
    if is_descending is None or not 0 < stop <= _MOST or (near := _probes(registry, where)) is None:
        return None
    own: Any = registry.id
    low, high = session.execute(select(*(select(end(own)).scalar_subquery() for end in (func.min, func.max)))).one()
    if low is None or high - low < _SMALL:
        return None
    mine = select(own).where(own.between(_LOW, _HIGH), *near).order_by(own.desc() if is_descending else own.asc())
    found: list[int] = []
    begin = high if is_descending else low
    for rows in _ROUNDS:
        size = max(rows * stop, _LEAST)
        end = begin - size if is_descending else begin + size
        window = {_LOW.key: end + 1, _HIGH.key: begin} if is_descending else {_LOW.key: begin, _HIGH.key: end - 1}
        found += session.scalars(mine.limit(stop - len(found)), window).all()
        if len(found) == stop or not low <= end <= high:
            return found
        begin = end
        if not found:
            parts = list(_values(registry, where))
            ends = [session.scalar(_end_of(part, is_descending=is_descending)) for part in parts]
            left = [end, *(other for other in ends if other is not None)]
            begin = min(left) if is_descending else max(left)
            if len(left) <= len(ends) or (len(parts) > 1 and _is_past(begin, [session.scalar(_end_of(part, is_descending=not is_descending)) for part in parts], is_descending=is_descending)):
                # One condition is met by nothing, or by nothing from there on.
                return found
    return None


def _direction(registry: type[Registry], order: Sequence[Any]) -> bool | None:
    """Whether ids descend; `None` for another order."""
    if not order:
        return False
    column = getattr(order[0], "element", None)
    if getattr(column, "key", None) != "id" or getattr(column, "table", None) is not registry.__table__:
        return None
    return getattr(order[0], "modifier", None) is operators.desc_op


def _probes(registry: type[Registry], where: Sequence[ColumnElement[bool]]) -> Sequence[ColumnElement[bool]] | None:
    """The conditions as questions about one row each; `None` where there is nothing to gain, or one can't be asked so."""
    table: Any = registry.__table__
    told = {"probes": 0, "whole": 0}

    def probe(element: Any, **_: Any) -> Any:
        if isinstance(element, SelectBase):
            # One that stays is evaluated whole, and what lies inside of others is left as it is.
            told["whole"] += 1
            return element
        if not isinstance(element, BinaryExpression) or element.operator not in {operators.in_op, operators.not_in_op}:
            return None
        chosen = _select_of(element.right)
        if chosen is None or getattr(element.left, "table", None) is not table or (element.operator is operators.not_in_op and not element.left.primary_key):
            return None
        parts: list[Any] = [_exists(table, element.left, one) for one in _parts(chosen)]
        if any(part is None for part in parts):
            return None
        told["probes"] += 1
        clause: Any = or_(*parts) if len(parts) > 1 else parts[0]
        return clause if element.operator is operators.in_op else ~clause

    near = [replacement_traverse(clause, {}, probe) for clause in where]
    return near if told["probes"] and not told["whole"] else None


def _select_of(right: Any) -> Any:
    while right is not None and not isinstance(right, Select | CompoundSelect):
        right = getattr(right, "element", None)
    return right


def _parts(chosen: Select[Any] | CompoundSelect[Any]) -> Iterator[Any]:
    """The selects of a union of all."""
    if isinstance(chosen, Select):
        yield chosen
    elif chosen.keyword is union_all().keyword and chosen._limit_clause is None:
        for one in chosen.selects:
            yield from _parts(_select_of(one))


def _exists(table: Any, left: Any, chosen: Any) -> Any:
    """That one of the chosen rows is that of the column on the left; `None` where no index finds it."""
    is_cut = chosen._limit_clause is not None or chosen._offset_clause is not None or chosen._distinct or chosen._group_by_clauses
    (column,) = chosen.selected_columns
    if is_cut or table in chosen.get_final_froms() or not _is_indexed(column):
        return None
    mine: Any = chosen.with_only_columns(literal_column("1"), maintain_column_froms=True).order_by(None).where(column == left)
    if left.key == "id":
        # PostgreSQL, which may well begin with these rows, must not take all of them.
        mine = mine.where(column.between(_LOW, _HIGH))
    return mine.correlate(table).exists()


def _is_indexed(column: Any) -> bool:
    table = getattr(column, "table", None)
    if not isinstance(table, Table):
        return False
    firsts = [next(iter(table.primary_key), None), *(index.expressions[0] for index in table.indexes if index.dialect_options["sqlite"]["where"] is None)]
    return any(getattr(first, "key", None) == column.key for first in firsts)


def _values(registry: type[Registry], where: Sequence[ColumnElement[bool]]) -> Iterator[Select[Any]]:
    """The selects of values of features that all rows must be among."""
    for clause in where:
        if isinstance(clause, BinaryExpression) and clause.operator is operators.in_op and getattr(clause.left, "table", None) is registry.__table__:
            chosen = _select_of(clause.right)
            if isinstance(chosen, Select) and clause.left.key == "id" and chosen.get_final_froms() == [VALUES.get(registry.__name__)]:
                yield chosen
        elif getattr(clause, "operator", None) is operators.and_:
            yield from _values(registry, clause.clauses)


def _is_past(begin: int, ends: Sequence[Any], *, is_descending: bool) -> bool:
    return any(other is None or (other > begin if is_descending else other < begin) for other in ends)


def _end_of(chosen: Select[Any], *, is_descending: bool) -> Select[Any]:
    """The last, or first, id among the chosen."""
    (own,) = chosen.selected_columns
    end: Any = func.max if is_descending else func.min
    parts = [part for clause in chosen._where_criteria for part in (clause.clauses if getattr(clause, "operator", None) is operators.and_ else [clause])]
    terms = next((part for part in parts if part.operator is operators.in_op and isinstance(_select_of(part.right), Select)), None)
    if terms is not None:
        # Of one term after the other, since the index has each one's ids in order.
        targets = _select_of(terms.right)
        (target,) = targets.selected_columns
        of_one = select(end(own)).where(*(part for part in parts if part is not terms), terms.left == target)
        of_all: Select[Any] = targets.with_only_columns(end(of_one.correlate(*targets.get_final_froms()).scalar_subquery()))
        return of_all
    # So has that of values; else a sum keeps the database from going through all ids one after the other.
    is_equal = all(part.operator in {operators.eq, operators.is_not} for part in parts)
    return chosen.with_only_columns(end(own if is_equal else own + 0))
