"""From what a user types, a uid, a key or a path, to the record."""

import os
import re
from pathlib import Path
from typing import Any

from lignin.base.errors import MultipleFound, NotFound
from lignin.base.settings import host_name
from lignin.cli.fields import registry_of
from lignin.instance import Instance, Q
from lignin.model import TRASH, Artifact, Registry, Run, Storage, Trashable

__all__ = ["resolve", "resolve_artifact"]

_UID = re.compile(r"[0-9A-Za-z]{8,20}")


def resolve(instance: Instance, name: str, *, registry: str | None = None, trashed: bool = False) -> Any:
    """The record that `name` stands for.

    A whole uid goes first, then a key, then the path of a file that is registered where it lies,
    then the beginning of a uid, from eight characters on. Of several versions it is the latest.

    Args:
        instance: the open instance.
        name: what was typed.
        registry: look in this one only, by uid, or by its key or name; else artifacts, then runs.
        trashed: look in the trash.

    Raises:
        NotFound: nothing has this name.
        MultipleFound: several have; the message lists their uids.
    """
    registries: list[type[Registry]] = [registry_of(registry)] if registry else [Artifact, Run]
    for kind in registries:
        if found := _of_uid(instance, kind, name, trashed=trashed):
            return found
    labelled: list[type[Registry]] = registries if registry else [Artifact]
    for kind in labelled:
        if found := _of_label(instance, kind, name, trashed=trashed):
            return found
    if Artifact in registries and (found := _of_path(instance, name, trashed=trashed)):
        return found
    for kind in registries:
        if found := _of_beginning(instance, kind, name, trashed=trashed):
            return found
    where = "in the trash" if trashed else "here"
    what = registry or "artifact or run"
    raise NotFound(f"there is no {what} {name!r} {where}. List what there is with: lignin list {registry or 'artifact'}{' --filter branch=trash' if trashed else ''}")


def resolve_artifact(instance: Instance, name: str) -> Artifact:
    """The artifact that `name` stands for; see `resolve`."""
    found = resolve(instance, name, registry="artifact")
    assert isinstance(found, Artifact)
    return found


def _records(instance: Instance, kind: type[Registry], *, trashed: bool) -> Any:
    found = instance.query(kind)
    if issubclass(kind, Artifact):
        # Speaking of `kind` brings reports and environments of runs into reach.
        found = found.filter(Q(kind__isnull=True) | Q(kind__isnull=False))
    if trashed and issubclass(kind, Trashable):
        found = found.filter(branch_id=TRASH)
    return found


def _of_uid(instance: Instance, kind: type[Registry], name: str, *, trashed: bool) -> Any:
    if not _UID.fullmatch(name):
        return None
    records = _records(instance, kind, trashed=trashed)
    if "is_latest" in kind.fields() and len(name) == kind.uid_length:
        return records.filter(uid__startswith=name).order_by("-is_latest", "-uid").first()
    return records.filter(uid=name).first()


def _of_label(instance: Instance, kind: type[Registry], name: str, *, trashed: bool) -> Any:
    if kind.label == "uid":
        return None
    if not trashed:
        try:
            return instance.query(kind).get(**{kind.label: name})
        except NotFound:
            return None
    return _only(_records(instance, kind, trashed=True).filter(**{kind.label: name}), kind, name)


def _of_path(instance: Instance, name: str, *, trashed: bool) -> Any:
    path = os.path.abspath(Path(name).expanduser())  # noqa: PTH100 - links stay as the user wrote them
    roots = instance.query(Storage).filter(host__in=["", host_name()])
    places = [(s.id, os.path.relpath(path, s.root)) for s in roots if path.startswith(s.root.rstrip("/") + "/")]
    if not places:
        return None
    lying = Q(storage_id=places[0][0], relpath=places[0][1])
    for storage_id, relpath in places[1:]:
        lying = lying | Q(storage_id=storage_id, relpath=relpath)
    found = list(_records(instance, Artifact, trashed=trashed).filter(lying).order_by("-id")[:50])
    return next((a for a in found if a.state == "stored"), next(iter(found), None))


def _of_beginning(instance: Instance, kind: type[Registry], name: str, *, trashed: bool) -> Any:
    if not _UID.fullmatch(name):
        return None
    found = _records(instance, kind, trashed=trashed).filter(uid__startswith=name)
    if "is_latest" in kind.fields():
        latest = found.filter(is_latest=True)
        return _only(latest, kind, name) or _only(found, kind, name)
    return _only(found, kind, name)


def _only(found: Any, kind: type[Registry], name: str) -> Any:
    records = list(found[:4])
    if len(records) > 1:
        uids = tuple(record.uid for record in records)
        more = ", …" if len(records) == 4 else ""
        raise MultipleFound(f"there are several {kind.__name__}s for {name!r}: {', '.join(uids)}{more}. Name one by its uid.", uids=uids)
    return next(iter(records), None)
