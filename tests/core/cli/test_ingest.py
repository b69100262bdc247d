"""`lignin ingest`: exit codes that engines and people rely on."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lignin.recording import Ended, RunKey, RunStatus, Spool, Started

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def spool(sqlite_instance):
    """Writes a spool of one run; returns its path."""

    def write(name: str = "job", folder: Path = sqlite_instance.config.spool) -> Path:
        recorder = Spool(folder, engine="snakemake")
        run = RunKey(engine="snakemake", scope="w", id=name)
        recorder.record(Started(run=run, name=name, at=AT))
        recorder.record(Ended(run=run, status=RunStatus.COMPLETED, at=AT))
        recorder.close()
        assert recorder.path is not None
        return recorder.path

    return write


def test_a_spool_is_ingested_and_again_changes_nothing(spool, lignin):
    path = spool()
    assert "ingested 2 events of 1 run from" in lignin("ingest", path).err
    before = lignin("list", "run", "--json").out
    lignin("ingest", path)
    assert lignin("list", "run", "--json").out == before
    assert lignin("list", "run", "--json").json[0]["name"] == "job"


def test_quiet_says_nothing_and_json_says_all(spool, lignin):
    said = lignin("ingest", "--quiet", spool("a"))
    assert (said.out, said.err) == ("", "")
    path = spool("b")
    assert lignin("ingest", "--json", path).json == [{"spool": str(path), "events": 2, "runs": 1, "hashed": 0, "bad": []}]


def test_all_takes_what_waits_in_the_instance_and_in_the_home(spool, lignin, monkeypatch):
    spool("a")
    spool("b", Path(lignin("info", "--json").json["folder"]).parent / "home" / "lignin" / "spool")
    assert lignin("info", "--json").json["waiting_spools"] == 2
    lignin("ingest", "--all")
    assert {r["name"] for r in lignin("list", "run", "--json").json} == {"a", "b"}


def test_a_folder_of_spools_can_be_named(spool, lignin):
    spool("a", Path("mine"))
    spool("b", Path("mine"))
    lignin("ingest", "mine")
    assert len(lignin("list", "run", "--json").json) == 2


def test_a_bad_line_is_named_and_fails_and_all_others_are_taken(spool, lignin):
    path = spool()
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "{nonsense", *lines[1:]]) + "\n")
    said = lignin("ingest", "--quiet", "--json", path, code=1)
    assert said.err.startswith(f"✗ {path}:2: ")
    assert said.json[0]["events"] == 2
    assert [(bad["line"], bad["torn"]) for bad in said.json[0]["bad"]] == [(2, False)]
    assert lignin("list", "run", "--json").json[0]["status"] == "completed"


def test_a_torn_last_line_is_a_warning(spool, lignin):
    path = spool()
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2]) + lines[2][:-9])
    said = lignin("ingest", "--quiet", "--json", path)
    assert said.err.startswith(f"! {path}:3: ")
    assert said.json[0]["bad"][0]["torn"]
    assert lignin("list", "run", "--json").json[0]["status"] == "running"


def test_one_that_is_not_there_does_not_keep_the_others(spool, lignin):
    said = lignin("ingest", "gone.jsonl", spool(), code=1)
    assert "no spool" in said.err
    assert len(lignin("list", "run", "--json").json) == 1


def test_it_works_as_the_process_that_engines_start(spool, process_environment):
    done = subprocess.run([sys.executable, "-m", "lignin", "ingest", "--quiet", spool()], env=process_environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_several_processes_may_ingest_the_same_at_once(spool, process_environment, lignin):
    for number in range(5):
        # As if their writer had ended: no process has this id.
        path = spool(f"job{number}")
        path.rename(path.with_name(path.name.replace(f"-{os.getpid()}-", "-4194305-")))
    command = [sys.executable, "-m", "lignin", "ingest", "--all", "--quiet"]
    processes = [subprocess.Popen(command, env=process_environment, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [(process.communicate()[1], process.returncode) for process in processes]
    assert said == [("", 0)] * 3
    assert len(lignin("list", "run", "--json").json) == 5
    assert lignin("info", "--json").json["waiting_spools"] == 0
