"""What lies in storage and no record names: stored bytes, and copies and uploads that were never finished."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lignin.base.clock import now
from lignin.base.content import look_at
from lignin.instance.fsck.aside import set_aside, set_aside_remote
from lignin.instance.fsck.places import Root, is_object_name
from lignin.instance.fsck.report import Finding, Kind
from lignin.instance.save_artifact import content_lock
from lignin.model import Artifact
from lignin.storage import Seen, abort, look, unfinished

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lignin.instance.instance import Instance

__all__ = ["find_strays", "mend_stray", "mend_upload"]

_BATCH = 500
_FOLDER = re.compile(r"[0-9a-f]{2}")
_DRAFT = re.compile(r"\..+\.[0-9A-Za-z]{6}\.part")


def find_strays(instance: Instance, roots: Mapping[int, Root], *, grace: timedelta, counts: dict[str, int]) -> Iterator[Finding]:
    """Objects and drafts that no record names and that nobody has touched for `grace`.

    Only names that Lignin itself makes are looked at: a root's `.lignin` may hold other things too.
    """
    for root in dict.fromkeys(roots.values()):
        if root.where.is_remote:
            yield from _find_in_bucket(instance, root, grace=grace, counts=counts)
            continue
        for folder in (folder for home in root.homes for folder in _folders(root.path / home)):
            names = sorted(entry.name for entry in os.scandir(folder))
            objects = [name for name in names if is_object_name(name)]
            counts["objects"] += len(objects)
            drafts = [name for name in names if _DRAFT.fullmatch(name)]
            home = folder.relative_to(root.path).as_posix()
            named = _named(instance, root, [f"{home}/{name}" for name in objects])
            for name in [*drafts, *objects]:
                relpath = f"{home}/{name}"
                if relpath in named or not _is_older(folder / name, grace):
                    continue
                kind = Kind.DRAFT if name in drafts else Kind.ORPHAN
                problem = "a copy that was never finished" if kind is Kind.DRAFT else "no record names these bytes"
                yield Finding(kind=kind, subject=str(folder / name), problem=problem, target=(root, relpath, grace))


def mend_stray(instance: Instance, finding: Finding) -> Finding:
    """Move it to `lost+found`, unless a record has come to name it meanwhile."""
    if not finding.target:
        # On a server, where nothing is moved without being sent: its owner has to decide.
        return finding
    root, relpath, grace = finding.target
    place = root.path / relpath

    def is_stray(session: Session, _copy: Any = None) -> bool:
        # A save of these very bytes waits here, and then sees that they are gone and stores them again.
        instance.database.lock(session, *(content_lock(f"{kind}:{_digest(relpath)}") for kind in ("b3", "b3d")))
        named = select(Artifact.id).where(Artifact.storage_id.in_(root.storage_ids), Artifact.relpath == relpath).limit(1)
        return session.scalars(named).first() is None

    def work(session: Session) -> None:
        if is_stray(session) and _is_older(place, grace):
            # Another repair may have moved it first.
            with suppress(FileNotFoundError):
                set_aside(root.path, relpath)

    try:
        if root.where.is_remote:
            set_aside_remote(instance, root, relpath, may=is_stray)
        else:
            instance.database.transact(work)
    except OSError as e:
        return replace(finding, problem=f"{finding.problem}; it can't be moved to {root.path}: {e.strerror}")
    return replace(finding, repaired=True)


def mend_upload(instance: Instance, finding: Finding) -> Finding:
    """Have the store forget its parts: they are no object, nobody was told that they are stored, and they cost money."""
    home, upload = finding.target
    abort(home, upload)
    return replace(finding, repaired=True)


def _find_in_bucket(instance: Instance, root: Root, *, grace: timedelta, counts: dict[str, int]) -> Iterator[Finding]:
    """Objects that no record names, and uploads that never ended. One that is going on keeps what lies below its folder."""
    going_on: set[str] = set()
    for home in root.homes:
        place = root.where.path(home)
        for upload in unfinished(place):
            relpath = f"{home}/{_object_of(upload.name)}"
            if now() - upload.moved_at < grace:
                going_on.add(relpath)
            elif is_object_name(relpath.rpartition("/")[2]):
                yield Finding(kind=Kind.UPLOAD, subject=str(place / upload.name), problem="an upload in parts that never ended", target=(place, upload))
    held = _objects_in(root)
    counts["objects"] += len(held)
    named = _named(instance, root, sorted(held))
    for relpath in sorted(held.keys() - named - going_on):
        # Listed some time ago, and perhaps completed since.
        seen = look(root.where.path(relpath)) if _is_past(held[relpath].mtime_ns, grace) else None
        if seen is not None and _is_past(seen.mtime_ns, grace):
            yield Finding(kind=Kind.ORPHAN, subject=str(root.where.path(relpath)), problem="no record names these bytes", target=(root, relpath, grace))


def _objects_in(root: Root) -> dict[str, Seen]:
    """What Lignin stored in a bucket, folders as one."""
    assert root.listing is not None or not root.homes
    names = root.listing.names if root.listing else ()
    homes = {name: home for home in root.homes for name in names if name.startswith(f"{home}/")}
    found = {f"{home}/{_object_of(name.removeprefix(f'{home}/'))}" for name, home in homes.items()}
    known = {relpath for relpath in found if _FOLDER.fullmatch(relpath.split("/")[-2]) and is_object_name(relpath.rpartition("/")[2])}
    return {relpath: seen for relpath in known if root.listing and (seen := root.listing.seen(relpath)) is not None}


def _object_of(name: str) -> str:
    """The object that a name below a home is of, or lies in."""
    return "/".join(name.split("/")[:2])


def _digest(relpath: str) -> str:
    """The digest that an object's place is named by."""
    folder, name = relpath.split("/")[-2:]
    return folder + name.partition(".")[0]


def _folders(home: Path) -> Iterator[Path]:
    if home.is_dir():
        with os.scandir(home) as entries:
            yield from (home / name for name in sorted(entry.name for entry in entries if _FOLDER.fullmatch(entry.name) and entry.is_dir()))


def _named(instance: Instance, root: Root, relpaths: Sequence[str]) -> set[str]:
    """Those of these places that a record names, in the trash or not."""
    found: set[str] = set()
    with instance.database.reading() as session:
        for begin in range(0, len(relpaths), _BATCH):
            chunk = relpaths[begin : begin + _BATCH]
            found.update(session.scalars(select(Artifact.relpath).where(Artifact.storage_id.in_(root.storage_ids), Artifact.relpath.in_(chunk))))
    return found


def _is_older(path: Path, grace: timedelta) -> bool:
    try:
        # A folder that is being filled changes inside.
        own = path.stat().st_mtime_ns
        newest = max(own, look_at(path).mtime_ns) if path.name.endswith(".part") else own
    except OSError:
        return False
    return _is_past(newest, grace)


def _is_past(moment_ns: int, grace: timedelta) -> bool:
    return now() - datetime.fromtimestamp(moment_ns / 1e9, UTC) >= grace
