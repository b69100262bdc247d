"""A cluster whose machines share nothing: each job is sent to a folder of its own, and all files go through a storage."""

import pytest

from lignin.base.content import hash_bytes

SNAKEFILE = """
rule all:
    input: "out/p.txt"

rule a:
    output: "raw/{x}.txt"
    shell: "echo {wildcards.x} > {output}"

rule b:
    input: "raw/{x}.txt"
    output: "out/{x}.txt"
    script: "b.py"
"""
SCRIPT = "open(snakemake.output[0], 'w').write(2 * open(snakemake.input[0]).read())\n"
SUBMIT = """\
#!/bin/bash
script=$(realpath $1)
mkdir -p ../machines
machine=$(mktemp -d $PWD/../machines/XXXXXX)
(cd $machine; bash $script > log 2>&1; echo $? > status) > /dev/null 2>&1 &
echo $machine
"""
STATUS = """\
#!/bin/bash
if [ ! -e $1/status ]; then echo running; elif [ $(cat $1/status) = 0 ]; then echo success; else echo failed; fi
"""
CLUSTER = ("--executor", "cluster-generic", "--cluster-generic-submit-cmd", "./submit.sh", "--cluster-generic-status-cmd", "./status.sh")
NOTHING_SHARED = ("--jobs", "4", "--seconds-between-status-checks", "1", "--shared-fs-usage", "none", "--job-deploy-sources")


@pytest.fixture
def cluster(snakemake):
    snakemake.write(SNAKEFILE)
    snakemake.write(SCRIPT, name="b.py")
    for name, text in (("submit.sh", SUBMIT), ("status.sh", STATUS)):
        snakemake.write(text, name=name).chmod(0o755)
    return snakemake


def claims(outcome, rule, *, written):
    run = outcome.run(rule).run
    return {(c.ref.key or c.ref.uri): c.ref.content_id for c in outcome.story.claims if c.run == run and c.written is written}


def test_files_of_a_storage_are_known_by_their_address_where_no_machine_shows_its_own(cluster, tmp_path):
    where = {"SHELF": str(tmp_path / "far"), "PYTHONPATH": cluster.with_shelf}
    storage = ("--default-storage-provider", "shelf", "--default-storage-prefix", "shelf://box")
    outcome = cluster.run(*CLUSTER, *NOTHING_SHARED, *storage, **where)
    assert outcome.code == 0, outcome.output
    assert (tmp_path / "far" / "box" / "out" / "p.txt").read_text() == "p\np\n"
    assert not (cluster.folder / "out").exists()
    assert outcome.ending.status.value == "completed"
    assert outcome.status("a") == outcome.status("b") == "completed"
    assert claims(outcome, "a", written=True) == claims(outcome, "b", written=False) == {"shelf://box/raw/p.txt": None}
    assert claims(outcome, "b", written=True) == {"shelf://box/out/p.txt": None}
    assert outcome.run("b").code.source == SCRIPT
    assert ".snakemake" not in "".join(c.ref.uri for c in outcome.story.claims)


def test_the_registry_holds_what_machines_that_share_nothing_make(cluster, tmp_path):
    cluster.lignin("init")
    storage = ("--default-storage-provider", "lignin", "--default-storage-prefix", "lignin://project")
    outcome = cluster.run(*CLUSTER, *NOTHING_SHARED, *storage, LIGNIN_INSTANCE=str(cluster.folder))
    assert outcome.code == 0, outcome.output
    made = claims(outcome, "a", written=True)
    assert made == claims(outcome, "b", written=False) == {"project/raw/p.txt": hash_bytes(b"p\n")}
    assert claims(outcome, "b", written=True) == {"project/out/p.txt": hash_bytes(b"p\np\n")}
    shown = cluster.lignin("lineage", "project/out/p.txt")
    assert "b  snakemake" in shown
    assert "a  snakemake" in shown
