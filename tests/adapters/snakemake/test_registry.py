"""Artifacts of the registry as inputs and outputs: `storage.lignin("key")`, with the real engine and a real catalogue."""

import shutil

import pytest

from lignin.recording import MemoryRecorder
from snakemake_lignin.backfill import read

PRODUCER = """
storage:
    provider="lignin"

rule all:
    input: storage.lignin("study/b.txt"), storage.lignin("study/parts")

rule a:
    input: "in.txt"
    output: storage.lignin("study/a.txt")
    shell: "[ ! -e fail ]; cat {input} > {output}"

rule b:
    input: storage.lignin("study/a.txt")
    output: "local_{x}.txt", stored=storage.lignin("study/{x}.txt")
    shell: "tee {output} < {input} > /dev/null"

rule parts:
    input: storage.lignin("study/a.txt")
    output: storage.lignin("study/parts")
    shell: "mkdir {output}; cp {input} {output}/p; cp {input} {output}/q"
"""
CONSUMER = """
storage mine:
    provider="lignin"

rule all:
    input: "c.txt", "d.txt"

rule c:
    input: table=storage.mine("study/b.txt"), parts=storage.mine("study/parts")
    output: "c.txt"
    shell: "cat {input.table} {input.parts}/q > {output}"

rule d:
    input: storage.lignin("study/a.txt?version=0000")
    output: "d.txt"
    shell: "cp {input} {output}"
"""
SHARED = ("persistence", "input-output", "software-deployment", "source-cache", "sources", "storage-local-copies")
FIRST, SECOND = "the first content, long enough to be told from others\n", "the second content, which is another one\n"


def _run(snakemake, place, *options, code=0, **environment):
    outcome = snakemake.run("--directory", place, "--snakefile", f"{place}/Snakefile", *options, **environment)
    assert outcome.code == code, outcome.output
    return outcome


def _keys(outcome, rule, *, written):
    """The registry's versions that a job read or wrote, by key."""
    run = outcome.run(rule).run
    return {c.ref.key: c.ref.content_id for c in outcome.story.claims if c.run == run and c.written is written and c.ref.key}


def _save(snakemake, text, *, key):
    path = snakemake.write(text, name="somebody.txt")
    return snakemake.lignin("save", str(path), "--key", key)


