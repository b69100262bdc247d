"""What rules may do that a plain workflow does not: links, odd names, actions at odd places, broken promises."""

import os

from lignin.base.content import hash_bytes

SNAKEFILE = '''
shell("echo top >> top.log")

rule all:
    input: "link.txt", "linked", "it's (1) \\"x\\".txt", "same.done", "e.txt"
    output: "all.txt"
    shell: "echo all > {output}"

rule links:
    input: "target.txt", "folder"
    output: "link.txt", directory("linked")
    shell: "ln -s target.txt link.txt; ln -s folder linked"

rule quotes:
    output: "it's (1) \\"x\\".txt"
    shell: "echo odd > {output:q}"

rule same:
    input: "same.txt"
    output: touch("same.done")
    shell: "echo more >> {input}"

rule promise:
    input: "source.txt"
    output: ensure("e.txt", non_empty=True)
    shell: "cp {input} {output}"
'''


def test_odd_rules_are_recorded_as_what_they_do(snakemake):
    snakemake.write(SNAKEFILE)
    for name, text in {"target.txt": "target\n", "folder/one.txt": "one\n", "same.txt": "same\n", "source.txt": "source\n"}.items():
        snakemake.write(text, name=name)
    outcome = snakemake.run("all")
    assert outcome.code == 0, outcome.output
    assert outcome.ending.status.value == "completed"
    assert {s.name: outcome.status(s.name) for s in outcome.story.started.values() if s != outcome.workflow} == dict.fromkeys(
        ["all", "links", "quotes", "same", "promise"], "completed"
    )
    made = outcome.made("links")
    assert made["link.txt"].content_id == hash_bytes(b"target\n")
    assert made["linked"].content_id == outcome.read("links")["folder"].content_id
    assert made["linked"].n_files == 1
    assert [ref.content_id for ref in outcome.made("quotes").values()] == [hash_bytes(b"odd\n")]
    assert outcome.made("all")["all.txt"].content_id == hash_bytes(b"all\n")
    assert outcome.made("promise")["e.txt"].content_id == hash_bytes(b"source\n")

    # A promise that is broken later costs the good output of the earlier run, and its record stays.
    source = snakemake.write("", name="source.txt")
    os.utime(source, (source.stat().st_atime + 10, source.stat().st_mtime + 10))
    broken = snakemake.run("--", "e.txt")
    assert broken.code == 1
    assert broken.status("promise") == broken.ending.status.value == "failed"
    assert broken.made("promise") == {}
    assert not (snakemake.folder / "e.txt").exists()


def test_what_is_temporary_by_an_option_is_hashed_before_it_goes(snakemake):
    snakemake.write(
        """
        rule b:
            input: "a.txt"
            output: "b.txt"
            shell: "cp {input} {output}"

        rule a:
            output: "a.txt"
            shell: "echo a > {output}"
        """
    )
    outcome = snakemake.run("--all-temp")
    assert outcome.code == 0, outcome.output
    assert not (snakemake.folder / "a.txt").exists()
    assert outcome.made("a")["a.txt"].content_id == outcome.made("b")["b.txt"].content_id == hash_bytes(b"a\n")
