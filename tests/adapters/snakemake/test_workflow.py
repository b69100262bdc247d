"""One workflow with most of what Snakemake has, run once and looked at from many sides."""

from pathlib import Path

import pytest

from lignin.base.content import hash_bytes
from lignin.recording import RefState

SNAKEFILE = '''
configfile: "config.yaml"

include: "rules/reads.smk"

wildcard_constraints:
    s="[a-z]+"

rule all:
    input: "out/final.txt", "out/agg.txt", "out/parts", "out/retried.txt"

rule double:
    """Doubles every number."""
    input: raw="work/{s}.raw"
    output: txt=protected("out/{s}.txt"), idx="out/{s}.idx"
    params: "first", factor=config["factor"], key=config["api_token"]
    benchmark: "bench/{s}.tsv"
    script: "scripts/double.py"

rule final:
    input: expand("out/{s}.txt", s=config["samples"])
    output: "out/final.txt"
    run:
        with open(output[0], "w") as f:
            for path in input:
                f.write(open(path).read())

rule parts:
    input: "out/final.txt"
    output: directory("out/parts")
    shell: "mkdir -p {output}; split -l 1 {input} {output}/p_"

checkpoint scatter:
    input: "out/final.txt"
    output: directory("out/scatter")
    shell: "mkdir -p {output}; for i in 1 2; do echo $i > {output}/$i.part; done"

rule per_part:
    input: "out/scatter/{i}.part"
    output: "out/pp/{i} x.txt"
    shell: "cp {input} '{output}'"

def parts(wildcards):
    folder = checkpoints.scatter.get().output[0]
    return expand("out/pp/{i} x.txt", i=glob_wildcards(folder + "/{i}.part").i)

rule agg:
    input: parts
    output: "out/agg.txt"
    shell: "cat out/pp/*.txt > {output}"

rule retried:
    input: "out/final.txt"
    output: "out/retried.txt"
    params: token=config["api_token"]
    retries: 1
    shell: "if [ ! -e work/tried ]; then touch work/tried; echo {params.token} >&2; exit 3; fi; cp {input} {output}"

rule piped_from:
    output: pipe("out/pipe")
    shell: "echo through > {output}"

rule piped_to:
    input: "out/pipe"
    output: "out/from_pipe.txt"
    shell: "cat {input} > {output}"
'''

INCLUDED = """
rule make:
    output: temp("work/{s}.raw")
    params: n=lambda wildcards: len(wildcards.s), tag="T"
    resources: mem_mb=10, custom="x y"
    log: "logs/{s}.log"
    shell: "seq 1 {params.n} > {output}; echo hi > {log}"
"""

SCRIPT = """
with open(snakemake.input.raw) as source, open(snakemake.output.txt, "w") as target:
    for line in source:
        target.write(f"{int(line) * snakemake.params.factor}\\n")
open(snakemake.output.idx, "w").write("idx\\n")
"""


@pytest.fixture(scope="module")
def outcome(shared_snakemake):
    shared_snakemake.write(SNAKEFILE)
    shared_snakemake.write(INCLUDED, name="rules/reads.smk")
    shared_snakemake.write(SCRIPT, name="scripts/double.py")
    shared_snakemake.write("samples: [aa, bbb]\nfactor: 2\napi_token: hunter2hunter2\n", name="config.yaml")
    targets = ["--config", "factor=3", "--", "all", "out/from_pipe.txt"]
    outcome = shared_snakemake.run(*targets)
    assert outcome.code == 0, outcome.output
    return outcome


def test_a_workflow_run_says_what_ran_with_which_configuration(outcome):
    run = outcome.workflow
    assert (run.name, outcome.ending.status.value) == ("Snakefile", "completed")
    assert run.params == {"samples": ["aa", "bbb"], "factor": 3, "api_token": "***"}
    assert "--cores 2" in run.info["command"]
    assert run.info["configfiles"] == ["config.yaml"]
    assert run.info["cores"] == 2
    assert run.environment["snakemake"].startswith("9.")
    assert run.code.kind == "workflow"
    assert run.code.key == "Snakefile"


def test_every_job_run_has_the_workflow_as_parent_and_its_rule_as_name(outcome):
    runs = [s for s in outcome.story.started.values() if s.run != outcome.workflow.run]
    assert {s.parent for s in runs} == {outcome.workflow.run}
    assert {s.run.scope for s in runs} == {outcome.workflow.run.scope}
    assert sorted(s.name for s in runs) == sorted(
        ["all", "make", "make", "double", "double", "final", "parts", "scatter", "per_part", "per_part", "agg", "retried", "retried", "piped_from", "piped_to"]
    )


