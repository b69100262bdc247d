"""What people say of an artifact, run or record: its values of features."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lignin.base.clock import now
from lignin.base.errors import Locked, NotFound, UsageError
from lignin.base.messages import say
from lignin.base.texts import shown
from lignin.instance.check_values import Said, check_values
from lignin.instance.current_run import current_run_id
from lignin.instance.feature_values import STORED, Row
from lignin.instance.insert import insert_many
from lignin.model import REGISTRIES, VALUES, Feature, Registry
from lignin.schema import Categorical, ListOf, Problem, ProblemKind, Report

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["add_values", "hold_targets", "leaves_nothing", "remove_values", "said_in", "set_values", "store_said", "tell_stored", "update_values"]

Stored = Mapping[int, Sequence[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What is to be written: the features whose values go, and the rows that come."""

    gone: Collection[int] = ()
    new: Sequence[Row] = ()


def add_values(instance: Instance, record: Registry, values: Mapping[Any, Any]) -> None:
    """Add values to those that a record has.

    Raises:
        ValidationError: one does not fit, or a feature that takes one value has another; nothing is stored then.
        Locked: the record is locked.
    """
    _owner(record)
    said = check_values(instance, values)
    _tell_empty(said)
    kept = [one for one in said if one.rows]
    if kept:
        _write(instance, record, [one.feature.id for one in kept], plan=lambda stored: _added(kept, stored))


def said_in(instance: Instance) -> Row:
    """What the rows of values share that are written now: when, by whom and in which run."""
    return {"created_at": now(), "created_by_id": instance.user_id, "by_run_id": current_run_id(instance)}


def store_said(instance: Instance, session: Session, made: Sequence[tuple[Registry, Registry | None]], *, said_by: Row) -> None:
    """Store the values that records were made with, in the transaction that stores those.

    Args:
        instance: where.
        session: the transaction.
        made: each record, and the one that it turned out to be, where that was there already; that one gets the values as by `add_values`.
        said_by: see `said_in`.

    Raises:
        ValidationError, Locked: as `add_values`.
    """
    _insert_said(session, [record for record, known in made if known is None], said_by=said_by)
    added = [(known, kept) for record, known in made if known is not None and (kept := [one for one in _said_of(record) if one.rows])]
    if added:
        instance.database.lock(session, *(_lock_of(known) for known, _ in added))
    for known, kept in added:
        _change(session, known, [one.feature.id for one in kept], plan=partial(_added, kept), said_by=said_by)


def tell_stored(record: Registry) -> None:
    """The values that a record was made with are stored; those that are none are told of."""
    _tell_empty(record.__dict__.pop("_said", ()))


def _tell_empty(said: Sequence[Said]) -> None:
    for one in said:
        if not one.rows:
            say("!", f"{one.feature.name!r} has no value here, so nothing is stored for it")


def _said_of(record: Registry) -> Sequence[Said]:
    return record.__dict__.get("_said") or ()


def _insert_said(session: Session, records: Sequence[Registry], *, said_by: Row) -> None:
    tables = {VALUES[type(record).__name__]: f"{type(record).__tablename__}_id" for record in records if _said_of(record)}
    for table, own in tables.items():
        rows = [{**row, own: record.id, "slot": "", "feature_id": one.feature.id} for record in records for one in _said_of(record) for row in one.rows]
        if rows:
            hold_targets(session, rows)
            insert_many(session, table, rows, shared=said_by)


def update_values(instance: Instance, record: Registry, values: Mapping[Any, Any]) -> None:
    """Put values in the place of those that a record has of the same features; a missing one removes them.

    Raises:
        ValidationError, Locked: as `add_values`.
    """
    _owner(record)
    said = check_values(instance, values)
    if said:
        _write(instance, record, [one.feature.id for one in said], plan=lambda stored: _replaced(said, stored))


def set_values(instance: Instance, record: Registry, values: Mapping[Any, Any]) -> None:
    """Make these the only values that people said of a record.

    Raises:
        ValidationError, Locked: as `add_values`.
    """
    _owner(record)
    said = check_values(instance, values)
    _write(instance, record, None, plan=lambda stored: _replaced(said, stored, only=True))


