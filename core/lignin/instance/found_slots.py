"""The features that were found in the parts of an artifact's dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import select

from lignin.model import Artifact, Schema, artifact_schema

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["found_slots"]


def found_slots(instance: Instance, artifact: Artifact) -> Mapping[str, Schema]:
    """By part (`columns`, `obs`, `var.T`), what was found in it; one statement."""
    link = artifact_schema.c
    mine = select(link.slot, Schema).join(Schema, Schema.id == link.schema_id).where(link.artifact_id == artifact.id).order_by(link.slot)
    return instance.database.read(lambda session: dict(session.execute(mine).tuples().all()))
