"""From a workflow's end into the catalogue, and what happens where there is no way."""

import os
import subprocess
import sys

import pytest

SNAKEFILE = """
rule a:
    output: "a.txt"
    shell: "echo a > {output}"
"""


def _lignin(snakemake, *arguments):
    environment = {name: value for name, value in snakemake.environment.items() if name != "LIGNIN_SPOOL"}
    done = subprocess.run(
        [sys.executable, "-m", "lignin", *arguments], cwd=snakemake.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def project(snakemake):
    """A workflow in a folder that is an instance."""
    snakemake.write(SNAKEFILE)
    _lignin(snakemake, "init")
    del snakemake.environment["LIGNIN_SPOOL"]
    snakemake.spool = snakemake.folder / ".lignin" / "spool"
    return snakemake


def test_at_its_end_a_workflow_is_in_the_catalogue(project):
    outcome = project.run()
    assert outcome.code == 0
    assert "→ lignin: recorded 2 runs" in outcome.output
    listed = _lignin(project, "list", "run")
    assert listed.count("completed") == 2
    assert "a.txt" in _lignin(project, "list", "artifact")


def test_quiet_says_nothing(project):
    outcome = project.run("--quiet", "all")
    assert outcome.code == 0
    assert "lignin" not in outcome.output


@pytest.mark.parametrize("damage", ["no database", "not a database"])
def test_a_broken_catalogue_costs_a_line_and_no_event(project, damage):
    database = project.folder / ".lignin" / "lignin.db"
    for path in database.parent.glob("lignin.db*"):
        path.unlink()
    if damage == "not a database":
        database.write_bytes(os.urandom(8192))
    else:
        database.mkdir()
    outcome = project.run()
    assert outcome.code == 0
    assert "lignin ingest --all" in outcome.output
    assert outcome.status("a") == "completed"
