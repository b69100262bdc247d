"""Runs and transforms from a story of events."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from lignin.instance.families import code_family
from lignin.instance.insert import insert_many
from lignin.instance.rows import owned_fields, reserve_ids
from lignin.instance.transforms import new_transform
from lignin.model import Run, Transform
from lignin.recording import Code, Ended, RunKey, RunStatus, Started, Story, ending_rank, telling

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Written", "write_runs"]

_CHUNK = 500

_TABLE: Any = Run.__table__
_FIND = select(_TABLE.c.id, _TABLE.c.uid, _TABLE.c.told, _TABLE.c.told_end).where(_TABLE.c.uid.in_(bindparam("uids", expanding=True)))
# A run of which nothing is known.
_BLANK: Mapping[str, Any] = {
    "name": None,
    "status": RunStatus.RUNNING.value,
    "started_at": None,
    "finished_at": None,
    "transform_id": None,
    "parent_id": None,
    "origin_id": None,
    "params": {},
    "info": {},
    "error": None,
    "told": None,
    "told_end": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The runs of a story.

    Attributes:
        ids: of every run that has a row.
        new: those that had none before.
    """

    ids: Mapping[RunKey, int]
    new: Collection[RunKey]


def write_runs(instance: Instance, session: Session, story: Story) -> Written:
    """Bring all runs of a story into the catalogue.

    A parent, origin or user of a file that no event has begun yet gets its row all the same; its
    own events fill it when they come. A script's run that is neither in the catalogue nor begun here is left out.
    """
    uids = {key: key.uid for key in story.runs()}
    loaded = _load(session, uids.values())
    known = {key: loaded[uid] for key, uid in uids.items() if uid in loaded}
    # A telling that another one outranks says nothing, and its code is none that ran.
    begun = {key: e for key, e in story.started.items() if key not in known or known[key].told is None or telling(e) > known[key].told}
    transforms = _write_transforms(instance, session, begun.values())
    # What others name comes first, so that nearly every row can name its parent as it is written.
    new = sorted((key for key in uids if key not in known and (key.engine != "lignin" or _is_begun(key, story))), key=lambda key: key not in story.named)
    ids = {key: row.id for key, row in known.items()} | dict(zip(new, reserve_ids(session, Run, len(new)), strict=True))
    _insert(session, story, {key: {"id": ids[key], "uid": uids[key]} for key in new}, ids, transforms, shared=owned_fields(instance))
    ended = ((row, story.ended[key]) for key, row in known.items() if key in story.ended)
    # The last word counts for parent and origin too, also where it names none.
    links: dict[RunKey | None, int] = dict(ids.items())
    final = [(row, e) for row, e in ended if row.told_end is None or ending_rank(e) > row.told_end]
    _update(session, [{"row": known[key].id, **_begun(transforms, e), "parent_id": links.get(e.parent)} for key, e in begun.items() if key in known])
    _update(session, [{"row": row.id, **_ended(e), "origin_id": links.get(e.reused)} for row, e in final])
    return Written(ids=ids, new=frozenset(new))


def _is_begun(key: RunKey, story: Story) -> bool:
    """Whether a run of a script or function began in a spool, because the database was away."""
    return key in story.started and re.fullmatch(rf"[0-9A-Za-z]{{{Run.uid_length}}}", key.id) is not None


