"""How workflows end, and what the record says then."""

import json
import os
import signal
import time

import pytest

from lignin.base.content import hash_bytes
from lignin.recording import RefState, RunKey

FAILING = """
rule all:
    input: "good.txt", "bad.txt", "empty.txt", "broken.txt"

rule good:
    output: "good.txt"
    shell: "echo good > {output}"

rule after_good:
    input: "good.txt"
    output: "after.txt"
    shell: "cp {input} {output}"

rule bad:
    output: "bad.txt"
    shell: "exit 4"

rule broken:
    output: "broken.txt"
    run:
        raise ValueError("boom")

rule forgets:
    output: "empty.txt"
    retries: 1
    shell: "true"
"""


def test_keep_going_names_those_that_failed_and_those_that_did_not(snakemake):
    snakemake.write(FAILING)
    outcome = snakemake.run("--keep-going", "--", "all", "after.txt")
    assert outcome.code == 1
    assert outcome.ending.status.value == "failed"
    assert "did not complete successfully" in outcome.ending.error
    assert outcome.status("good") == outcome.status("after_good") == "completed"
    assert outcome.status("bad") == outcome.status("broken") == "failed"
    assert "exit status 4" in outcome.story.ended[outcome.run("bad").run].error


def test_a_job_that_forgets_its_output_fails_though_snakemake_logs_no_job_error(snakemake):
    snakemake.write(FAILING)
    outcome = snakemake.run("--", "empty.txt")
    assert outcome.code == 1
    assert outcome.status("forgets", attempt=1) == outcome.status("forgets", attempt=2) == "failed"
    assert "output files are missing" in outcome.story.ended[outcome.run("forgets", attempt=1).run].error
    assert outcome.ending.status.value == "failed"


CHAIN = """
rule all:
    input: "b.txt"

rule a:
    output: temp("a.txt")
    shell: "echo ${{LIGNIN_PARENT:-none}} > {output}"

rule b:
    input: "a.txt"
    output: "b.txt"
    shell: "cp {input} {output}; case $LIGNIN_RUN in snakemake:*) ;; *) exit 1;; esac"
"""


def test_a_dry_run_writes_nothing(snakemake):
    snakemake.write(CHAIN)
    outcome = snakemake.run("--dry-run")
    assert outcome.code == 0
    assert outcome.spools == ()
    assert "lignin:" not in outcome.output
    assert not snakemake.spool.exists()


@pytest.mark.parametrize("quiet", [["progress"], ["all"]])
def test_quiet_changes_nothing_in_the_record(snakemake, quiet):
    snakemake.write(CHAIN)
    outcome = snakemake.run("--quiet", *quiet)
    assert outcome.code == 0
    assert outcome.ending.status.value == "completed"
    assert [outcome.status(rule) for rule in ("a", "b", "all")] == ["completed"] * 3
    assert outcome.made("a")["a.txt"].state in {RefState.TEMPORARY, RefState.MISSING}
    assert outcome.made("b")["b.txt"].content_id


def test_nothing_to_be_done_is_a_run_without_jobs_and_touch_skips_them(snakemake):
    snakemake.write(CHAIN)
    first = snakemake.run("--notemp")
    again = snakemake.run()
    touched = snakemake.run("--touch", "--forceall", "--notemp")
    assert (first.code, again.code, touched.code) == (0, 0, 0)
    assert list(again.story.started) == [again.workflow.run]
    assert again.ending.status.value == "completed"
    assert first.workflow.run != again.workflow.run
    assert first.made("a")["a.txt"].state is RefState.PRESENT
    assert [touched.status(rule) for rule in ("a", "b", "all")] == ["skipped"] * 3
    assert touched.story.claims == ()
    assert touched.workflow.info["touch"] is True


def test_code_inside_jobs_gets_the_workflow_as_parent_and_the_workflow_its_own(snakemake):
    snakemake.write(CHAIN)
    outer = RunKey(engine="prefect", scope="http://x", id="flow")
    outcome = snakemake.run(LIGNIN_RUN=str(outer))
    assert outcome.code == 0, outcome.output
    assert outcome.workflow.parent == outer
    assert (snakemake.folder / "b.txt").read_text().strip() == str(outcome.workflow.run)
    in_script = snakemake.run(LIGNIN_RUN="4bC7xYz01QwErTy2@tauSNOiDZwqY")
    assert in_script.workflow.parent == RunKey(engine="lignin", scope="", id="4bC7xYz01QwErTy2")


def test_an_error_in_the_snakefile_is_recorded_only_once_the_workflow_has_begun(snakemake):
    snakemake.write("rule a:\n  output 'x'\n")
    unread = snakemake.run()
    snakemake.write('rule all:\n    input: "nobody/makes/this"\n')
    planless = snakemake.run()
    assert (unread.code, planless.code) == (1, 1)
    assert unread.spools == ()
    assert list(planless.story.started) == [planless.workflow.run]
    assert planless.ending.status.value == "failed"
    assert "nobody/makes/this" in planless.ending.error


