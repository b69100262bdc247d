"""From a spool of the plug-in to the catalogue."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lignin.base.clock import from_iso
from lignin.base.errors import SpoolError
from lignin.model import Artifact, Run
from lignin.recording import hash_source
from nextflow_lignin.ingest import ingest_bytes, ingest_spool
from nextflow_lignin.journal import Journal, Locked
from nextflow_lignin.spools import journal_path, spool_folders, untold

DEADLINE = 300


@pytest.fixture
def launch(sqlite_instance):
    """The folder of an instance, in which Nextflow was launched."""
    return Path.cwd()


@pytest.fixture
def spool_of(launch, lines_of):
    """Writes the spool of a capture, with the files that it speaks of as they were then."""

    def write(name, lines=None, *, files=True):
        given = lines_of(name, at=str(launch)) if lines is None else lines
        run = given[0]["run"]
        begun = from_iso(run["startedAt"]).timestamp()
        path = launch / ".lignin" / "nextflow" / f"{run['sessionId']}-{run['runName']}-{int(begun * 1000)}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        places = sorted(set(_files(given)))
        path.write_text("".join(json.dumps(line) + "\n" for line in given))
        for place in places if files else ():
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(f"{place.name} " * 5)
                os.utime(place, (begun - 60, begun - 60))
        return path

    return write


def _files(lines):
    for line in lines:
        if line["type"] == "task":
            yield from (Path(f["source"]) for f in line.get("inputs", ()) if f["source"])
            yield from (Path(f["path"]) for f in line.get("outputs", ()))
        if line["type"] == "publish":
            line["size"] = None
            yield Path(line["target"])
    yield Path(lines[0]["launchDir"]) / "sheet.csv"


def _state(instance):
    runs = {(r.scope, r.external_id, r.status, r.finished_at) for r in instance.query(Run)}
    files = {(a.uid, a.key, a.hash, a.state) for a in instance.query(Artifact)}
    return runs, files


def test_a_spool_becomes_runs_and_files(spool_of, sqlite_instance, launch):
    result = ingest_spool(spool_of("first"))
    assert (result.runs, result.delivered, result.over, result.bad) == (15, True, True, ())
    runs = {run.name: run for run in sqlite_instance.query(Run)}
    assert runs["main.nf"].status == "completed"
    made = {artifact.key: artifact for artifact in sqlite_instance.query(Artifact)}
    assert all(artifact.hash for artifact in made.values())
    assert made["pubout/joined/join.txt"].run.name == "JOIN"
    assert made["data/s1.txt"].run is None
    assert made["sheet.csv"].run is None


def test_ingesting_again_changes_nothing_whatever_became_of_the_files(spool_of, sqlite_instance, launch):
    spool = spool_of("first")
    ingest_spool(spool)
    before = _state(sqlite_instance)
    shutil.rmtree(launch / "work")
    (launch / "data" / "s1.txt").write_text("something else by now")
    assert ingest_spool(spool).delivered
    runs, files = _state(sqlite_instance)
    assert runs == before[0]
    assert {(uid, key, content) for uid, key, content, _ in files} == {(uid, key, content) for uid, key, content, _ in before[1]}


def test_a_file_that_was_changed_before_anyone_looked_is_not_claimed(spool_of, sqlite_instance, launch):
    spool = spool_of("first")
    (launch / "data" / "s1.txt").write_text("something else by now")
    ingest_spool(spool)
    (changed,) = [a for a in sqlite_instance.query(Artifact) if a.key == "data/s1.txt"]
    assert (changed.state, changed.hash) == ("changed", None)


def test_a_resumed_run_brings_the_runs_before_it_along(spool_of, sqlite_instance):
    first = spool_of("first")
    ingest_spool(spool_of("resumed"))
    cached = [run for run in sqlite_instance.query(Run) if run.status == "cached"]
    assert cached
    assert {(run.origin.status, run.origin.scope.rpartition("/")[2]) for run in cached} == {("completed", "first")}
    assert first not in untold(spool_folders())


def test_what_no_event_named_is_discovered(spool_of, sqlite_instance, launch, lines_of):
    spool = spool_of("first")
    within = from_iso(lines_of("first")[40]["t"]).timestamp()
    for name, at in (("pubout/report.html", within), ("pubout/older.html", within - 1000), ("pubout/later.html", within + 1000), ("elsewhere/x.html", within)):
        place = launch / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("a file that nobody has told of, with some text")
        os.utime(place, (at, at))
    ingest_spool(spool)
    keys = {artifact.key: artifact for artifact in sqlite_instance.query(Artifact)}
    assert keys["pubout/report.html"].run.name == "main.nf"
    assert not {"pubout/older.html", "pubout/later.html", "elsewhere/x.html"} & set(keys)


def test_a_killed_run_is_crashed_and_its_torn_line_a_warning(spool_of, sqlite_instance):
    spool = spool_of("sigkill")
    with spool.open("ab") as stream:
        stream.write(b'{"schema": 1, "ty')
    result = ingest_spool(spool)
    assert [line.torn for line in result.bad] == [True]
    assert result.over
    runs = {run.name: run.status for run in sqlite_instance.query(Run)}
    assert (runs["main.nf"], runs["JOIN"]) == ("crashed", "crashed")


@pytest.mark.parametrize(("word", "state"), [("link", "unhashed"), ("none", None)])
def test_a_policy_spares_reading_what_lies_in_work_folders(spool_of, sqlite_instance, launch, word, state):
    (launch / "lignin.toml").write_text(f'[files]\nintermediates = "{word}"\n')
    ingest_spool(spool_of("first"))
    files = sqlite_instance.query(Artifact)
    assert {file.state for file in files if file.key.startswith("work/")} == ({state} if state else set())
    assert all(file.hash for file in files if not file.key.startswith("work/"))


def test_a_run_whose_process_lives_goes_on(spool_of, sqlite_instance, lines_of, launch):
    lines = lines_of("sigkill", at=str(launch))
    lines[0]["pid"] = os.getpid()
    for line in lines:
        # The process must have been there when it wrote.
        line["t"] = "2100-01-01T00:00:00.000Z"
    result = ingest_spool(spool_of("sigkill", lines, files=False), code=0)
    assert (result.delivered, result.over) == (True, False)
    assert {run.name: run.status for run in sqlite_instance.query(Run)}["main.nf"] == "running"


def test_the_wrappers_exit_code_ends_a_run_that_did_not_end_itself(spool_of, sqlite_instance):
    ingest_spool(spool_of("edge/exit-in-script"), code=3)
    (run,) = sqlite_instance.query(Run)
    assert (run.status, run.error) == ("failed", "Nextflow ended with exit code 3")


def test_a_script_is_kept_only_as_it_ran(spool_of, sqlite_instance, launch, captured, lines_of):
    (launch / "main.nf").write_bytes((captured / "nextflow-25.04.4" / "pipeline" / "main.nf").read_bytes())
    lines = lines_of("first", at=str(launch))
    ingest_spool(spool_of("first", lines))
    (run,) = [run for run in sqlite_instance.query(Run) if run.name == "main.nf"]
    listed = sorted(f"{s['path'].removeprefix(f'{launch}/')} {s['sha256']}" for line in lines if line["type"] == "run.begin" for s in line["scripts"])
    assert (run.transform.key, run.transform.source_code, run.transform.hash) == ("main.nf", None, hash_source(*listed))


def test_two_ingesters_of_one_spool_keep_apart(spool_of):
    spool = spool_of("edge/finish")
    with Journal(journal_path(spool)), pytest.raises(Locked, match="another process"):
        ingest_spool(spool)
    assert ingest_spool(spool).delivered


def test_a_spool_that_is_not_there(launch):
    with pytest.raises(SpoolError, match="there is no spool"):
        ingest_spool(launch / "none.jsonl")


def test_a_spool_without_an_instance_is_kept_for_later(lines_of, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIGNIN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LIGNIN_INSTANCE", raising=False)
    data = "".join(json.dumps(line) + "\n" for line in lines_of("edge/finish", at=str(tmp_path)))
    assert not ingest_bytes(data.encode()).delivered
    assert "lignin ingest --all" in capsys.readouterr().err
    assert list((tmp_path / "home" / "spool").glob("*.jsonl"))


def test_the_command_follows_a_run_to_its_end(spool_of, sqlite_instance, lines_of, launch):
    lines = lines_of("first", at=str(launch))
    spool = spool_of("first", lines)
    whole = spool.read_bytes()
    spool.write_bytes(whole[: len(whole) // 2])
    command = [sys.executable, "-m", "lignin", "nextflow", "ingest", "--follow", str(spool), "--parent-pid", str(os.getpid())]
    process = subprocess.Popen(command, cwd=launch, stderr=subprocess.PIPE, text=True)
    with spool.open("ab") as stream:
        stream.write(whole[len(whole) // 2 :])
        stream.write(json.dumps({**lines[-1], "seq": 9999, "type": "run.exit"}).encode() + b"\n")
    _, err = process.communicate(timeout=DEADLINE)
    assert (process.returncode, "15 runs" in err) == (0, True), err
    assert {run.name: run.status for run in sqlite_instance.query(Run)}["main.nf"] == "completed"
    assert untold(spool_folders()) == []


def test_a_follower_ends_when_nextflow_is_gone(spool_of, sqlite_instance, launch):
    spool = spool_of("sigkill")
    gone = subprocess.Popen(["true"])
    gone.wait()
    command = [sys.executable, "-m", "lignin", "nextflow", "ingest", "--follow", str(spool), "--parent-pid", str(gone.pid)]
    subprocess.run(command, cwd=launch, check=True, timeout=DEADLINE)
    assert {run.name: run.status for run in sqlite_instance.query(Run)}["main.nf"] == "crashed"


def test_the_command_names_bad_lines_and_takes_the_others(lines_of, sqlite_instance, launch):
    data = "nonsense\n" + "".join(json.dumps(line) + "\n" for line in lines_of("edge/finish", at=str(launch)))
    done = subprocess.run([sys.executable, "-m", "lignin", "nextflow", "ingest", "-"], input=data, capture_output=True, text=True, check=False, timeout=DEADLINE)
    assert done.returncode == 1
    assert "standard input:1:" in done.stderr
    assert len(sqlite_instance.query(Run)) > 1


def test_all_that_waits_is_found(spool_of, sqlite_instance, launch):
    spool_of("edge/finish")
    spool_of("edge/dynamic-retry")
    done = subprocess.run([sys.executable, "-m", "lignin", "nextflow", "ingest", "--all"], capture_output=True, text=True, check=False, timeout=DEADLINE)
    assert (done.returncode, done.stderr.count("→ nextflow:")) == (0, 2), done.stderr
    again = subprocess.run([sys.executable, "-m", "lignin", "nextflow", "ingest"], capture_output=True, text=True, check=False, timeout=DEADLINE)
    assert "no spool of Nextflow waits" in again.stderr
