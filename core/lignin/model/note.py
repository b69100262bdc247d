"""Notes: markdown on any record, in versions."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from lignin.model.registry import Owned, Registry
from lignin.model.types import exact

__all__ = ["Note"]


class Note(Registry, Owned):
    """Markdown on a record: its page, of which the newest version counts, or a comment.

    Attributes:
        target_registry: the name of the registry of what it is on.
        target_id: the id of that record there.
        kind: `readme` or `comment`.
        content: the text.
    """

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_target_registry_target_id_kind", "target_registry", "target_id", "kind"),)
    uid_length, label = 16, "uid"
    searched = ("content",)

    uid: Mapped[str] = exact(unique=True)
    target_registry: Mapped[str]
    target_id: Mapped[int]
    kind: Mapped[str] = mapped_column(default="readme")
    content: Mapped[str]
