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

def test_rules_of_every_kind_are_recorded_as_what_they_are(snakemake):
    snakemake.write(SNAKEFILE)
    snakemake.write(MODULE, name="inner.smk")
    snakemake.write("dependencies: [bwa=0.7.17]\n", name="environment.yaml")
    snakemake.write("before\n", name="log.txt")
    first = snakemake.run("--forceall", PYTHONPATH=snakemake.with_shelf)
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
    second = snakemake.run("--forceall", PYTHONPATH=snakemake.with_shelf)
    assert second.run("inner_text").code.hash != inner.code.hash
    assert second.run("fetch").code == first.run("fetch").code
