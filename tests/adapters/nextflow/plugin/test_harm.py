"""What happens around a run that goes well: no program, one that crashes, a read-only folder, a full disk, another database."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lignin as ln
from lignin.model import Artifact, Run

DEADLINE = 600
PIPELINE = """
params.word = 'hello'
process FIRST {
    output: path 'first.txt'
    script: "echo ${params.word} > first.txt"
}
process SECOND {
    publishDir "${params.out}", mode: 'copy'
    input: path text
    output: path 'second.txt'
    script: "cat ${text} ${text} > second.txt"
}
workflow { SECOND(FIRST()) }
"""


@pytest.fixture
def project(tmp_path):
    """A launch folder with a small pipeline."""
    folder = tmp_path / "launch"
    folder.mkdir()
    (folder / "main.nf").write_text(PIPELINE)
    return folder


@pytest.fixture
def lignin():
    """Calls the command in a folder, for the instance that is open."""

    def call(folder, *words, code=0, **extra):
        env = {**os.environ, "LIGNIN_INSTANCE": str(Path.cwd()), **extra}
        done = subprocess.run([sys.executable, "-m", "lignin", "nextflow", *words], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=DEADLINE)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


def statuses(instance):
    return {run.name: run.status for run in instance.query(Run)}


WELL = {"main.nf": "completed", "FIRST": "completed", "SECOND": "completed"}


@pytest.mark.parametrize("program", ["lignin", "/nowhere/lignin"])
def test_where_there_is_no_program_the_spool_is_ingested_later(nextflow, project, lignin, sqlite_instance, program):
    run = nextflow.run(project, "main.nf", "--out", "out", name="alone", env={"LIGNIN_CLI": program, "PATH": "/usr/bin:/bin"})
    assert (run.code, (project / "out" / "second.txt").read_text()) == (0, "hello\nhello\n"), run.output
    assert "lignin" not in run.output.replace("nf-lignin", "")
    assert "3 runs" in lignin(project, "ingest", "--all")
    assert statuses(sqlite_instance) == WELL
    assert "no spool of Nextflow waits" in lignin(project, "ingest", "--all")


@pytest.mark.parametrize("program", ["exit 7", "kill -9 $$", "head -c 100000 /dev/zero | tr '\\0' x; exit 1"])
def test_where_the_program_crashes_the_spool_is_ingested_later(nextflow, project, lignin, sqlite_instance, tmp_path, program):
    crashing = tmp_path / "lignin"
    crashing.write_text(f"#!/bin/sh\n{program}\n")
    crashing.chmod(0o755)
    run = nextflow.run(project, "main.nf", "--out", "out", name="crashed", env={"LIGNIN_CLI": str(crashing), "LIGNIN_NEXTFLOW_WAIT": str(DEADLINE)})
    assert (run.code, (project / "out" / "second.txt").read_text()) == (0, "hello\nhello\n"), run.output
    assert f"lignin nextflow ingest '{run.spool}'" in run.output
    lignin(project, "ingest", str(run.spool))
    assert statuses(sqlite_instance) == WELL


def test_a_program_that_can_not_start_costs_nothing(nextflow, project, lignin, sqlite_instance, tmp_path):
    odd = tmp_path / "lignin"
    odd.write_bytes(b"\x7fELF no program at all")
    odd.chmod(0o755)
    run = nextflow.run(project, "main.nf", "--out", "out", name="odd", env={"LIGNIN_CLI": str(odd)})
    assert (run.code, (project / "out" / "second.txt").exists()) == (0, True), run.output
    lignin(project, "ingest", "--all")
    assert statuses(sqlite_instance) == WELL


@pytest.fixture
def in_mounts():
    """The words before a command that give it mounts of its own, which it alone sees."""
    for words in (("unshare", "--mount"), ("unshare", "--user", "--map-root-user", "--mount")):
        if shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0:
            return words
    pytest.skip("mounts of its own need root or user namespaces, which this machine does not give")


def test_a_launch_folder_that_is_read_only_gives_way_to_the_home_of_nextflow(nextflow, project, lignin, sqlite_instance, in_mounts, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    script = 'mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" && ! touch x 2>/dev/null && exec "$@"'
    run = nextflow.run(
        project, "main.nf", "--out", str(elsewhere / "out"), "-w", str(elsewhere / "work"), name="fixed", before=(*in_mounts, "sh", "-c", script, "sh"),
        env={"NXF_CACHE_DIR": str(elsewhere / "cache"), "NXF_LOG_FILE": str(elsewhere / "log")},
    )  # fmt: skip
    assert (run.code, (elsewhere / "out" / "second.txt").exists()) == (0, True), run.output
    assert sorted(os.listdir(project)) == ["main.nf"]
    (spool,) = (nextflow.home / "lignin" / "nextflow").glob("*-fixed-*.jsonl")
    lignin(project, "ingest", str(spool), NXF_HOME=str(nextflow.home))
    assert statuses(sqlite_instance) == WELL


def test_what_a_full_disk_did_not_take_is_ingested_with_the_rest(nextflow, project, lignin, sqlite_instance, in_mounts, tmp_path):
    small = project / "small"
    small.mkdir()
    script = 'mount -t tmpfs -o size=8k tmpfs small && "$@"; code=$?; mkdir kept; cp small/*.jsonl kept; exit $code'
    run = nextflow.run(
        project, "main.nf", "--out", "out", name="filled", env={"LIGNIN_NEXTFLOW_SPOOL": str(small)}, before=(*in_mounts, "sh", "-c", script, "sh"),
    )  # fmt: skip
    assert (run.code, (project / "out" / "second.txt").read_text()) == (0, "hello\nhello\n"), run.output
    assert run.output.count("cannot write") == 1
    (begin,) = (project / "kept").glob("*.jsonl")
    assert 0 < begin.stat().st_size <= 8 << 10
    lignin(project, "ingest", "--all", NXF_HOME=str(nextflow.home), LIGNIN_NEXTFLOW_SPOOL=str(begin.parent))
    assert statuses(sqlite_instance) == WELL
    assert {a.key.rpartition("/")[2] for a in sqlite_instance.query(Artifact)} == {"first.txt", "second.txt"}


@pytest.fixture
def programs(nextflow, tmp_path):
    """A user's environment: `nextflow` on PATH, and a home of its own."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "nextflow").symlink_to(nextflow.cache / "25.04.4" / "nextflow")
    return {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "NXF_HOME": str(tmp_path / "nxf"), "LC_ALL": "C.UTF-8"}


