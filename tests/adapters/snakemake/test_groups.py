"""Groups of jobs, sent as one to a cluster: here a shell script that puts them into the background."""


from lignin.base.content import hash_bytes

SNAKEFILE = """
rule all:
    input: "c.txt"

rule a:
    output: "a.txt"
    group: "g"
    shell: "echo a > {output}"

rule b:
    input: "a.txt"
    output: "b.txt"
    group: "g"
    shell: "test -e allowed; cp {input} {output}"

rule c:
    input: "b.txt"
    output: "c.txt"
    group: "g"
    shell: "cp {input} {output}"
"""

CLUSTER = ("--executor", "cluster-generic", "--cluster-generic-submit-cmd", "./submit.sh", "--jobs", "2")
PATIENCE = ("--seconds-between-status-checks", "1")


def test_of_a_failed_group_the_one_that_failed_is_named_and_a_good_run_is_whole(snakemake):
    snakemake.write(SNAKEFILE)
    snakemake.write("#!/bin/bash\nnohup bash $1 > /dev/null 2>&1 &\necho $!\n", name="submit.sh").chmod(0o755)

    failed = snakemake.run(*CLUSTER, *PATIENCE)
    assert failed.code == 1
    assert [failed.status(rule) for rule in "abc"] == ["rolled back", "failed", "skipped"]
    assert failed.ending.status.value == "failed"
    assert failed.made("a")["a.txt"].content_id == hash_bytes(b"a\n")
    assert failed.read("c") == {}

    (snakemake.folder / "allowed").touch()
    good = snakemake.run(*CLUSTER, *PATIENCE)
    assert good.code == 0, good.output
    assert [good.status(rule) for rule in ("a", "b", "c", "all")] == ["completed"] * 4
    assert good.read("c")["b.txt"].content_id == good.made("b")["b.txt"].content_id == hash_bytes(b"a\n")
    assert good.run("a").info["external_jobid"].isdecimal()
    assert good.run("a").info["group"] == "g"
