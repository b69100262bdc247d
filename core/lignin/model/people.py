"""Who, and where rows live: users, branches, spaces."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from lignin.base.clock import now
from lignin.model.registry import Registry
from lignin.model.types import exact, primary_key

__all__ = ["ALL_SPACE", "ARCHIVE", "MAIN", "TRASH", "Branch", "Space", "User"]

MAIN, ARCHIVE, TRASH = 1, 0, -1
ALL_SPACE = 1


class User(Registry):
    """A person or an account that made records."""

    __tablename__ = "account"
    uid_length, label = 8, "handle"
    searched = ("handle", "name")

    id: Mapped[primary_key]
    uid: Mapped[str] = exact(unique=True)
    handle: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Branch(Registry):
    """A line of change. Built in: `main` (1), `archive` (0), `trash` (-1)."""

    __tablename__ = "branch"
    label = "name"

    id: Mapped[primary_key]
    uid: Mapped[str] = exact(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None] = mapped_column(default=None)
    status: Mapped[str] = mapped_column(default="standalone")
    created_at: Mapped[datetime] = mapped_column(default=now)


class Space(Registry):
    """A part of the instance that can have its own readers. Built in: `all` (1)."""

    __tablename__ = "space"
    label = "name"

    id: Mapped[primary_key]
    uid: Mapped[str] = exact(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=now)
