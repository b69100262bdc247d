"""Snakemake finds this module by its name: `storage.lignin("study/counts.h5ad")` in a Snakefile.

As an input it is the latest version of that key in the registry (`?version=…` names one for good), as an
output a new version of it. Snakemake imports every storage plug-in each time it starts, so what talks to
the registry is loaded when a workflow first asks for something.
"""

import importlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from snakemake_interface_storage_plugins.common import Operation
from snakemake_interface_storage_plugins.io import (
    IOCacheStorageInterface,
    Mtime,
    get_constant_prefix,
)
from snakemake_interface_storage_plugins.settings import StorageProviderSettingsBase
from snakemake_interface_storage_plugins.storage_object import (
    StorageObjectGlob,
    StorageObjectRead,
    StorageObjectTouch,
    StorageObjectWrite,
)
from snakemake_interface_storage_plugins.storage_provider import (
    ExampleQuery,
    QueryType,
    StorageProviderBase,
    StorageQueryValidationResult,
)

from snakemake_lignin.query import Query, problem_of

__all__ = ["StorageObject", "StorageProvider", "StorageProviderSettings"]


@dataclass
class StorageProviderSettings(StorageProviderSettingsBase):  # type: ignore[misc]  # the interface has no types
    """No options of its own: the registry is that of the folder in which Snakemake works."""


class StorageProvider(StorageProviderBase):  # type: ignore[misc]  # the interface has no types
    """The registry that the working folder belongs to."""

    @cached_property
    def versions(self) -> Any:
        """What talks to the registry."""
        return importlib.import_module("snakemake_lignin.versions").Versions()

    @classmethod
    def example_queries(cls) -> list[ExampleQuery]:
        """Queries as one writes them."""
        return [
            ExampleQuery(query="study/counts.h5ad", type=QueryType.ANY, description="the latest version of a key; as an output, a new one"),
            ExampleQuery(query="lignin://study/counts.h5ad?version=0001", type=QueryType.INPUT, description="one version, by its uid, its tag, or the uid's last four"),
        ]

    def rate_limiter_key(self, query: str, operation: Operation) -> str:
        """All queries are of one registry."""
        return "lignin"

    def default_max_requests_per_second(self) -> float:
        """A database of one's own answers as fast as it can."""
        return 1000.0

    def use_rate_limiter(self) -> bool:
        """No."""
        return False

    @classmethod
    def is_valid_query(cls, query: str) -> StorageQueryValidationResult:
        """Whether it names a key, with or without `lignin://`."""
        problem = problem_of(query)
        return StorageQueryValidationResult(query=query, valid=problem is None, reason=problem)

    def postprocess_query(self, query: str) -> str:
        """With the scheme, so that messages and Snakemake's metadata say where it lies."""
        return str(Query.parse(query))


class StorageObject(StorageObjectRead, StorageObjectWrite, StorageObjectGlob, StorageObjectTouch):  # type: ignore[misc]  # the interface has no types
    """An artifact of the registry, by its key."""

    async def inventory(self, cache: IOCacheStorageInterface) -> None:
        """Ask once for what Snakemake wants to know of it."""
        key = self.cache_key()
        exists = self.exists()
        cache.exists_in_storage[key] = exists
        if exists:
            cache.mtime[key] = Mtime(storage=self.mtime())
            cache.size[key] = self.size()

    def get_inventory_parent(self) -> str | None:
        """None: keys are asked for one by one."""
        return None

    def local_path(self) -> Path:
        """Where the copy lies; a version for good lies beside the latest, where no rule's output can be meant."""
        path: Path = super().local_path()
        version = Query.parse(self.query).version
        if version is None or self._overwrite_local_path:
            return path
        prefix = Path(self.provider.local_prefix)
        return prefix.with_name(f"{prefix.name}@{version}") / self.local_suffix()

    def local_suffix(self) -> str:
        """The key."""
        return Query.parse(self.query).key

    def cache_key(self, local_suffix: str | None = None) -> str:
        """The path of the copy."""
        return str(self.local_path())

    def cleanup(self) -> None:
        """Nothing is left but the copy, which Snakemake deletes."""

    def exists(self) -> bool:
        """Whether the registry has it."""
        return bool(self._versions.exists(self.query, noted=self._is_noted))

    def mtime(self) -> float:
        """When it became what it is."""
        return float(self._versions.told(self.query, noted=self._is_noted) / 1e9)

    def size(self) -> int:
        """Its bytes; 0 for a folder."""
        return 0 if self._versions.is_folder(self.query) else self.local_footprint()

    def checksum(self) -> str:
        """Its content, so that Snakemake does not compare a copy of another version that was kept."""
        return str(self._versions.checksum(self.query))

    def local_footprint(self) -> int:
        """The bytes that its copy takes."""
        return int(self._versions.size(self.query))

    def retrieve_object(self) -> None:
        """Make a copy of its bytes."""
        self._versions.fetch(self.query, self.local_path(), noted=self._is_noted)

    def store_object(self) -> None:
        """Save a new version."""
        self._versions.save(self.query, self.local_path(), noted=self._is_noted)

    def remove(self) -> None:
        """Take it for absent in this working folder; the registry keeps it."""
        self._versions.remove(self.query)

    def touch(self) -> None:
        """Take it for new in this working folder."""
        self._versions.touch(self.query)

    def list_candidate_matches(self) -> Iterable[str]:
        """What a query with wildcards may match."""
        yield from self._versions.keys(get_constant_prefix(Query.parse(self.query).key))

    def reference(self, *, written: bool) -> Any:
        """The version that was read or written, as a `FileRef`, for the logger plug-in; `None` where it is not known."""
        return self._versions.reference(self.query, written=written, noted=self._is_noted)

    @property
    def _versions(self) -> Any:
        return self.provider.versions

    @property
    def _is_noted(self) -> bool:
        """Whether the working folder sees all that its jobs do: not so where those have disks of their own."""
        # Of a default storage, Snakemake tells no object its rule.
        own = getattr(getattr(getattr(self, "_iofile", None), "rule", None), "workflow", None)
        workflow = own or getattr(sys.modules.get("snakemake.workflow"), "workflow", None)
        usage = getattr(getattr(workflow, "storage_settings", None), "shared_fs_usage", None)
        return self.retrieve and (usage is None or "STORAGE_LOCAL_COPIES" in {each.name for each in usage})
