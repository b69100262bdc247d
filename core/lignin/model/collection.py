"""Collections: ordered sets of artifacts, in versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from lignin.base.ports import current
from lignin.model.artifact import Artifact
from lignin.model.registry import Owned, Registry, ToMany, ToOne, Trashable, Versioned
from lignin.model.types import exact, optional_link

__all__ = ["Collection"]

_LIVING_LATEST = text("is_latest and branch_id > 0")


class Collection(Registry, Owned, Trashable, Versioned):
    """An immutable, ordered set of artifacts; another set under the same key is a new version.

    Args:
        artifacts: saved artifacts.
        key: its name in the instance.
        description: a line for people.

    Attributes:
        hash: digest of its members' uids in their order.
    """

    __tablename__ = "collection"
    __table_args__ = (Index("uq_collection_family_latest", "family", "branch_id", unique=True, sqlite_where=_LIVING_LATEST, postgresql_where=_LIVING_LATEST),)
    uid_length, label = 16, "key"
    searched = ("key", "description")

    uid: Mapped[str] = exact(unique=True)
    key: Mapped[str | None] = exact(default=None, index=True)
    description: Mapped[str | None] = mapped_column(default=None)
    hash: Mapped[str] = exact(index=True)
    reference: Mapped[str | None] = mapped_column(default=None)
    reference_type: Mapped[str | None] = mapped_column(default=None)
    run_id: Mapped[int | None] = optional_link("run", index=False)

    run = ToOne("Run")
    artifacts = ToMany("Artifact", through="collection_artifact", own="collection_id", other="artifact_id", editable=False)
    ulabels = ToMany("ULabel", through="collection_ulabel", own="collection_id", other="ulabel_id")
    projects = ToMany("Project", through="collection_project", own="collection_id", other="project_id")
    records = ToMany("Record", through="collection_record", own="collection_id", other="record_id")
    references = ToMany("Reference", through="collection_reference", own="collection_id", other="reference_id")

    def __init__(
        self,
        artifacts: Sequence[Artifact] | Artifact | None = None,
        *,
        key: str | None = None,
        description: str | None = None,
        run: Any = None,
        version_tag: str | None = None,
        reference: str | None = None,
        reference_type: str | None = None,
    ) -> None:
        super().__init__(key=key, description=description, version_tag=version_tag, reference=reference, reference_type=reference_type)
        current().construct(self, [artifacts] if isinstance(artifacts, Artifact) else artifacts, {"run": run})

    @property
    def ordered_artifacts(self) -> Sequence[Artifact]:
        """The members in the order in which they were given."""
        members: Sequence[Artifact] = self.artifacts.to_list()
        return members

    def append(self, artifact: Artifact) -> Collection:
        """A new, unsaved version with one more member."""
        return Collection([*self.ordered_artifacts, artifact], key=self.key, description=self.description)

    def cache(self) -> list[Any]:
        """Local paths with the bytes of all members, in order."""
        return [artifact.cache() for artifact in self.ordered_artifacts]

    def load(self, **options: Any) -> Any:
        """All members in memory, joined: frames by rows, AnnData along observations."""
        return current().load(self, **options)
