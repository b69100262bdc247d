"""Artifacts that were made together and are saved together."""

from typing import Self

from lignin.base.ports import current
from lignin.model.artifact import Artifact

__all__ = ["ArtifactList"]


class ArtifactList(list[Artifact]):
    """A list of artifacts with a `save` of its own."""

    def save(self) -> Self:
        """Store them all, in few transactions; each is as if saved alone."""
        current().save_many(self)
        return self
