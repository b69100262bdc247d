"""One artifact for each file of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.content import walk
from lignin.base.errors import InvalidKey, NotFound, StorageError, UsageError
from lignin.instance.construct import as_local_path
from lignin.instance.locate import OBJECTS, path_below
from lignin.instance.places import is_below
from lignin.instance.remote_source import find_remote
from lignin.model import Artifact, RecordList
from lignin.storage import Root, check_key, is_store_name, list_below

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["construct_folder"]

_AT_ONCE = 8


def construct_folder(instance: Instance, folder: Any, *, key: str | None, options: Mapping[str, Any]) -> RecordList[Artifact]:
    """New artifacts, one for each file below a folder or prefix; a zarr store or experiment below it is one.

    Args:
        instance: whose they will be.
        folder: a path or URL.
        key: what their keys begin with; the folder's place in its storage by default, else its name.
        options: for each, as for `Artifact`.

    Raises:
        LigninError: it is no folder, holds no file, or one of the keys can't be one; nothing is stored.
    """
    remote = find_remote(instance, folder)
    if remote is not None:
        names = sorted(_units(list_below(remote.path()).names))
        prefix = key if key is not None else _place_remote(instance, remote)
        parts: list[tuple[str, Any]] = [(name, Root(url=f"{remote.url}/{name}", endpoint=remote.endpoint, region=remote.region)) for name in names]
    else:
        place = as_local_path(folder)
        names = sorted(_units(_names(place)))
        prefix = key if key is not None else _place(instance, place)
        parts = [(name, place / name) for name in names]
    if not parts:
        raise StorageError(f"the folder {folder} holds no file, so there is nothing to save")
    keyed = list(_keyed(parts, prefix))
    if remote is None:
        return RecordList(Artifact(source, key=name, **options) for name, source in keyed)
    # Each asks a server, and together they wait once.
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return RecordList(pool.map(lambda pair: Artifact(pair[1], key=pair[0], **options), keyed))


def _keyed(parts: Iterable[tuple[str, Any]], prefix: str) -> Iterator[tuple[str, Any]]:
    if prefix:
        prefix = check_key(prefix.rstrip("/")) + "/"
    problems = []
    for name, source in parts:
        try:
            yield check_key(prefix + name), source
        except InvalidKey as e:
            problems.append(str(e))
    if problems:
        more = f" {len(problems) - 3} more are like that." if len(problems) > 3 else ""
        raise InvalidKey(f"{len(problems)} files have names that can't be keys: {' '.join(problems[:3])}{more} Rename them, or save the folder as one artifact.")


def _names(folder: Path) -> Iterator[str]:
    """The files below a folder, by their path from there; links to folders that are in already are left out."""
    if not folder.exists():
        raise NotFound(f"there is nothing at {folder}")
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder. For one file: ln.Artifact(path, key=…)")
    try:
        for entry in walk(folder):
            if not entry.is_inside:
                yield entry.path.relative_to(folder).as_posix()
    except OSError as e:
        raise StorageError(f"can't read {e.filename or folder}: {e.strerror or e}. Check that it exists and may be read.") from e


def _units(names: Iterable[str]) -> set[str]:
    """What becomes one artifact each: a file, or the store in which it lies; what Lignin itself keeps is left out."""
    found = set()
    for name in names:
        steps = name.split("/")
        if OBJECTS not in steps:
            end = next((i for i, step in enumerate(steps) if is_store_name(step)), len(steps) - 1)
            found.add("/".join(steps[: end + 1]))
    return found


def _place(instance: Instance, folder: Path) -> str:
    for storage in instance.managed_storages():
        relpath = path_below(folder, Path(storage.root))
        if relpath is not None:
            return "" if relpath == "." else relpath
    return folder.name


def _place_remote(instance: Instance, folder: Root) -> str:
    holders = [s for s in instance.remote_storages() if s.role == "managed" and s.host == folder.endpoint and is_below(folder.url, s.root)]
    if holders:
        root = max((storage.root for storage in holders), key=len)
        return folder.url[len(root) :].strip("/")
    return folder.url.rpartition("/")[2]
