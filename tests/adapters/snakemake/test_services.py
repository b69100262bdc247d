"""Services: jobs whose output is there as long as others use it, and who are ended then."""

from pathlib import Path

import pytest

from lignin.base.content import hash_bytes

SNAKEFILE = """
rule all:
    input: "a.txt", "b.txt"

rule serve:
    input: "words.txt"
    output: service("served.socket")
    shell: "ln -s {input} {output}; exec sleep 600"

rule ask:
    input: socket="served.socket", names="names.txt"
    output: "{x}.txt"
    shell: "cat {input} > {output}"

wildcard_constraints:
    x="[ab]"
"""
# All of a group run at once, and who uses a service waits for its output by Snakemake's patience.
PATIENCE = ("--cores", "4", "--latency-wait", "60")


@pytest.fixture(scope="module")
def both(shared_snakemake):
    """A workflow as the live hook told it, and as it is read back without the hook's note."""
    shared_snakemake.write(SNAKEFILE)
    for name in ("words", "names"):
        shared_snakemake.write(f"{name}\n", name=f"{name}.txt")
    return shared_snakemake.told_and_read(*PATIENCE)


def test_a_service_and_those_who_use_it_have_done_their_work(both):
    live, imported = both
    assert [live.status(*rule, **names) for rule, names in ((["serve"], {}), (["ask"], {"x": "a"}), (["ask"], {"x": "b"}), (["all"], {}))] == ["completed"] * 4
    assert live.ending.status.value == "completed"
    assert {run: end.status for run, end in imported.ended.items()} == {run: end.status for run, end in live.story.ended.items()}


def test_what_a_service_offers_is_no_file(both):
    live, _ = both
    assert live.made("serve") == {}
    assert set(live.read("serve")) == {"words.txt"}
    assert set(live.read("ask", x="a")) == {"names.txt"}
    assert live.made("ask", x="b")["b.txt"].content_id == hash_bytes(b"words\nnames\n")


def test_an_import_tells_the_same_files(both):
    live, imported = both
    assert {(c.run, c.written, c.role, Path(c.ref.uri).name) for c in imported.claims} == {(c.run, c.written, c.role, Path(c.ref.uri).name) for c in live.story.claims}


def test_a_service_that_fails_fails_with_those_who_wait_for_it(snakemake):
    snakemake.write(SNAKEFILE.replace("ln -s {input} {output}; exec sleep 600", "exit 3"))
    for name in ("words", "names"):
        snakemake.write(f"{name}\n", name=f"{name}.txt")
    outcome = snakemake.run("--cores", "4")
    assert outcome.code == 1, outcome.output
    assert outcome.ending.status.value == "failed"
    ends = {(start.name, outcome.story.ended[run].status.value) for run, start in outcome.story.started.items()}
    assert ends == {("Snakefile", "failed"), ("serve", "failed"), ("ask", "failed")}