def _insert(
    session: Session,
    story: Story,
    new: Mapping[RunKey, dict[str, Any]],
    ids: Mapping[RunKey, int],
    transforms: Mapping[tuple[str, str], int],
    *,
    shared: Mapping[str, Any],
) -> None:
    """Insert new runs, each with what the story says of it."""
    every: dict[RunKey | None, int] = dict(ids.items())
    # Those that have a row when the next one is written.
    links: dict[RunKey | None, int] = {key: row_id for key, row_id in ids.items() if key not in new}
    rows, parents, origins = [], [], []
    for key, own in new.items():
        row = {**_BLANK, **own, "engine": key.engine, "scope": key.scope, "external_id": key.id, "attempt": key.attempt}
        if key.engine == "lignin":
            # A script's run is named by its uid alone.
            row |= {"engine": None, "scope": None, "external_id": None}
        if begun := story.started.get(key):
            row |= _begun(transforms, begun)
            row["parent_id"] = links.get(begun.parent)
            if row["parent_id"] is None and begun.parent in every:
                parents.append({"row": own["id"], "parent_id": every[begun.parent]})
        if ended := story.ended.get(key):
            row |= _ended(ended)
            row["origin_id"] = links.get(ended.reused)
            if row["origin_id"] is None and ended.reused in every:
                origins.append({"row": own["id"], "origin_id": every[ended.reused]})
        rows.append(row)
        links[key] = own["id"]
    insert_many(session, _TABLE, rows, shared=shared)
    _update(session, parents)
    _update(session, origins)


def _load(session: Session, uids: Iterable[str]) -> dict[str, Any]:
    listed, found = sorted(set(uids)), {}
    for begin in range(0, len(listed), _CHUNK):
        found.update({row.uid: row for row in session.execute(_FIND, {"uids": listed[begin : begin + _CHUNK]})})
    return found


def _begun(transforms: Mapping[tuple[str, str], int], event: Started) -> dict[str, Any]:
    info = dict(event.info)
    if event.environment:
        info["environment"] = dict(event.environment)
    return {
        "name": event.name,
        "started_at": event.at,
        "transform_id": None if event.code is None else transforms[_version(event.code)],
        "params": dict(event.params),
        "info": info,
        "told": telling(event),
    }


def _ended(event: Ended) -> dict[str, Any]:
    return {"status": event.status.value, "finished_at": event.at, "error": event.error, "told_end": ending_rank(event)}


def _update(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name != "row"}
        statement = update(_TABLE).where(_TABLE.c.id == bindparam("row")).values(values)
        session.execute(statement, [{(n if n == "row" else f"new_{n}"): v for n, v in row.items()} for row in rows])


def _write_transforms(instance: Instance, session: Session, started: Iterable[Started]) -> Mapping[tuple[str, str], int]:
    """The ids of all codes, by family and hash; the last one used of a family is its latest."""
    used: dict[tuple[str, str], tuple[Code, datetime]] = {}
    for event in started:
        if event.code is not None:
            version = _version(event.code)
            _, at = used.get(version, (event.code, event.at))
            used[version] = (event.code, max(at, event.at))
    families = sorted({family for family, _ in used})
    instance.database.lock(session, *families)
    versions: dict[str, list[Transform]] = {}
    for begin in range(0, len(families), _CHUNK):
        rows = select(Transform).where(Transform.family.in_(families[begin : begin + _CHUNK])).order_by(Transform.uid)
        for row in session.scalars(rows):
            versions.setdefault(str(row.family), []).append(row)
    for (family, code_hash), (code, at) in sorted(used.items(), key=lambda item: item[1][1]):
        listed = versions.setdefault(family, [])
        same = next((v for v in listed if v.hash == code_hash and v.branch_id == instance.branch_id), None)
        if same is None:
            same = new_transform(instance, session, code, family=family, before=listed, used_at=at, is_latest=False)
            listed.append(same)
            session.add(same)
        same.used_at = max(same.used_at, at)
    _choose_latest(session, instance.branch_id, versions)
    return {(family, str(v.hash)): v.id for family, listed in versions.items() for v in listed if v.branch_id == instance.branch_id}


def _choose_latest(session: Session, branch_id: int, versions: Mapping[str, Sequence[Transform]]) -> None:
    chosen = []
    for listed in versions.values():
        living = [v for v in listed if v.branch_id == branch_id]
        newest = max(living, key=lambda v: (v.used_at, v.hash or ""))
        chosen.append(newest)
        for version in living:
            if version is not newest and version.is_latest:
                version.is_latest = False
    # Down before up: at no moment may a family have two.
    session.flush()
    for version in chosen:
        version.is_latest = True
    session.flush()


def _version(code: Code) -> tuple[str, str]:
    return code_family(code.key, code.reference), code.hash
