"""Uploads to S3 that never ended: their parts are seen by nobody, and are paid for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from lignin.base.clock import now
from lignin.base.errors import LigninError
from lignin.instance.fsck.report import Finding, Kind
from lignin.instance.locate import locate
from lignin.instance.save_artifact import OBJECTS
from lignin.model import Storage
from lignin.storage import abort_upload, pending_uploads

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["find_uploads", "mend_upload"]


def find_uploads(instance: Instance, *, grace: timedelta) -> Iterator[Finding]:
    """Uploads below what this instance stores on S3 that began longer than `grace` ago and have not ended."""
    with instance.database.reading() as session:
        mine = select(Storage).where(Storage.type == "s3", Storage.role == "managed", Storage.branch_id > 0, Storage.instance_uid == instance.config.uid)
        storages = session.scalars(mine.order_by(Storage.id)).all()
    for storage in storages:
        home = locate(storage, f"{OBJECTS}/{storage.instance_uid}")
        try:
            pending = pending_uploads(home)
        except LigninError as e:
            yield Finding(kind=Kind.UNREACHABLE, subject=storage.root, problem=str(e), repairable=False)
            continue
        for upload in pending:
            if now() - upload.began >= grace:
                problem = f"an upload that began at {upload.began:%Y-%m-%d %H:%M} never ended; its parts take up room"
                yield Finding(kind=Kind.UPLOAD, subject=upload.url, problem=problem, target=(home, upload))


def mend_upload(_instance: Instance, finding: Finding) -> Finding:
    """Abort it: its parts go; the object of its name, if there is one, is another."""
    home, upload = finding.target
    abort_upload(home, upload)
    return replace(finding, repaired=True)
