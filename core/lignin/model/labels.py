"""Labels: universal labels, projects, and references to literature."""

import re
from datetime import date as Date  # noqa: N812 - a field is called date

from sqlalchemy.orm import Mapped, mapped_column, validates

from lignin.model.registry import (
    Owned,
    Parented,
    Registry,
    ToMany,
    ToOne,
    Trashable,
    Typed,
    unique_within_type,
)
from lignin.model.types import exact, optional_link

__all__ = ["Project", "Reference", "ULabel"]

_RESOLVER = re.compile(r"^((https?://)?(dx\.|www\.)?doi\.org/|doi:\s*)", re.IGNORECASE)


class ULabel(Registry, Owned, Trashable, Typed, Parented):
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


class Project(Registry, Owned, Trashable, Typed):
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
    start_date: Mapped[Date | None] = mapped_column(default=None)
    end_date: Mapped[Date | None] = mapped_column(default=None)
    run_id: Mapped[int | None] = optional_link("run", index=False)

    type = ToOne("Project")
    run = ToOne("Run")
    artifacts = ToMany("Artifact", through="artifact_project", own="project_id", other="artifact_id", editable=False)


class Reference(Registry, Owned, Trashable, Typed):
    """A paper, preprint, protocol or page, as a label on anything. Names are unique within a type.

    Attributes:
        doi: such as `10.1126/science.abj4008`; kept without `https://doi.org/` or `doi:` before it.
        pubmed_id: its number in PubMed.
        text: an abstract, or the whole.
        date: of publication.
    """

    __tablename__ = "reference"
    uid_length, label = 12, "name"
    searched = ("name", "abbr", "doi", "description")

    uid: Mapped[str] = exact(unique=True)
    name: Mapped[str]
    is_type: Mapped[bool] = mapped_column(default=False)
    type_id: Mapped[int | None] = optional_link("reference")
    abbr: Mapped[str | None] = mapped_column(default=None)
    description: Mapped[str | None] = mapped_column(default=None)
    url: Mapped[str | None] = mapped_column(default=None)
    doi: Mapped[str | None] = exact(default=None, index=True)
    pubmed_id: Mapped[int | None] = mapped_column(default=None, index=True)
    text: Mapped[str | None] = mapped_column(default=None)
    date: Mapped[Date | None] = mapped_column(default=None)
    run_id: Mapped[int | None] = optional_link("run", index=False)

    type = ToOne("Reference")
    run = ToOne("Run")
    artifacts = ToMany("Artifact", through="artifact_reference", own="reference_id", other="artifact_id", editable=False)

    @validates("doi")
    def _without_resolver(self, _field: str, doi: object) -> object:
        return _RESOLVER.sub("", doi.strip(), count=1) if isinstance(doi, str) else doi


for _registry in (ULabel, Project, Reference):
    unique_within_type(_registry)
