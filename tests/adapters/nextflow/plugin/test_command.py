"""`lignin nextflow run`, and what it and the others make of real runs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lignin.model import Artifact, Run, Transform
from nextflow_lignin.spools import journal_path

DEADLINE = 600
PIPELINE = """
params.greeting = 'hello'
params.sample = "${projectDir}/sample.txt"
process FIRST {
    input: path sample
    output: path 'first.txt', emit: text
    script: "cat ${sample} > first.txt; echo ${params.greeting} to the second of these >> first.txt"
}
process SECOND {
    publishDir 'published', mode: 'copy'
    input: path text
    output: path 'second.txt'
    script: "tac ${text} > second.txt; [ ${params.greeting} != fail ]"
}
workflow { SECOND(FIRST(file(params.sample))) }
"""


@pytest.fixture
def project(sqlite_instance):
    """The folder of an instance, with a small pipeline in it."""
    folder = Path.cwd()
    (folder / "main.nf").write_text(PIPELINE)
    (folder / "sample.txt").write_text("a sample that nobody else has\n")
    return folder


@pytest.fixture
def environment(nextflow, project, tmp_path):
    """A user's environment: `nextflow` on PATH, a home of its own without the plug-in."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "nextflow").symlink_to(nextflow.cache / "25.04.4" / "nextflow")
    env = {name: value for name, value in os.environ.items() if not name.startswith("NXF_")}
    return {**env, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "NXF_HOME": str(tmp_path / "home"), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def lignin(environment):
    def call(*words, code=0, **extra):
        done = subprocess.run(
            [sys.executable, "-m", "lignin", "nextflow", *words], env={**environment, **extra}, capture_output=True, text=True, check=False, timeout=DEADLINE
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


def names(instance):
    """What is in the catalogue, by name."""
    files = sorted((a.key, a.state, a.size or 0, a.uid) for a in instance.query(Artifact))
    return sorted(run.uid for run in instance.query(Run)), files, sorted(t.uid for t in instance.query(Transform))


def test_a_pipeline_is_recorded_and_resumed(lignin, project, sqlite_instance):
    assert "→ lignin: recorded 3 runs" in lignin("run", "main.nf", "-name", "once", "--greeting", "hi")
    runs = {run.name: run for run in sqlite_instance.query(Run)}
    assert {name: run.status for name, run in runs.items()} == {"main.nf": "completed", "FIRST": "completed", "SECOND": "completed"}
    assert runs["main.nf"].params["greeting"] == "hi"
    files = {artifact.key.rpartition("/")[2]: artifact for artifact in sqlite_instance.query(Artifact)}
    assert all(artifact.hash for artifact in files.values())
    assert files["first.txt"].run.name == "FIRST"
    (published,) = [a for a in sqlite_instance.query(Artifact) if a.key == "published/second.txt"]
    assert (published.run.name, published.run.transform.key, published.run.transform.source_code.strip()[:5]) == ("SECOND", "main.nf::SECOND", '"tac ')
    lignin("run", "main.nf", "-name", "again", "-resume", "--greeting", "hi")
    cached = [run for run in sqlite_instance.query(Run) if run.status == "cached"]
    assert {(run.name, run.origin.uid) for run in cached} == {(name, runs[name].uid) for name in ("FIRST", "SECOND")}
    before = names(sqlite_instance)
    lignin("import")
    assert names(sqlite_instance) == before


def test_a_run_that_resumes_one_from_before_lignin_names_what_it_reused(lignin, project, environment, sqlite_instance):
    subprocess.run(["nextflow", "run", "main.nf", "-name", "before"], env=environment, check=True, capture_output=True, timeout=DEADLINE)
    lignin("run", "main.nf", "-name", "after", "-resume")
    runs = sqlite_instance.query(Run)
    cached = [run for run in runs if run.status == "cached"]
    assert {(run.name, run.origin.name, run.origin.status, run.origin.parent.info["run_name"]) for run in cached} == {
        (name, name, "completed", "before") for name in ("FIRST", "SECOND")
    }
    assert len(runs) == 6
    before = names(sqlite_instance)
    lignin("import")
    after = names(sqlite_instance)
    # Of the run from before, an import tells more: which files and code it had.
    assert before[0] == after[0]


def test_a_bare_repository_is_named_with_its_commit(lignin, project, sqlite_instance, tmp_path):
    def git(*words):
        return subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words], cwd=project, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q", "-b", "main")
    git("add", "main.nf", "sample.txt")
    git("commit", "-q", "-m", "a pipeline")
    git("clone", "-q", "--bare", ".", str(tmp_path / "pipe.git"))
    # The first pull of a repository needs leave to go out, though it is a local one.
    lignin("run", f"file:{tmp_path / 'pipe.git'}", "-r", "main", NXF_OFFLINE="false")
    (run,) = [run for run in sqlite_instance.query(Run) if run.parent is None]
    assert (run.status, run.info["revision"]) == ("completed", "main")
    assert (run.transform.key, run.transform.reference) == ("main.nf", f"file://{tmp_path}/pipe")
    assert run.transform.version_tag == git("rev-parse", "HEAD")


def test_an_older_nextflow_runs_without_the_plug_in_and_is_imported(lignin, environment, nextflow, sqlite_instance, project):
    program = Path(environment["PATH"].partition(os.pathsep)[0]) / "nextflow"
    program.unlink()
    program.symlink_to(nextflow.cache / "24.10.4" / "nextflow")
    said = lignin("run", "main.nf", "--greeting", "fail", code=1)
    assert said.count("Nextflow 24.10.4 is older than 25.04, so this run is recorded without the plug-in") == 1
    assert not (project / ".lignin" / "nextflow").exists()
    statuses = {run.name: run.status for run in sqlite_instance.query(Run)}
    assert (statuses["main.nf"], statuses["FIRST"], statuses["SECOND"]) == ("failed", "completed", "failed")


def test_an_older_nextflow_refuses_to_start_with_the_plug_in(nextflow, tmp_path):
    (tmp_path / "main.nf").write_text("workflow { println 'never' }\n")
    run = nextflow.run(tmp_path, "main.nf", name="refused", version="24.10.4")
    assert run.code != 0
    assert "never" not in run.output


def test_what_a_killed_run_has_left_is_ingested_later(lignin, killed, sqlite_instance):
    spool = Path(shutil.copy(killed.spool, Path.cwd()))
    lignin("ingest", str(spool), LIGNIN_INSTANCE=str(Path.cwd()))
    states = {run.name: run.status for run in sqlite_instance.query(Run)}
    assert (states["main.nf"], states["MERGED"]) == ("crashed", "crashed")
    assert journal_path(spool).exists()


def test_importing_what_the_plug_in_recorded_adds_nothing(lignin, resumed, sqlite_instance):
    for spool in sorted((resumed.launch / ".lignin" / "nextflow").glob("*.jsonl")):
        lignin("ingest", str(spool), LIGNIN_INSTANCE=str(Path.cwd()))
    before = names(sqlite_instance)
    assert len(before[0]) > 20
    # Of a run that was killed, as others of this launch are, an import tells what the plug-in no longer could.
    history = Path("history")
    lines = (resumed.launch / ".nextflow" / "history").read_text().splitlines(keepends=True)
    history.write_text("".join(line for line in lines if line.split("\t")[2] in {"first", "resumed"}))
    lignin("import", str(resumed.launch), "--history", str(history), LIGNIN_INSTANCE=str(Path.cwd()))
    after = names(sqlite_instance)
    assert [sorted(set(new) - set(old)) for new, old in zip(after, before, strict=True)] == [[], [], []]


def test_installing_prints_the_line_that_keeps_the_users_own(lignin, environment):
    said = lignin("install", NXF_PLUGINS_DEFAULT="nf-schema@2.2.0")
    assert "export NXF_PLUGINS_DEFAULT=nf-schema@2.2.0,nf-lignin@" in said
    assert list(Path(environment["NXF_HOME"], "plugins").glob("nf-lignin-*/classes/META-INF/MANIFEST.MF"))
