"""Records that were made together and are saved together."""

from typing import Self, TypeVar

from lignin.base.ports import current
from lignin.model.registry import Registry

__all__ = ["RecordList"]

R = TypeVar("R", bound=Registry)


class RecordList(list[R]):
    """A list of records with a `save` of its own."""

    def save(self) -> Self:
        """Store them all, in few transactions; each is as if saved alone."""
        current().save_many(self)
        return self
