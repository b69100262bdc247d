"""Where a file that an adapter found belongs: its storage, its path there, its key and family."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.errors import InvalidKey
from lignin.base.ids import new_uid
from lignin.instance.families import key_family, location_family
from lignin.model import Storage
from lignin.recording import FileRef
from lignin.storage import Root, check_key

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Place", "find_places", "is_below", "place_remote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file lies, and what it is a version of."""

    storage_id: int
    relpath: str
    key: str
    family: str


def find_places(instance: Instance, session: Session, refs: Iterable[FileRef]) -> Mapping[tuple[str, str | None, str | None], Place]:
    """The place of each reference, by its `uri`, `host` and `key`.

    A file belongs to the deepest storage root that holds it; one that none holds, to a location
    that is made for its machine or bucket.
    """
    storages = list(session.scalars(select(Storage).where(Storage.branch_id > 0)))
    # A root that is made meanwhile holds what none held, so it is never a deeper one for the files of a known folder.
    roots = [*(storage.root for storage in storages), str(instance.config.folder)]
    folders: dict[tuple[str, str | None], Place | None] = {}
    found: dict[tuple[str, str | None, str | None], Place] = {}
    for ref in refs:
        name = (ref.uri, ref.host, ref.key)
        if name in found:
            continue
        folder, _, own = ref.uri.rpartition("/")
        if ref.key is not None or not _is_plain(own):
            found[name] = _find(instance, session, storages, ref)
            continue
        if (folder, ref.host) not in folders:
            folders[folder, ref.host] = _folder_place(_find(instance, session, storages, ref), folder, own, roots)
        around = folders[folder, ref.host]
        found[name] = _find(instance, session, storages, ref) if around is None else _place_in(around, own)
    return found


def _is_plain(name: str) -> bool:
    """Whether the last part of a URI is a file's name as it stands."""
    return name not in {"", ".", ".."} and "%" not in name and "\0" not in name


def _folder_place(place: Place, folder: str, own: str, roots: Iterable[str]) -> Place | None:
    """The place of a file as that of its folder, from which its neighbours follow; `None` where a root may lie between."""
    path = _clean(folder) if folder.count("/") > 2 else ""
    if not path or path == "/" or any(root != path and is_below(root, path) for root in roots) or not place.relpath.endswith(own):
        return None
    cut = -len(own)
    return replace(place, relpath=place.relpath[:cut], key=place.key[:cut], family=place.family[:cut])


def _place_in(folder: Place, own: str) -> Place:
    return Place(storage_id=folder.storage_id, relpath=folder.relpath + own, key=folder.key + own, family=folder.family + own)


def place_remote(instance: Instance, roots: Iterable[Root]) -> Mapping[str, tuple[Storage, str]]:
    """The storage that holds what lies on a server, the deepest, and the path there, by the root's text.

    Where none does, a location is made for its bucket.
    """
    named = {root.text: root for root in roots}

    def work(session: Session) -> dict[str, Storage]:
        # In one order, so that two writers never wait for each other.
        instance.database.lock(session, *sorted({f"storage {root.endpoint} {_outermost(root.url)}" for root in named.values()}))
        known = list(session.scalars(select(Storage).where(Storage.branch_id > 0, Storage.type != "local")))
        return {text: _holder_of(instance, session, known, root) for text, root in named.items()}

    storages = instance.database.transact(work)
    return {text: (storages[text], root.url[len(storages[text].root) :].removeprefix("/")) for text, root in named.items()}


def _holder_of(instance: Instance, session: Session, known: list[Storage], root: Root) -> Storage:
    holders = [storage for storage in known if storage.host == root.endpoint and is_below(root.url, storage.root)]
    if holders:
        return max(holders, key=lambda storage: len(storage.root))
    made = _add(instance, session, known, root=_outermost(root.url), host=root.endpoint)
    made.region = root.region
    return made


def _find(instance: Instance, session: Session, storages: list[Storage], ref: FileRef) -> Place:
    is_local = ref.uri.startswith("file://")
    path = _clean(ref.uri)
    shared = instance.config.db_in_folder
    folder = str(instance.config.folder)
    inside = is_local and is_below(path, folder)
    host = "" if not is_local or (inside and shared) else (ref.host or "")
    # A default storage outside the folder is seen by all who see the instance, whatever their machine.
    candidates = [s for s in storages if (_is_seen(s, host) if is_local else s.type != "local") and is_below(path, s.root)]
    if inside and not any(len(s.root) >= len(folder) for s in candidates):
        candidates = [_add(instance, session, storages, root=folder, host=host)]
    if not candidates:
        candidates = [_add(instance, session, storages, root=_outermost(path), host=host)]
    storage = max(candidates, key=lambda s: len(s.root))
    relpath = path[len(storage.root) :].lstrip("/")
    if ref.key is not None and (given := _as_key(ref.key)):
        return Place(storage_id=storage.id, relpath=relpath, key=given, family=key_family(given))
    key = posixpath.relpath(path, folder) if inside else f"file://{ref.host or ''}{path}" if is_local else path
    return Place(storage_id=storage.id, relpath=relpath, key=key, family=location_family(storage, relpath))


def _as_key(key: str) -> str | None:
    """A spool's key; where it can't be one, the file is one that was found."""
    try:
        return check_key(key)
    except InvalidKey:
        return None


def _is_seen(storage: Storage, host: str) -> bool:
    return storage.type == "local" and (storage.host == host or (storage.role == "managed" and not storage.host))


def _clean(uri: str) -> str:
    """A local URI as an absolute path without `..`; another one without a slash at its end."""
    if uri.startswith("file://"):
        # Bytes that are no UTF-8 stay visible and storable, as \\xNN.
        path = unquote(uri.removeprefix("file://"), errors="backslashreplace").replace("\0", "\\0")
        return posixpath.normpath("/" + path.lstrip("/"))
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.rstrip('/')}"


def is_below(path: str, root: str) -> bool:
    """Whether a path or URL is a root, or lies below it."""
    return path == root or path.startswith(root.rstrip("/") + "/")


def _outermost(path: str) -> str:
    if "://" not in path:
        return "/"
    # By hand: a bucket's name may be none that a URL parser takes.
    scheme, _, rest = path.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _add(instance: Instance, session: Session, storages: list[Storage], *, root: str, host: str) -> Storage:
    kind = root.partition("://")[0] if "://" in root else "local"
    storage = Storage(root, host=host, uid=new_uid(Storage.uid_length), type=kind, role="location", instance_uid=instance.config.uid, created_by_id=instance.user_id)
    session.add(storage)
    session.flush()
    storages.append(storage)
    return storage