def remove_values(instance: Instance, record: Registry, listed: Sequence[Any], *, value: Any = None) -> None:
    """Remove what people said of features: all of it, or one value.

    Raises:
        NotFound: the record has no such value.
        UsageError: the value was found in the dataset, so that it goes with the dataset only.
        Locked: the record is locked.
    """
    if value is not None and len(listed) != 1:
        raise UsageError("one value is removed from one feature: remove_values('name', value=…)")
    ids = _ids_of(instance, record, listed)
    if value is None:
        _write(instance, record, list(ids), plan=lambda stored: _removed(ids, stored))
        return
    (feature_id, name), *_ = ids.items()
    wanted = _rows_of(instance, feature_id, value)
    _write(instance, record, [feature_id], plan=lambda stored: _without(wanted, stored, feature_id=feature_id, said=f"{shown(value)} of {name!r}"))


def leaves_nothing(instance: Instance, record: Registry, listed: Sequence[Any], *, value: Any) -> bool:
    """Whether to remove one value from a feature, as `remove_values` does, leaves it none."""
    ids = _ids_of(instance, record, listed) if len(listed) == 1 else {}
    table = VALUES[type(record).__name__]
    own = table.c[f"{type(record).__tablename__}_id"]
    held = select(*(table.c[name] for name in STORED)).where(own == record.id, table.c.feature_id.in_(list(ids)), table.c.slot == "")
    rows = instance.database.read(lambda session: session.execute(held).all())
    wanted = {repr(row) for feature_id in ids for row in _rows_of(instance, feature_id, value)}
    return bool(rows) and all(repr(tuple(row)) in wanted for row in rows)


def _rows_of(instance: Instance, feature_id: int, value: Any) -> Sequence[tuple[Any, ...]]:
    feature = instance.database.read(lambda session: session.get(Feature, feature_id))
    return [_value(row) for said in check_values(instance, {feature: value}) for row in said.rows]


def _owner(record: Registry) -> int:
    name = type(record).__name__
    if name not in VALUES:
        raise UsageError(f"a {name} has no values of features; artifacts, runs and records have")
    if record.id is None:
        raise UsageError(f"save the {name} before you annotate it: it is not in the database yet. Or give its features as it is made: ln.{name}(…, features={{…}})")
    return int(record.id)


# Plans: what is stored, and what is said, as what is to be written.


def _value(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in STORED)


def _added(said: Sequence[Said], stored: Stored) -> _Change:
    rows: list[Row] = []
    problems: list[Problem] = []
    for one in said:
        held = stored.get(one.feature.id, ())
        values = [_value(row) for row in held]
        new = [row for row in one.rows if _value(row) not in values]
        if problem := _conflict(one, values, len(new)):
            problems.append(problem)
            continue
        first = max((row["position"] for row in held), default=-1) + 1
        rows += [{**row, "feature_id": one.feature.id, "position": first + place} for place, row in enumerate(new)]
    Report(problems=tuple(problems)).raise_problems()
    return _Change(new=rows)


def _conflict(said: Said, held: Sequence[Any], n_new: int) -> Problem | None:
    """Labels are a set that grows; a list grows by what is not in it; of other values there is one. The same once more changes nothing."""
    dtype, name = said.spec.dtype, said.feature.name
    if not held or isinstance(dtype, Categorical) or held == [_value(row) for row in said.rows]:
        return None
    if isinstance(dtype, ListOf) and n_new == len(said.rows):
        return None
    told = "some of these items are in the list already" if isinstance(dtype, ListOf) else f"there is another value already, and a feature of {dtype} has one"
    fix = f"record.features.update_values({{{name!r}: …}})"
    return Problem(kind=ProblemKind.WRONG_TYPE, message=told, column=name, fix=fix)


def _replaced(said: Sequence[Said], stored: Stored, *, only: bool = False) -> _Change:
    """What is there as it is said stays as it is, with who said it."""
    same = {one.feature.id for one in said if [_value(row) for row in one.rows] == [_value(row) for row in stored.get(one.feature.id, ())]}
    gone = {one.feature.id for one in said} | (set(stored) if only else set())
    rows = [{**row, "feature_id": one.feature.id} for one in said if one.feature.id not in same for row in one.rows]
    return _Change(gone=(gone & set(stored)) - same, new=rows)


def _removed(ids: Mapping[int, str], stored: Stored) -> _Change:
    for feature_id, name in ids.items():
        if feature_id not in stored:
            raise UsageError(f"the values of {name!r} were found in the dataset; they follow from its content, and can't be removed from what describes it")
    return _Change(gone=list(ids))


