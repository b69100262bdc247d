"""Runs and transforms from a story of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from lignin.base.clock import now
from lignin.instance.families import code_family
from lignin.instance.transforms import new_transform
from lignin.model import Run, Transform
from lignin.recording import Code, Ended, RunKey, RunStatus, Started, Story, ending_rank, telling

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["write_runs"]

_CHUNK = 500

_TABLE: Any = Run.__table__
_INSERT = insert(_TABLE)
_FIND = select(_TABLE.c.id, _TABLE.c.uid, _TABLE.c.told, _TABLE.c.told_end).where(_TABLE.c.uid.in_(bindparam("uids", expanding=True)))


def write_runs(instance: Instance, session: Session, story: Story) -> Mapping[RunKey, int]:
    """Bring all runs of a story into the catalogue; their ids.

    A parent, origin or user of a file that no event has begun yet gets its row all the same; its
    own events fill it when they come. A script's run that is not in the catalogue is left out.
    """
    transforms = _write_transforms(instance, session, story.started.values())
    uids = {key: key.uid for key in story.runs()}
    rows = _load(session, uids.values())
    missing = [key for key, uid in uids.items() if uid not in rows and key.engine != "lignin"]
    if missing:
        new = [_new_row(instance, key, uids[key]) for key in missing]
        for row, key in zip(new, missing, strict=True):
            if begun := story.started.get(key):
                row.update(_begun(transforms, begun))
            if ended := story.ended.get(key):
                row.update(_ended(ended))
        session.execute(_INSERT, new)
        rows |= _load(session, (uids[key] for key in missing))
    ids = {key: rows[uid].id for key, uid in uids.items() if uid in rows}
    fresh = set(missing)
    begun_rows = [(key, event, rows[uids[key]]) for key, event in story.started.items() if key in ids]
    ended_rows = [(key, event, rows[uids[key]]) for key, event in story.ended.items() if key in ids]
    later = [(k, e, r) for k, e, r in begun_rows if k in fresh or r.told is None or telling(e) > r.told]
    final = [(k, e, r) for k, e, r in ended_rows if k in fresh or r.told_end is None or ending_rank(e) > r.told_end]
    _update(session, [{"row": r.id, **_begun(transforms, e)} for k, e, r in later if k not in fresh])
    _update(session, [{"row": r.id, **_ended(e)} for k, e, r in final if k not in fresh])
    # The last word counts here too, also where it names none.
    known: dict[RunKey | None, int] = dict(ids.items())
    _update(session, [{"row": r.id, "parent_id": known.get(e.parent)} for k, e, r in later if e.parent in ids or k not in fresh])
    _update(session, [{"row": r.id, "origin_id": known.get(e.reused)} for k, e, r in final if e.reused in ids or k not in fresh])
    return ids


def _load(session: Session, uids: Iterable[str]) -> dict[str, Any]:
    listed, found = sorted(set(uids)), {}
    for begin in range(0, len(listed), _CHUNK):
        found.update({row.uid: row for row in session.execute(_FIND, {"uids": listed[begin : begin + _CHUNK]})})
    return found


def _new_row(instance: Instance, key: RunKey, uid: str) -> dict[str, Any]:
    return {
        "uid": uid,
        "engine": key.engine,
        "scope": key.scope,
        "external_id": key.id,
        "attempt": key.attempt,
        "name": None,
        "status": RunStatus.RUNNING.value,
        "started_at": None,
        "finished_at": None,
        "transform_id": None,
        "params": {},
        "info": {},
        "error": None,
        "told": None,
        "told_end": None,
        "created_at": now(),
        "is_locked": False,
        "created_by_id": instance.user_id,
        "branch_id": instance.branch_id,
        "created_on_id": instance.branch_id,
        "space_id": instance.space_id,
    }


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
            same = new_transform(instance, code, family=family, before=listed, used_at=at, is_latest=False)
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
