"""`ln.settings`: what holds for this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lignin.base.errors import UsageError
from lignin.base.ports import current
from lignin.instance.find_storage import find_storage
from lignin.model import Storage
from lignin.storage import Root, cache_folder

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Settings", "settings"]


_SETTABLE = ("hints_at_similar_names", "storage")


class Settings:
    """Settings of the open instance in this process; nothing is written down."""

    @property
    def storage(self) -> Storage:
        """Where new artifacts go that name no storage; set it to an `ln.Storage` or a root, which is registered if need be."""
        return _instance().storage

    @storage.setter
    def storage(self, given: Storage | str | os.PathLike[str]) -> None:
        instance = _instance()
        if not isinstance(given, Storage):
            instance.use_storage(Storage(Root.parse(os.fspath(given)).text).save())
            return
        instance.use_storage(find_storage(instance, given if given.id is not None else given.save()))

    @property
    def cache_dir(self) -> Path:
        """Where copies of what lies elsewhere are kept: `LIGNIN_CACHE_DIR`."""
        return cache_folder()

    @property
    def hints_at_similar_names(self) -> bool:
        """Whether a line tells of new names that resemble others; set it to `False` for silence."""
        return _instance().hints_at_similar_names

    @hints_at_similar_names.setter
    def hints_at_similar_names(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise UsageError(f"ln.settings.hints_at_similar_names is True or False, not {value!r}")
        _instance().hints_at_similar_names = value

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _SETTABLE:
            raise AttributeError(f"ln.settings has no {name!r} that can be set; there are: {', '.join(_SETTABLE)}")
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"<settings storage={self.storage.root!r} cache_dir={str(self.cache_dir)!r}>"


def _instance() -> Instance:
    return cast("Instance", current())


settings = Settings()
