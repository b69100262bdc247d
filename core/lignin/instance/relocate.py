"""Follow an instance's folder that was moved, copied, or is mounted elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lignin.base.settings import InstanceConfig, host_name
from lignin.instance.database import Database
from lignin.model import Storage

__all__ = ["moved_roots", "relocate"]


def relocate(database: Database, config: InstanceConfig) -> None:
    """Correct the roots of storage locations inside the folder, where they still name its old place.

    Otherwise the files of a moved folder would be gone, and a copy would read, and delete, those of
    its original. Where the database lies elsewhere, and so may know several folders, the roots follow
    only a folder that is no longer at its old place.
    """
    host = "" if config.db_in_folder else host_name()
    inside = select(Storage.id, Storage.root, Storage.role).where(Storage.host == host, Storage.type == "local", Storage.instance_uid == config.uid)
    with database.reading() as session:
        rows = session.execute(inside.order_by(Storage.id)).all()
    new = moved_roots({row.id: row.root for row in rows}, config=config, found=[row.root for row in rows if row.role == "location"])
    if not new or (not config.db_in_folder and any(Path(row.root).exists() for row in rows if row.id in new)):
        return

    def work(session: Session) -> None:
        taken = set(session.scalars(select(Storage.root).where(Storage.host == host)))
        for row_id, root in new.items():
            if root not in taken:
                session.execute(update(Storage).where(Storage.id == row_id).values(root=root))

    database.transact(work)


def moved_roots(roots: Mapping[int, str], *, config: InstanceConfig, found: Iterable[str]) -> Mapping[int, str]:
    """The new roots of the storage locations that lay in the folder's old place, by their ids.

    The old place is told by the default storage, whose path inside the folder is known, or by the
    location that the folder itself is for what adapters found in it.
    """
    folder = str(config.folder)
    outside = {number: root for number, root in roots.items() if root not in {"/", config.storage_root} and not _below(root, folder)}
    inner = None if Path(config.storage).is_absolute() or "://" in config.storage else f"/{Path(config.storage).as_posix()}"
    ends = [root.removesuffix(inner) for root in outside.values() if inner is not None and root.endswith(inner)]
    old = next((place for place in [*ends, *found] if place in ends or place in outside.values()), None)
    if not old or _is_same(old, folder):
        return {}
    return {number: folder + root[len(old) :] for number, root in outside.items() if _below(root, old)}


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root + "/")


def _is_same(one: str, other: str) -> bool:
    """Whether two names, one of them by a link, are of one folder."""
    return Path(one).exists() and Path(one).samefile(other)
