"""Rules of every kind in one workflow: modules, environments, storage, shadow folders, updated files."""

from lignin.base.content import hash_bytes

SNAKEFILE = """
storage shelf:
    provider="shelf"

module inner:
    snakefile: "inner.smk"

use rule * from inner as inner_*

rule all:
    default_target: True
    input: "stored_copy.txt", "inner.txt", "log.txt", "w.txt"

rule store:
    output: storage.shelf("shelf://box/x.txt")
    shell: "echo stored > {output}"

rule fetch:
    input: storage.shelf("shelf://box/x.txt")
    output: "stored_copy.txt"
    shell: "cp {input} {output}"

rule append:
    output: update("log.txt")
    shell: "echo more >> {output}"

rule shadowed:
    output: text="w.txt", mark=touch("w.done")
    shadow: "minimal"
    shell: "echo w > w.txt; echo left > behind.txt"
"""

MODULE = """
rule text:
    output: "inner.txt"
    conda: "environment.yaml"
    container: "docker://example/bwa:0.7.17"
    shell: "echo inner > {output}"
"""

# The smallest storage that Snakemake takes: files in a folder, by names of their own.
STORAGE = '''
import shutil
from pathlib import Path

from snakemake_interface_storage_plugins.storage_object import StorageObjectRead, StorageObjectWrite
from snakemake_interface_storage_plugins.storage_provider import (
    ExampleQuery, QueryType, StorageProviderBase, StorageQueryValidationResult,
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
        self.place = Path("shelf") / self.query.removeprefix("shelf://")

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
'''


def test_rules_of_every_kind_are_recorded_as_what_they_are(snakemake):
    snakemake.write(SNAKEFILE)
    snakemake.write(MODULE, name="inner.smk")
    snakemake.write("dependencies: [bwa=0.7.17]\n", name="environment.yaml")
    snakemake.write(STORAGE, name="plugins/snakemake_storage_plugin_shelf/__init__.py")
    snakemake.write("before\n", name="log.txt")
    paths = f"{snakemake.folder / 'plugins'}:{snakemake.environment['PYTHONPATH']}"
    first = snakemake.run("--forceall", PYTHONPATH=paths)
    assert first.code == 0, first.output

    inner = first.run("inner_text")
    assert inner.code.key == "inner.smk::inner_text"
    assert inner.info["container"] == "docker://example/bwa:0.7.17"
    assert inner.info["conda_env"].endswith("environment.yaml")

    stored, fetched = first.made("store")["x.txt"], first.read("fetch")["x.txt"]
    assert stored == fetched
    assert (stored.uri, stored.host, stored.content_id) == ("shelf://box/x.txt", None, hash_bytes(b"stored\n"))

    assert first.made("append")["log.txt"].content_id == hash_bytes(b"before\nmore\n")
    assert set(first.made("shadowed")) == {"w.txt", "w.done"}

    snakemake.write("dependencies: [bwa=0.7.18]\n", name="environment.yaml")
    second = snakemake.run("--forceall", PYTHONPATH=paths)
    assert second.run("inner_text").code.hash != inner.code.hash
    assert second.run("fetch").code == first.run("fetch").code
