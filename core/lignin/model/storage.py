"""Storage locations."""

import os
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from lignin.base.errors import UsageError
from lignin.model.registry import Owned, Registry, Trashable
from lignin.model.types import exact

__all__ = ["Storage"]


class Storage(Registry, Owned, Trashable):
    """A root below which artifacts lie: a folder on a host, a bucket with a prefix.

    Attributes:
        root: an absolute path or a URL, without a slash at its end.
        host: the machine that a local root belongs to, or the URL of the server of a remote one; empty for AWS,
            and for what every machine sees alike.
        type: `local`, `s3`, `gs`, `http`, …
        role: `managed`: Lignin writes below `<root>/.lignin/`, and registers what users keep there
            in place; `location`: only files that adapters found in place.
        region: of a bucket.
        instance_uid: the instance that manages it.
    """

    __tablename__ = "storage"
    __table_args__ = (Index("uq_storage_host_root", "host", "root", unique=True, sqlite_where=text("branch_id > 0"), postgresql_where=text("branch_id > 0")),)
    label = "root"
    searched = ("root", "description")

    uid: Mapped[str] = exact(unique=True)
    root: Mapped[str]
    host: Mapped[str] = mapped_column(default="")
    description: Mapped[str | None] = mapped_column(default=None)
    type: Mapped[str] = mapped_column(default="local")
    role: Mapped[str] = mapped_column(default="managed")
    region: Mapped[str | None] = mapped_column(default=None)
    instance_uid: Mapped[str | None] = mapped_column(default=None)

    def __init__(self, root: str | os.PathLike[str] | None = None, **fields: Any) -> None:
        """Describe a location, a folder or `s3://bucket/prefix?endpoint_url=…`; `save()` registers it.

        `save()` makes the folder, or looks whether the bucket can be written.

        Raises:
            UsageError: the root is neither text nor path.
        """
        if not isinstance(root, str | os.PathLike | None):
            raise UsageError(f"the root of a Storage is a folder or s3://bucket/prefix, not {root!r}")
        super().__init__(**({"root": os.fspath(root)} if root is not None else {}), **fields)