def test_ctrl_c_cancels_the_running_jobs_and_the_workflow(snakemake):
    snakemake.write(
        """
        rule slow:
            output: "slow.txt"
            shell: "touch started; sleep 30; touch {output}"
        """
    )
    outcome = snakemake.interrupt(when="started")
    assert outcome.code != 0
    assert outcome.status("slow") == "cancelled"
    assert outcome.ending.status.value == "cancelled"


def test_relative_paths_belong_to_the_workflows_own_folder(snakemake):
    snakemake.write(CHAIN.replace("rule all", 'workdir: "elsewhere"\nrule all', 1))
    directive = snakemake.run()
    snakemake.write(CHAIN, name="flows/main.smk")
    option = snakemake.run("--snakefile", "flows/main.smk", "--directory", "third")
    assert directive.made("b")["b.txt"].uri == (snakemake.folder / "elsewhere" / "b.txt").as_uri()
    assert option.made("b")["b.txt"].uri == (snakemake.folder / "third" / "b.txt").as_uri()
    assert option.workflow.name == "main.smk"
    assert option.run("b").code.key == "main.smk::b"


def test_two_snakemakes_at_once_have_records_of_their_own(snakemake):
    snakemake.write(CHAIN)
    processes = [snakemake.start("--directory", place) for place in ("one", "two")]
    outputs = [p.communicate(timeout=120)[0] for p in processes]
    assert [p.returncode for p in processes] == [0, 0], outputs
    assert len(list(snakemake.spool.glob("*.jsonl"))) == 2


def test_without_the_option_nothing_is_recorded(snakemake):
    # A job has no run of ours to belong to then.
    snakemake.write(CHAIN.replace("case $LIGNIN_RUN in snakemake:*) ;; *) exit 1;; esac", "test -z ${{LIGNIN_RUN:-}}"))
    outcome = snakemake.run(logger=None)
    assert outcome.code == 0, outcome.output
    assert outcome.spools == ()


def test_script_changes_make_a_new_version_of_the_rule_only(snakemake):
    snakemake.write('rule a:\n    output: "a.txt"\n    script: "a.py"\n')
    hashes = []
    for text in ("1", "2"):
        snakemake.write(f"open(snakemake.output[0], 'w').write('{text}')\n", name="a.py")
        outcome = snakemake.run("--forceall")
        hashes.append((outcome.workflow.code.hash, outcome.run("a").code.hash))
    assert hashes[0][0] == hashes[1][0]
    assert hashes[0][1] != hashes[1][1]


def test_events_are_plain_json_lines(snakemake):
    snakemake.write(CHAIN)
    (spool,) = snakemake.run().spools
    lines = [json.loads(line) for line in spool.read_text().splitlines()]
    assert lines[0]["event"] == "spool"
    assert {"started", "used", "produced", "ended"} <= {line["event"] for line in lines[1:]}


def test_a_profile_turns_it_on_and_hashing_can_be_left_for_later(snakemake):
    snakemake.write(CHAIN)
    snakemake.write("logger: [lignin]\nlogger-lignin-hash: later\n", name="profiles/default/config.yaml")
    outcome = snakemake.run(logger=None)
    assert outcome.code == 0, outcome.output
    seen = outcome.made("b")["b.txt"]
    assert (seen.content_id, seen.size is not None) == (None, True)
    assert outcome.made("a")["a.txt"].content_id, "a temporary file can't wait"


def test_a_script_that_fails_is_a_failed_job(snakemake):
    snakemake.write('import missing_module_of_ours\n', name="scripts/count.py")
    snakemake.write('rule count:\n    output: "n.txt"\n    script: "scripts/count.py"\n')
    outcome = snakemake.run()
    assert outcome.code == 1
    assert "recording failed" not in outcome.output
    assert outcome.status("count") == "failed"
    assert outcome.ending.status.value == "failed"


LEFT = """
rule a:
    output: "a.txt"
    shell: "echo half > {output}; touch started; while [ ! -e go ]; do sleep 0.1; done"
"""


def test_what_a_killed_workflow_left_stops_the_next_one_until_it_is_told_to_run_it_again(snakemake):
    snakemake.write(LEFT)
    process = snakemake.start()
    end = time.monotonic() + 240
    while not (snakemake.folder / "started").exists() and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    (snakemake.folder / "go").touch()
    stopped = snakemake.run("--nolock")
    assert stopped.code == 1
    assert [s.name for s in stopped.story.started.values()] == ["Snakefile"]
    assert stopped.ending.status.value == "failed"
    assert "a.txt" in stopped.ending.error
    again = snakemake.run("--nolock", "--rerun-incomplete")
    assert again.status("a") == again.ending.status.value == "completed"
    assert again.made("a")["a.txt"].content_id == hash_bytes(b"half\n")


def test_a_command_that_cannot_be_made_up_is_a_failed_job_and_no_failure_of_ours(snakemake):
    snakemake.write(
        """
        rule unfit:
            output: "a.txt"
            params: size=3
            shell: "echo {resources.no_such_thing} > {output}"
        """
    )
    outcome = snakemake.run()
    assert outcome.code == 1
    assert "recording failed" not in outcome.output
    assert (outcome.ending.status, outcome.status("unfit")) == ("failed", "failed")
    assert "no_such_thing" in outcome.story.ended[outcome.run("unfit").run].error
    assert dict(outcome.run("unfit").params) == {"size": 3}
