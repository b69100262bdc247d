"""From what a user gives, a record or a root, to the storage location."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sqlalchemy import select

from lignin.base.errors import UsageError
from lignin.base.settings import host_name
from lignin.model import Storage
from lignin.storage import Root

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["find_storage"]


def find_storage(instance: Instance, given: object) -> Storage:
    """The storage location that a saved `ln.Storage`, its uid, or its root stands for.

    Raises:
        UsageError: there is none; the message says how to make one.
    """
    if isinstance(given, Storage) and given.id is not None:
        return given
    if not isinstance(given, str | os.PathLike):
        raise UsageError(f"storage takes a saved ln.Storage or its root, not {given!r}")
    text = os.fspath(given)
    root = Root.parse(str(text))
    known = select(Storage).where(Storage.branch_id > 0)
    at = known.where(Storage.root == root.url, Storage.host == root.endpoint) if root.is_remote else known.where(Storage.root == root.url, Storage.host.in_(["", host_name()]))
    with instance.database.reading() as session:
        found = session.scalars(at.order_by(Storage.role.desc(), Storage.id)).all() or session.scalars(known.where(Storage.uid == text)).all()
    if not found:
        raise UsageError(f"there is no storage {root.text}. Make it one: ln.Storage({root.text!r}).save()")
    return found[0]