def _tree(folder):
    """All files with their times, but for those that SQLite has for readers, and what a dry-run of Snakemake's own caches."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".db-wal", ".db-shm", ".pkl"})
    return {str(path): path.stat().st_mtime_ns for path in files}


@pytest.fixture(scope="module")
def both(shared_snakemake):
    """What the producer and the consumer told, each from its own folder of one instance."""
    runner = shared_snakemake
    runner.write(PRODUCER, name="prod/Snakefile")
    runner.write(CONSUMER, name="cons/Snakefile")
    runner.write(FIRST, name="prod/in.txt")
    runner.lignin("init")
    return _run(runner, "prod"), _run(runner, "cons")


def test_producer_and_consumer_meet_at_the_version_in_the_registry(both, shared_snakemake):
    producer, consumer = both
    made = _keys(producer, "b", written=True) | _keys(producer, "parts", written=True)
    assert set(made) == {"study/b.txt", "study/parts"}
    assert made == _keys(consumer, "c", written=False)
    assert _keys(producer, "b", written=False) == _keys(producer, "a", written=True) == _keys(consumer, "d", written=False)
    assert {"table", "parts"} <= set(consumer.roles("c"))
    shown = shared_snakemake.lignin("lineage", "cons/c.txt")
    assert all(part in shown for part in ("c  snakemake", "study/b.txt", "b  snakemake", "study/parts", "a  snakemake", "prod/in.txt"))
    listed = shared_snakemake.lignin("list", "artifact")
    assert ".snakemake" not in listed
    assert "lignin://" not in listed
    assert (shared_snakemake.folder / "cons" / "c.txt").read_text() == 2 * FIRST


def test_an_import_tells_the_same_versions_as_the_live_hook(both, shared_snakemake):
    for place, live in zip(("prod", "cons"), both, strict=True):
        folder = shared_snakemake.folder / place
        notes = [path for path in (folder / ".snakemake" / "lignin").iterdir() if path.is_file()]
        for note in notes:
            shutil.move(note, folder / note.name)
        recorder = MemoryRecorder()
        read(str(folder), recorder=recorder, since=None, closing=False)
        for note in notes:
            shutil.move(folder / note.name, note)
        imported = recorder.story()
        assert {(c.run, c.written, c.role, c.ref) for c in imported.claims if c.ref.key} == {
            (c.run, c.written, c.role, c.ref) for c in live.story.claims if c.ref.key
        }


def test_a_version_is_new_to_those_that_did_not_work_with_it_and_to_nobody_else(both, shared_snakemake):
    runner = shared_snakemake
    assert "Nothing to be done" in _run(runner, "prod").output
    assert "Nothing to be done" in _run(runner, "cons", "--dry-run").output
    _save(runner, SECOND, key="study/b.txt")
    before = _tree(runner.folder)
    assert "c.txt" in _run(runner, "cons", "--dry-run").output
    assert _tree(runner.folder) == before
    anew = _run(runner, "cons", "--keep-storage-local-copies")
    assert (runner.folder / "cons" / "c.txt").read_text() == SECOND + FIRST
    assert not [s for s in anew.story.started.values() if s.name == "d"]
    assert (runner.folder / "cons" / ".snakemake" / "storage" / "mine" / "study" / "b.txt").read_text() == SECOND
    assert "Nothing to be done" in _run(runner, "cons").output
    # An old version that is the latest again is as new to this folder as any.
    _save(runner, FIRST, key="study/b.txt")
    back = _run(runner, "cons")
    assert (runner.folder / "cons" / "c.txt").read_text() == 2 * FIRST
    assert _keys(back, "c", written=False)["study/b.txt"] == _keys(both[0], "b", written=True)["study/b.txt"]
    assert "Nothing to be done" in _run(runner, "cons", "--dry-run").output


def test_a_key_that_is_missing_is_named_by_snakemake(both, shared_snakemake):
    shared_snakemake.write('rule x:\n    input: storage.lignin("no/such.txt")\n    output: "x.txt"\n    shell: "cp {input} {output}"\n', name="miss/Snakefile")
    outcome = _run(shared_snakemake, "miss", code=1)
    assert "Missing input files" in outcome.output
    assert "lignin://no/such.txt" in outcome.output


def test_a_failed_job_takes_nothing_from_the_registry_and_is_run_again(both, shared_snakemake):
    runner = shared_snakemake
    versions = runner.lignin("list", "artifact", "--filter", "key=study/a.txt")
    runner.write(FIRST, name="prod/in.txt")
    (runner.folder / "prod" / "fail").touch()
    options = ("--max-checksum-file-size", "0", "--cores", "1")
    assert "study/a.txt" in _run(runner, "prod", *options, code=1).output
    assert runner.lignin("list", "artifact", "--filter", "key=study/a.txt") == versions
    (runner.folder / "prod" / "fail").unlink()
    # The same content again is the same version, and still counts as made after its input.
    assert _run(runner, "prod", *options).status("a") == "completed"
    assert runner.lignin("list", "artifact", "--filter", "key=study/a.txt") == versions
    assert "Nothing to be done" in _run(runner, "prod", "--dry-run", *options).output


def test_without_an_instance_snakemake_says_so(snakemake):
    snakemake.write('rule x:\n    input: storage.lignin("a.txt")\n    output: "x.txt"\n    shell: "cp {input} {output}"\n')
    outcome = snakemake.run(logger=None)
    assert outcome.code == 1
    assert "lignin init" in outcome.output


def test_as_the_default_storage_of_a_cluster_it_holds_all_files(snakemake):
    snakemake.write(
        """
        rule all:
            input: expand("out/{x}.txt", x=["p", "q"])

        rule a:
            output: "raw/{x}.txt"
            shell: "echo {wildcards.x} > {output}"

        rule b:
            input: "raw/{x}.txt"
            output: "out/{x}.txt"
            shell: "cat {input} {input} > {output}"
        """
    )
    snakemake.write("#!/bin/bash\nnohup bash $1 > $1.log 2>&1 &\necho $!\n", name="submit.sh").chmod(0o755)
    snakemake.lignin("init")
    cluster = ("--executor", "cluster-generic", "--cluster-generic-submit-cmd", "./submit.sh", "--jobs", "4", "--seconds-between-status-checks", "1")
    storage = ("--default-storage-provider", "lignin", "--default-storage-prefix", "lignin://project", "--shared-fs-usage", *SHARED)
    outcome = snakemake.run(*cluster, *storage)
    assert outcome.code == 0, outcome.output
    for x in "pq":
        made = {c.ref.key: c.ref.content_id for c in outcome.story.claims if c.run == outcome.run("a", x=x).run and c.written}
        used = {c.ref.key: c.ref.content_id for c in outcome.story.claims if c.run == outcome.run("b", x=x).run and not c.written}
        assert made == used
        assert set(made) == {f"project/raw/{x}.txt"}
    assert not (snakemake.folder / "out").exists()
    assert "Nothing to be done" in snakemake.run("--dry-run", *cluster, *storage).output