def _without(wanted: Sequence[Any], stored: Stored, *, feature_id: int, said: str) -> _Change:
    rows = stored.get(feature_id, ())
    kept = [row for row in rows if _value(row) not in wanted]
    if len(rows) - len(kept) < len(wanted):
        raise NotFound(f"there is no value {said} that somebody gave")
    return _Change(gone=[feature_id], new=kept)


# Effects.


def _write(instance: Instance, record: Registry, features: Sequence[int] | None, *, plan: Callable[[Stored], _Change]) -> None:
    _owner(record)
    said_by = said_in(instance)

    def work(session: Session) -> None:
        instance.database.lock(session, _lock_of(record))
        _change(session, record, features, plan=plan, said_by=said_by)

    instance.database.transact(work)


def _lock_of(record: Registry) -> str:
    return f"values {type(record).__name__} {record.id}"


def _change(session: Session, record: Registry, features: Sequence[int] | None, *, plan: Callable[[Stored], _Change], said_by: Row) -> None:
    """Carry out what a plan makes of what is stored; the caller holds the record's lock."""
    table = VALUES[type(record).__name__]
    own = table.c[f"{type(record).__tablename__}_id"]
    mine = select(table).where(own == record.id, table.c.slot == "").order_by(table.c.position)
    _refuse_locked(session, record)
    stored: dict[int, list[Row]] = {}
    for row in session.execute(mine if features is None else mine.where(table.c.feature_id.in_(features))).mappings():
        stored.setdefault(row["feature_id"], []).append(dict(row))
    change = plan(stored)
    if change.gone:
        session.execute(delete(table).where(own == record.id, table.c.slot == "", table.c.feature_id.in_(list(change.gone))))
    if change.new:
        hold_targets(session, change.new)
        insert_many(session, table, [{**said_by, own.key: record.id, "slot": "", **row} for row in change.new], shared={})


def _refuse_locked(session: Session, record: Any) -> None:
    """Asked of the row: another process may have locked or deleted it since this record was loaded."""
    registry = type(record)
    is_locked = session.scalar(select(registry.is_locked).where(registry.id == record.id))
    if is_locked is None:
        raise NotFound(f"{registry.__name__} {record.uid} is no longer in the database; somebody deleted it")
    if is_locked:
        raise Locked(f"{registry.__name__} {record.uid} is locked. Unlock it first: record.is_locked = False; record.save()")


def hold_targets(session: Session, rows: Sequence[Row]) -> None:
    """See that what the values point to is there, and stays until the transaction ends."""
    ids: dict[str, set[int]] = {}
    for row in rows:
        if row["registry"] is not None:
            ids.setdefault(row["registry"], set()).add(row["target_id"])
    for name, wanted in sorted(ids.items()):
        target = REGISTRIES[name]
        there = set(session.scalars(select(target.id).where(target.id.in_(sorted(wanted))).with_for_update(read=True, key_share=True)))
        if gone := wanted - there:
            raise NotFound(f"{name} {min(gone)} is no longer in the database; somebody deleted it")


def _ids_of(instance: Instance, record: Registry, features: Sequence[Any]) -> Mapping[int, str]:
    """The features among a record's values that are named, by id."""
    owner, table = _owner(record), VALUES[type(record).__name__]
    mine = select(Feature.id, Feature.name).join(table, table.c.feature_id == Feature.id).where(table.c[f"{type(record).__tablename__}_id"] == owner).distinct()
    there = dict(instance.database.read(lambda session: session.execute(mine).tuples().all()))
    found: dict[int, str] = {}
    for feature in features:
        if not isinstance(feature, str | Feature):
            raise UsageError(f"remove_values takes a feature, or the name of one, not {shown(feature)}")
        ids = [own for own, name in there.items() if (name == feature if isinstance(feature, str) else own == feature.id)]
        name = feature if isinstance(feature, str) else feature.name
        if not ids:
            raise NotFound(f"{type(record).__name__} {record.uid} has no value of {name!r}. It has: {', '.join(sorted(set(there.values()))) or 'none'}")
        if len(ids) > 1:
            raise UsageError(f"{len(ids)} features are called {name!r}. Say which by its record: remove_values(ln.Feature.get(uid))")
        found[ids[0]] = name
    return found