def test_a_run_its_resumption_and_its_lineage_are_the_same_on_both_databases(instance, lignin, programs):
    folder = Path.cwd()
    (folder / "main.nf").write_text(PIPELINE)
    lignin(folder, "run", "main.nf", "--out", "out", **programs)
    lignin(folder, "run", "main.nf", "--out", "out", "-resume", **programs)
    runs = instance.query(Run)
    assert sorted((run.name, run.status) for run in runs) == sorted([*WELL.items(), ("FIRST", "cached"), ("SECOND", "cached"), ("main.nf", "completed")])
    assert all(run.origin.name == run.name for run in runs if run.status == "cached")
    published = ln.Artifact.get(key="out/second.txt")
    assert (published.run.name, published.hash[:3]) == ("SECOND", "b3:")
    before = [sorted(row.uid for row in instance.query(kind)) for kind in (Run, Artifact)]
    for spool in (folder / ".lignin" / "nextflow").glob("*.jsonl"):
        lignin(folder, "ingest", str(spool), **programs)
    lignin(folder, "import", **programs)
    assert [sorted(row.uid for row in instance.query(kind)) for kind in (Run, Artifact)] == before


@pytest.mark.parametrize(("word", "read"), [("hash", {"work", "out"}), ("link", {"out"}), ("none", {"out"})])
def test_files_in_work_folders_are_on_the_way_and_a_policy_says_what_becomes_of_them(sqlite_instance, lignin, programs, word, read):
    folder = Path.cwd()
    (folder / "main.nf").write_text(PIPELINE)
    (folder / "lignin.toml").write_text(f'[files]\nintermediates = "{word}"\n')
    lignin(folder, "run", "main.nf", "--out", "out", **programs)
    assert statuses(sqlite_instance) == WELL
    found = {}
    for artifact in sqlite_instance.query(Artifact):
        found.setdefault(artifact.key.partition("/")[0], []).append(artifact)
    assert {place for place, files in found.items() if all(file.hash for file in files)} == read
    assert len(found.get("work", [])) == (0 if word == "none" else 2)
    assert {file.size for file in found.get("work", [])} <= {6, 12}
    (published,) = found["out"]
    assert published.run.name == "SECOND"
    if word == "link":
        assert {artifact.run.name for artifact in found["work"]} == {"FIRST", "SECOND"}
