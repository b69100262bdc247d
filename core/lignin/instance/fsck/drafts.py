"""What somebody began to write straight into a storage on a server, and never saved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from lignin.base.clock import now
from lignin.base.errors import MissingExtra, StorageError
from lignin.instance.fsck.report import Finding, Kind
from lignin.instance.lazy import DRAFTS
from lignin.instance.locate import home_of, locate
from lignin.model import Storage
from lignin.storage import look, names_below

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["find_remote_drafts"]

_DRAFT = re.compile(r"\.lazy\.[0-9A-Za-z]{6}\.part")


def find_remote_drafts(instance: Instance, *, grace: timedelta) -> Iterator[Finding]:
    """Drafts in which nobody has written for `grace`. A server that does not answer holds back no other finding."""
    with instance.database.reading() as session:
        storages = session.scalars(select(Storage).where(Storage.type != "local", Storage.role == "managed", Storage.branch_id > 0)).all()
    for storage in storages:
        home = locate(storage, f"{home_of(instance, storage)}/{DRAFTS}")
        try:
            for name in sorted({name.partition("/")[0] for name in names_below(home)}):
                seen = look(home / name) if _DRAFT.fullmatch(name) else None
                if seen is not None and now() - datetime.fromtimestamp(seen.mtime_ns / 1e9, UTC) >= grace:
                    problem = "it was written to storage and never saved. No record names it, so it can be deleted there"
                    yield Finding(kind=Kind.DRAFT, subject=str(home / name), problem=problem, repairable=False)
        except (StorageError, MissingExtra):
            continue