def test_params_keep_names_and_types_and_unnamed_ones_their_position(outcome):
    assert outcome.run("make", s="bbb").params == {"n": 3, "tag": "T"}
    assert outcome.run("double", s="aa").params == {"0": "first", "factor": 3, "key": "***"}


def test_info_says_what_snakemake_knows_of_a_job(outcome):
    info = outcome.run("make", s="aa").info
    assert info["log"] == ["logs/aa.log"]
    assert info["threads"] == 1
    assert info["resources"]["mem_mb"] == 10
    assert info["resources"]["custom"] == "x y"
    assert info["shellcmd"].startswith("seq 1 2 > work/aa.raw")
    assert "Missing output files" in info["reason"]
    assert outcome.run("double", s="aa").info["benchmark"] == "bench/aa.tsv"
    assert outcome.run("scatter").info["checkpoint"] is True


def test_a_tokens_value_is_nowhere_in_the_record(outcome):
    assert "hunter2" not in "".join(p.read_text() for p in outcome.spools)


def test_code_of_a_rule_is_its_own_text(outcome):
    make, double, final = (outcome.run(rule, **w).code for rule, w in (("make", {"s": "aa"}), ("double", {"s": "aa"}), ("final", {})))
    assert (make.kind, make.key) == ("task", "reads.smk::make")
    assert make.source == "seq 1 {params.n} > {output}; echo hi > {log}"
    assert (double.key, double.source, double.description) == ("Snakefile::double", SCRIPT, "Doubles every number.")
    assert "for path in input:" in final.source
    assert make.reference.startswith("file://")
    assert outcome.run("make", s="bbb").code == make


def test_files_have_their_roles(outcome):
    roles = {}
    for claim in outcome.story.claims:
        if claim.run == outcome.run("double", s="aa").run:
            roles[claim.role] = Path(claim.ref.uri).name
    assert roles == {"raw": "aa.raw", "txt": "aa.txt", "idx": "aa.idx"}


def test_outputs_have_the_content_that_was_written(outcome):
    made = outcome.made("double", s="aa")
    assert made["aa.txt"].content_id == hash_bytes(b"3\n6\n")
    assert made["aa.idx"].content_id == hash_bytes(b"idx\n")
    assert outcome.read("final")["aa.txt"].content_id == made["aa.txt"].content_id


def test_a_temporary_file_is_hashed_before_snakemake_deletes_it(outcome):
    for seen in (outcome.made("make", s="bbb"), outcome.read("double", s="bbb")):
        assert seen["bbb.raw"].state is RefState.TEMPORARY
        assert seen["bbb.raw"].content_id == hash_bytes(b"1\n2\n3\n")


def test_a_directory_is_one_artifact_without_snakemakes_marker(outcome):
    parts = outcome.made("parts")["parts"]
    assert parts.n_files == 5
    assert parts.content_id.startswith("b3d:")


def test_jobs_that_a_checkpoint_adds_are_recorded_with_odd_file_names(outcome):
    assert outcome.made("per_part", i="2")["2%20x.txt"].content_id == hash_bytes(b"2\n")
    assert set(outcome.read("agg")) == {"1%20x.txt", "2%20x.txt"}


def test_a_file_inside_a_folder_that_a_job_wrote_leads_to_that_job(outcome):
    read = outcome.read("per_part", i="2")
    assert set(read) == {"2.part", "scatter"}
    assert read["scatter"] == outcome.made("scatter")["scatter"]


def test_a_retried_job_has_a_failed_attempt_and_a_good_one(outcome):
    assert outcome.status("retried", attempt=1) == "failed"
    assert outcome.status("retried", attempt=2) == "completed"
    failed = outcome.story.ended[outcome.run("retried", attempt=1).run]
    assert "exit status 3" in failed.error
    assert outcome.made("retried", attempt=1) == {}
    assert set(outcome.made("retried", attempt=2)) == {"retried.txt"}


def test_pipes_are_no_files(outcome):
    assert outcome.status("piped_from") == outcome.status("piped_to") == "completed"
    assert outcome.made("piped_from") == {}
    assert outcome.read("piped_to") == {}
    assert set(outcome.made("piped_to")) == {"from_pipe.txt"}
