"""What code inside a job knows of the run that it belongs to, however Snakemake starts it."""

import subprocess
import sys
import textwrap

import pytest

SNAKEFILE = """
rule all:
    input: "shell.txt", "script.txt", "run.txt", "nested.txt"

rule shell:
    output: "shell.txt"
    benchmark: "shell.tsv"
    retries: 1
    shell: "if [ ! -e tried ]; then echo $LIGNIN_RUN > tried; exit 3; fi; echo $LIGNIN_RUN $LIGNIN_PARENT > {output}"

rule script:
    output: "script.txt"
    script: "script.py"

rule run:
    output: "run.txt"
    retries: 2
    run:
        import os
        if not os.path.exists("run_tried"):
            open("run_tried", "w").close()
            raise ValueError("the first time")
        with open(output[0], "w") as f:
            f.write(os.environ["LIGNIN_RUN"])
        shell("echo '' $LIGNIN_RUN >> {output}")

rule nested:
    output: "nested.txt"
    shell: "env -u SNAKEMAKE_PROFILE {python} -m snakemake --logger lignin --cores 1 --quiet all --snakefile inner.smk --directory inner; echo done > {output}"

onsuccess:
    import os
    with open("after.txt", "w") as f:
        f.write(os.environ.get("LIGNIN_RUN", "none") + "\\n")
    shell("echo ${{LIGNIN_RUN:-none}} >> after.txt")
""".replace("{python}", sys.executable)
SCRIPT = """
from pathlib import Path

import lignin as ln

ln.track()
ln.Artifact(__file__, key="tracked.py").save()
Path(snakemake.output[0]).write_text(ln.context.run.uid)
ln.finish()
"""
INNER = 'rule inner:\n    output: "inner.txt"\n    shell: "echo $LIGNIN_RUN > {output}"\n'
SHELL = "#!/bin/bash\nenv -i PATH=\"$PATH\" HOME=\"$HOME\" nohup bash $1 > $1.log 2>&1 &\necho $!\n"


@pytest.fixture(scope="module")
def ran(shared_snakemake):
    """One workflow with jobs of every kind, in an instance."""
    shared_snakemake.write(SNAKEFILE)
    shared_snakemake.write(SCRIPT, name="script.py")
    shared_snakemake.write(INNER, name="inner.smk")
    shared_snakemake.lignin("init")
    outcome = shared_snakemake.run("--cores", "3")
    assert outcome.code == 0, outcome.output
    return outcome


def _words(snakemake, name):
    return (snakemake.folder / name).read_text().split()


def test_each_process_of_a_job_is_told_the_run_of_its_own_attempt(ran, shared_snakemake):
    assert _words(shared_snakemake, "tried") == [str(ran.run("shell", attempt=1).run)]
    assert _words(shared_snakemake, "shell.txt") == [str(ran.run("shell", attempt=2).run), str(ran.workflow.run)]
    assert _words(shared_snakemake, "run.txt") == [str(ran.run("run").run)] * 2


def test_attempts_inside_a_jobs_own_process_are_counted(ran):
    assert ran.run("run").info["failed_inside"] == 1
    assert "failed_inside" not in ran.run("script").info
    assert "failed_inside" not in ran.run("shell", attempt=2).info


def test_what_the_workflow_itself_starts_is_told_no_jobs_run(ran, shared_snakemake):
    assert _words(shared_snakemake, "after.txt") == ["none", "none"]


def test_a_script_that_tracks_itself_is_a_child_of_its_job(ran, shared_snakemake):
    code = textwrap.dedent(
        """
        import sys
        import lignin as ln
        run = ln.Artifact.get(key="tracked.py").run
        print(run.uid, run.parent.uid, run.parent.name, run.parent.status)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=shared_snakemake.folder, env=shared_snakemake.environment, capture_output=True, text=True, check=True
    )
    [uid] = _words(shared_snakemake, "script.txt")
    assert done.stdout.split() == [uid, ran.run("script").run.uid, "script", "completed"]


def test_a_workflow_inside_a_job_is_a_child_of_that_job(ran):
    inner = next(s for s in ran.story.started.values() if s.name == "inner.smk")
    assert inner.parent == ran.run("nested").run
    assert next(s for s in ran.story.started.values() if s.name == "inner").parent == inner.run


def test_jobs_of_a_cluster_that_passes_no_environment_on_know_their_runs(snakemake):
    snakemake.write(
        """
        rule all:
            input: "alone.txt", "b.txt"

        rule alone:
            output: "alone.txt"
            shell: "echo $LIGNIN_RUN > {output}"

        rule a:
            output: "a.txt"
            group: "g"
            shell: "echo $LIGNIN_RUN > {output}"

        rule b:
            input: "a.txt"
            output: "b.txt"
            group: "g"
            shell: "cat {input} > {output}"
        """
    )
    snakemake.write(SHELL, name="submit.sh").chmod(0o755)
    outcome = snakemake.run(
        "--executor", "cluster-generic", "--cluster-generic-submit-cmd", "./submit.sh", "--jobs", "2", "--seconds-between-status-checks", "1"
    )
    assert outcome.code == 0, outcome.output
    assert _words(snakemake, "alone.txt") == [str(outcome.run("alone").run)]
    # One process runs a whole group, so it knows the workflow's run.
    assert _words(snakemake, "b.txt") == [str(outcome.workflow.run)]
