"""The smallest storage that Snakemake takes: files in a folder, which `SHELF` may name, by names of their own."""

import os
import shutil
from pathlib import Path

from snakemake_interface_storage_plugins.storage_object import StorageObjectRead, StorageObjectWrite
from snakemake_interface_storage_plugins.storage_provider import (
    ExampleQuery,
    QueryType,
    StorageProviderBase,
    StorageQueryValidationResult,
)


class StorageProvider(StorageProviderBase):
    @classmethod
    def example_queries(cls):
        return [ExampleQuery(query="shelf://box/x", type=QueryType.ANY, description="a file")]

    def rate_limiter_key(self, query, operation):
        return None

    def default_max_requests_per_second(self):
        return 1000.0

    def use_rate_limiter(self):
        return False

    @classmethod
    def is_valid_query(cls, query):
        return StorageQueryValidationResult(query, query.startswith("shelf://"), "shelf:// expected")


class StorageObject(StorageObjectRead, StorageObjectWrite):
    def __post_init__(self):
        self.place = Path(os.environ.get("SHELF", "shelf")) / self.query.removeprefix("shelf://")

    async def inventory(self, cache):
        pass

    def get_inventory_parent(self):
        return None

    def local_suffix(self):
        return self.query.removeprefix("shelf://")

    def cleanup(self):
        pass

    def exists(self):
        return self.place.exists()

    def mtime(self):
        return self.place.stat().st_mtime

    def size(self):
        return self.place.stat().st_size

    def retrieve_object(self):
        shutil.copy(self.place, self.local_path())

    def store_object(self):
        self.place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.local_path(), self.place)

    def remove(self):
        self.place.unlink()
