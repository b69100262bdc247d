"""New transforms from code that runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from lignin.base.ids import FIRST_VERSION
from lignin.instance.deletions import next_uid, retired_uids
from lignin.model import Transform
from lignin.recording import Code

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["new_transform"]


def new_transform(
    instance: Instance,
    session: Session,
    code: Code,
    *,
    family: str,
    before: Sequence[Transform],
    used_at: datetime,
    is_latest: bool,
    stem: str | None = None,
) -> Transform:
    """A transform for a code that is not in the catalogue yet: the first of its family, or a new version.

    Args:
        instance: the open instance.
        session: of the transaction that adds it.
        code: what runs.
        family: of its versions.
        before: the versions there are.
        used_at: when a run first used it.
        is_latest: whether it is the family's latest.
        stem: the uid's first part, where a user has given one.
    """
    uids, stem = [version.uid for version in before], stem and stem[: Transform.uid_length]
    retired = retired_uids(session, Transform, [*uids, f"{stem}{FIRST_VERSION}"] if stem else uids)
    return Transform(
        uid=next_uid(Transform, uids, retired, stem=stem),
        key=code.key,
        description=code.description,
        kind=code.kind,
        source_code=code.source,
        hash=code.hash,
        reference=code.reference,
        reference_type="git" if code.version else "path" if code.reference else None,
        version_tag=code.version,
        family=family,
        is_latest=is_latest,
        used_at=used_at,
        branch_id=instance.branch_id,
        created_on_id=instance.branch_id,
        space_id=instance.space_id,
        created_by_id=instance.user_id,
    )
