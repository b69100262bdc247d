"""Versions of a family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lignin.base.errors import UsageError
from lignin.instance.query import QuerySet
from lignin.model import Registry, Versioned

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["versions"]


def versions(instance: Instance, record: Registry) -> QuerySet[Any]:
    """All versions of a record's family on its branch, the newest first."""
    assert isinstance(record, Versioned)
    if not record.uid:
        raise UsageError(f"{record!r} is not saved yet, so it has no versions. Save it first.")
    family: QuerySet[Any] = QuerySet(instance, type(record))
    return family.filter(uid__startswith=record.stem_uid).order_by("-uid")
