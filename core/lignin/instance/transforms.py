"""New transforms from code that runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lignin.base.ids import FIRST_VERSION, new_uid, next_version
from lignin.model import Transform
from lignin.recording import Code

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["new_transform"]


def new_transform(
    instance: Instance,
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
        code: what runs.
        family: of its versions.
        before: the versions there are.
        used_at: when a run first used it.
        is_latest: whether it is the family's latest.
        stem: the uid's first part, where a user has given one.
    """
    first = (stem or new_uid(Transform.uid_length))[: Transform.uid_length] + FIRST_VERSION
    return Transform(
        uid=next_version(max(version.uid for version in before)) if before else first,
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
