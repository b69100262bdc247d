"""The doors "import" and "reconcile": what Snakemake keeps, against what the live hook was told."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lignin.base.content import hash_bytes
from lignin.base.errors import UsageError
from lignin.recording import MemoryRecorder, RefState, read_content
from snakemake_lignin.backfill import read

SNAKEFILE = '''
configfile: "config.yaml"

rule all:
    input: "out/agg.txt", "out/b.txt", "out/retried.txt", "out/parts"

rule make:
    """Makes numbers."""
    output: raw=temp("work/{s}.raw")
    params: n=lambda wildcards: len(wildcards.s), tag="T", key=config["api_token"]
    log: "logs/{s}.log"
    shell: "echo {params.key} > {log}; seq 1 {params.n} > {output.raw}"

rule b:
    input: raw="work/aa.raw", words="words, and more.txt"
    output: "out/b.txt", idx=protected("out/b, too.idx")
    params: "first", factor=config["factor"]
    threads: 2
    script: "b.py"

rule parts:
    input: "out/b.txt"
    output: directory("out/parts")
    shell: "mkdir -p {output}; cp {input} {output}/p; cp {input} {output}/q"

checkpoint scatter:
    output: directory("out/scatter")
    shell: "mkdir -p {output}; for i in 1 2; do echo $i > {output}/$i.part; done"

rule per_part:
    input: "out/scatter/{i}.part"
    output: "out/pp/{i} x.txt"
    message: "Copies part {wildcards.i}"
    shell: "cp {input} '{output}'"

def parts(wildcards):
    folder = checkpoints.scatter.get().output[0]
    return expand("out/pp/{i} x.txt", i=glob_wildcards(folder + "/{i}.part").i)

rule agg:
    input: parts
    output: "out/agg.txt"
    run:
        with open(output[0], "w") as f:
            f.writelines(open(path).read() for path in sorted(input))

rule retried:
    output: "out/retried.txt"
    retries: 1
    shell: "if [ ! -e tried ]; then touch tried; exit 3; fi; echo a > {output}"
'''
SCRIPT = """
open(snakemake.output[0], "w").write(str(snakemake.params.factor))
open(snakemake.output.idx, "w").write("idx")
"""
HANGING = """
rule all:
    input: "second.txt"

rule first:
    output: "first.txt"
    shell: "echo 1 > {output}"

rule second:
    input: "first.txt"
    output: "second.txt"
    shell: "touch started; while [ ! -e go ]; do sleep 0.1; done; echo 2 > {output}"
"""
# What only the live hook can know: who contains the process, and which commit was checked out.
LIVE_ONLY = {"executable"}


def _write(runner):
    runner.write(SNAKEFILE)
    runner.write(SCRIPT, name="b.py")
    runner.write("a few words", name="words, and more.txt")
    runner.write("factor: 2\napi_token: hunter2hunter2\n", name="config.yaml")


def _read(folder, *, closing=False):
    recorder = MemoryRecorder()
    read(str(folder), recorder=recorder, since=None, closing=closing)
    return recorder.story()


@pytest.fixture(scope="module")
def both(shared_snakemake):
    """One workflow as the live hook told it, and as it is read back without the hook's note."""
    _write(shared_snakemake)
    live = shared_snakemake.run("--config", "factor=3", "--", "all")
    assert live.code == 0, live.output
    kept = shared_snakemake.folder / "kept"
    shutil.move(shared_snakemake.folder / ".snakemake" / "lignin", kept)
    imported = _read(shared_snakemake.folder)
    shutil.move(kept, shared_snakemake.folder / ".snakemake" / "lignin")
    return live, imported


def test_an_import_tells_the_same_runs_as_the_live_hook(both):
    live, imported = both
    assert set(imported.started) == set(live.story.started)
    for key, told in live.story.started.items():
        found = imported.started[key]
        assert (found.name, found.parent, found.params, found.code) == (told.name, told.parent, told.params, told.code)
        assert abs((found.at - told.at).total_seconds()) < 5
        assert {name: found.info.get(name) for name in told.info if name != "reason"} == {n: v for n, v in told.info.items() if n != "reason"}
        assert {n: v for n, v in told.environment.items() if n not in LIVE_ONLY} == found.environment


def test_an_import_tells_the_same_endings(both):
    live, imported = both
    assert {key: end.status for key, end in imported.ended.items()} == {key: end.status for key, end in live.story.ended.items()}
    failed = live.run("retried", attempt=1).run
    assert "exit status 3" in imported.ended[failed].error


def test_an_import_tells_the_same_files_but_for_contents_of_temporary_ones(both):
    live, imported = both
    stay = {(c.run, c.written, c.role, c.ref.uri, c.ref.content_id) for c in live.story.claims if c.ref.state is RefState.PRESENT}
    found = {(c.run, c.written, c.role, c.ref.uri, read_content(c.ref).content_id) for c in imported.claims if c.ref.state is RefState.PRESENT}
    assert found == stay
    temporary = {(c.run, c.written, c.role, c.ref.uri) for c in live.story.claims if c.ref.state is not RefState.PRESENT}
    gone = {(c.run, c.written, c.role, c.ref.uri) for c in imported.claims if c.ref.state is RefState.MISSING}
    assert len(gone) == 2
    assert gone == temporary


def test_secrets_of_the_configuration_stay_out_of_an_import(both):
    _, imported = both
    assert "hunter2" not in repr(imported)


