"""Transforms: code, in versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from lignin.base.clock import now
from lignin.base.ports import graph
from lignin.model.registry import Owned, Registry, ToMany, ToOne, Trashable, Versioned
from lignin.model.types import exact, optional_link

__all__ = ["Transform"]

_LIVING_LATEST = text("is_latest and branch_id > 0")


class Transform(Registry, Owned, Trashable, Versioned):
    """A piece of code: a script, notebook, function, workflow, or one of its tasks.

    Attributes:
        key: its name within the family: a script's path, `Snakefile::align`.
        kind: `script`, `notebook`, `function`, `workflow`, `task`, `pipeline`.
        source_code: the text, without secrets.
        hash: tells the versions of a family apart: the digest of the source and all it loads.
        reference: repository URL or folder URI that the code comes from.
        reference_type: `git` with the commit in `version_tag`, `path`, or free.
        used_at: when a run last used this version; the last one used is the family's latest.
    """

    __tablename__ = "transform"
    __table_args__ = (
        Index("uq_transform_family_latest", "family", "branch_id", unique=True, sqlite_where=_LIVING_LATEST, postgresql_where=_LIVING_LATEST),
        Index("ix_transform_family_hash", "family", "hash"),
    )
    uid_length, label = 12, "key"
    searched = ("key", "description")

    uid: Mapped[str] = exact(unique=True)
    key: Mapped[str | None] = exact(default=None, index=True)
    description: Mapped[str | None] = mapped_column(default=None)
    kind: Mapped[str] = mapped_column(default="pipeline")
    source_code: Mapped[str | None] = mapped_column(default=None)
    hash: Mapped[str | None] = exact(default=None, index=True)
    reference: Mapped[str | None] = mapped_column(default=None)
    reference_type: Mapped[str | None] = mapped_column(default=None)
    used_at: Mapped[datetime] = mapped_column(default=now)
    run_id: Mapped[int | None] = optional_link("run", index=False, cyclic=True)

    runs = ToMany("Run", other="transform_id")
    ulabels = ToMany("ULabel", through="transform_ulabel", own="transform_id", other="ulabel_id")
    projects = ToMany("Project", through="transform_project", own="transform_id", other="project_id")
    records = ToMany("Record", through="transform_record", own="transform_id", other="record_id")
    references = ToMany("Reference", through="transform_reference", own="transform_id", other="reference_id")
    run = ToOne("Run")

    @property
    def name(self) -> str | None:
        """The last part of the key."""
        return self.key.rsplit("/", 1)[-1] if self.key else None

    def view_lineage(self, **options: Any) -> Any:
        """Draw what this code's latest run read and made; options as for `Artifact.view_lineage`."""
        return graph().view(self, **options)
