"""Labels: universal labels and projects."""

from datetime import date

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from lignin.model.registry import Owned, Registry, ToMany, ToOne, Trashable
from lignin.model.types import exact, optional_link

__all__ = ["Project", "ULabel"]

_LIVING = text("branch_id > 0")


class ULabel(Registry, Owned, Trashable):
    """A universal label. Names are unique within a type.

    Attributes:
        is_type: whether it groups other labels.
        type: the label that groups this one.
    """

    __tablename__ = "ulabel"
    uid_length, label = 8, "name"

    uid: Mapped[str] = exact(unique=True)
    name: Mapped[str]
    is_type: Mapped[bool] = mapped_column(default=False)
    type_id: Mapped[int | None] = optional_link("ulabel")
    description: Mapped[str | None] = mapped_column(default=None)
    reference: Mapped[str | None] = mapped_column(default=None)
    reference_type: Mapped[str | None] = mapped_column(default=None)
    run_id: Mapped[int | None] = optional_link("run", index=False)

    type = ToOne("ULabel")
    run = ToOne("Run")
    artifacts = ToMany("Artifact", through="artifact_ulabel", own="ulabel_id", other="artifact_id", editable=False)
    parents = ToMany("ULabel", through="ulabel_parent", own="child_id", other="parent_id")
    children = ToMany("ULabel", through="ulabel_parent", own="parent_id", other="child_id")


class Project(Registry, Owned, Trashable):
    """A project, as a label on anything. Names are unique within a type."""

    __tablename__ = "project"
    uid_length, label = 12, "name"
    searched = ("name", "abbr", "description")

    uid: Mapped[str] = exact(unique=True)
    name: Mapped[str]
    is_type: Mapped[bool] = mapped_column(default=False)
    type_id: Mapped[int | None] = optional_link("project")
    abbr: Mapped[str | None] = mapped_column(default=None)
    description: Mapped[str | None] = mapped_column(default=None)
    url: Mapped[str | None] = mapped_column(default=None)
    start_date: Mapped[date | None] = mapped_column(default=None)
    end_date: Mapped[date | None] = mapped_column(default=None)
    run_id: Mapped[int | None] = optional_link("run", index=False)

    type = ToOne("Project")
    run = ToOne("Run")
    artifacts = ToMany("Artifact", through="artifact_project", own="project_id", other="artifact_id", editable=False)


for _registry in (ULabel, Project):
    _table = _registry.__table__
    Index(
        f"uq_{_registry.__tablename__}_name_type",
        _table.c.name,
        func.coalesce(_table.c.type_id, 0),
        unique=True,
        sqlite_where=_LIVING,
        postgresql_where=_LIVING,
    )