def test_what_was_recorded_live_is_told_again_as_it_was(both, shared_snakemake):
    live, _ = both
    again = _read(shared_snakemake.folder)
    assert (again.started, again.ended, set(again.claims)) == (live.story.started, live.story.ended, set(live.story.claims))


def test_files_and_code_that_changed_since_are_not_claimed(both, shared_snakemake, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(shared_snakemake.folder, folder, symlinks=True)
    shutil.rmtree(folder / ".snakemake" / "lignin")
    (folder / "out" / "agg.txt").write_text("other")
    (folder / "b.py").write_text("other = 1")
    (folder / "words, and more.txt").write_text("other words")
    (folder / "Snakefile").write_text(SNAKEFILE.replace("cp {input} '{output}'", "cat {input} > '{output}'"))
    story = _read(folder)
    assert {"agg.txt", "words%2C%20and%20more.txt"}.isdisjoint(Path(c.ref.uri).name for c in story.claims)
    changed = {s.name: s.info.get("changed_since") for s in story.started.values()}
    assert (changed["agg"], changed["all"], changed["b"]) == (["out/agg.txt"], ["out/agg.txt"], ["words, and more.txt"])
    codes = {s.name: s.code and s.code.source for s in story.started.values()}
    assert codes["b"] is None
    assert codes["Snakefile"] is None
    assert codes["per_part"] == "cp {input} '{output}'"


def test_without_a_snakefile_the_logs_and_the_store_still_tell(both, shared_snakemake, tmp_path, capfd):
    live, _ = both
    folder = tmp_path / "copy"
    shutil.copytree(shared_snakemake.folder / ".snakemake", folder / ".snakemake", symlinks=True)
    shutil.rmtree(folder / ".snakemake" / "lignin")
    log = next((folder / ".snakemake" / "log").iterdir())
    log.write_text(log.read_text().replace(f"Snakefile: {shared_snakemake.folder}", f"Snakefile: {folder}"))
    story = _read(folder)
    assert "can't be read" in capfd.readouterr().err
    assert {key: end.status for key, end in story.ended.items()} == {key: end.status for key, end in live.story.ended.items()}
    assert "hunter2" not in repr(story)


def test_a_folder_without_snakemake_is_said_to_be_one(tmp_path):
    with pytest.raises(UsageError, match="has not run"):
        _read(tmp_path)


@pytest.mark.parametrize("logger", ["lignin", None])
def test_a_killed_workflow_is_ended_by_reconcile_and_not_before(snakemake, logger):
    snakemake.write(HANGING)
    process = snakemake.start(logger=logger)
    end = time.monotonic() + 120
    while not (snakemake.folder / "started").exists() and time.monotonic() < end:
        time.sleep(0.05)
    running = _read(snakemake.folder, closing=True)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert not [e for key, e in running.ended.items() if key.id == "workflow" or running.started[key].name == "second"]
    left = _read(snakemake.folder)
    assert not [key for key in left.ended if key.id == "workflow"]
    story = _read(snakemake.folder, closing=True)
    assert {story.started[key].name: ended.status.value for key, ended in story.ended.items()} == {
        "Snakefile": "crashed",
        "first": "completed",
        "second": "crashed",
    }
    [made] = [c.ref for c in story.claims if c.written]
    assert read_content(made).content_id == hash_bytes(b"1\n")


def test_with_quiet_the_store_says_that_jobs_ended(snakemake):
    snakemake.write('rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n')
    assert snakemake.run("--quiet", "progress", logger=None).code == 0
    story = _read(snakemake.folder)
    assert {story.started[key].name: ended.status.value for key, ended in story.ended.items()} == {"Snakefile": "completed", "a": "completed"}


def test_without_metadata_files_that_are_as_old_as_their_job_are_still_told(snakemake):
    snakemake.write('rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n')
    assert snakemake.run("--drop-metadata", logger=None).code == 0
    story = _read(snakemake.folder)
    [made] = [c.ref for c in story.claims if c.written]
    assert read_content(made).content_id == hash_bytes(b"a\n")


def _lignin(snakemake, *arguments):
    environment = {name: value for name, value in snakemake.environment.items() if name != "LIGNIN_SPOOL"}
    done = subprocess.run([sys.executable, "-m", "lignin", *arguments], cwd=snakemake.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_importing_again_or_after_a_live_run_adds_nothing(snakemake):
    # The package as pip would install it, as far as entry points go.
    package = snakemake.folder.parent / "installed" / "lignin_snakemake-0.dist-info"
    package.mkdir(parents=True)
    (package / "entry_points.txt").write_text("[lignin.backfills]\nsnakemake = snakemake_lignin.backfill:read\n")
    snakemake.environment["PYTHONPATH"] += os.pathsep + str(package.parent)
    snakemake.write('rule a:\n    output: temp("a.txt")\n    shell: "echo a > {output}"\nrule b:\n    input: "a.txt"\n    output: "{x}.txt"\n    shell: "cp {input} {output}"\n')
    _lignin(snakemake, "init")
    del snakemake.environment["LIGNIN_SPOOL"]
    assert snakemake.run("b.txt", logger=None).code == 0
    assert "3 runs; new in the catalogue: 3 runs, 2 artifacts" in _lignin(snakemake, "import", "snakemake")
    assert snakemake.run("--cores", "1", "c.txt").code == 0
    for door in ("import", "reconcile"):
        assert "6 runs; new in the catalogue: 0 runs, 0 artifacts" in _lignin(snakemake, door, "snakemake", ".")
