"""Runs whose process is gone, and spools that nobody took in."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import lignin as ln
from lignin.base.clock import now
from lignin.base.processes import is_gone
from lignin.instance.fsck import Kind, examine, repair
from lignin.recording import Ended, RunKey, RunStatus, Started
from lignin.recording.spool import Spool

TRACKED = """
import sys, time
import lignin as ln
ln.track(key="sleeper.py", kind="script", source_code="sleep")
print("tracked", flush=True)
time.sleep(600)
"""


def begin(code):
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout.readline().strip() == "tracked"
    return process


def test_a_run_whose_process_was_killed_has_crashed(instance, kinds, mended):
    process = begin(TRACKED)
    try:
        assert kinds(instance) == []
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    (finding,) = mended(instance).findings
    run = ln.Run.get(key_of := finding.subject)
    assert (finding.kind, finding.repaired, run.uid) == (Kind.CRASHED, True, key_of)
    assert (run.status, run.finished_at) == ("crashed", None)
    assert str(process.pid) in run.error


def test_nothing_is_claimed_of_a_run_on_another_machine_or_of_an_engine(instance, sql, kinds):
    process = begin(TRACKED)
    process.kill()
    process.wait()
    process.stdout.close()
    run = ln.Run.get(status="running")
    for info, engine in (({**run.info, "node": "elsewhere"}, None), ({}, None), ({**run.info, "container": "another.sif"}, None), (run.info, "snakemake")):
        sql(instance, "update run set info = :info, engine = :engine", info=json.dumps(info), engine=engine)
        assert kinds(instance) == []
    sql(instance, "update run set info = :info, engine = null", info=json.dumps(dict(run.info)))
    assert kinds(instance) == ["crashed"]


def test_a_name_that_machines_share_does_not_tell_where_a_process_was(instance, sql, kinds, monkeypatch):
    monkeypatch.setenv("LIGNIN_HOST", "cluster")
    process = begin(TRACKED)
    process.kill()
    process.wait()
    process.stdout.close()
    run = ln.Run.get(status="running")
    assert run.info["host"] == "cluster"
    sql(instance, "update run set info = :info", info=json.dumps({**run.info, "node": "another"}))
    assert kinds(instance) == []
    # Recorded before machines were told apart.
    sql(instance, "update run set info = :info", info=json.dumps({name: value for name, value in run.info.items() if name != "node"}))
    assert kinds(instance) == []
    sql(instance, "update run set info = :info", info=json.dumps(dict(run.info)))
    assert kinds(instance) == ["crashed"]


def test_a_later_process_of_the_same_id_is_another(instance, sql, mended):
    process = begin(TRACKED)
    process.kill()
    process.wait()
    process.stdout.close()
    run = ln.Run.get(status="running")
    # This very process began a while ago, and the run long before it.
    long_ago = now() - timedelta(days=400)
    sql(instance, "update run set info = :info, started_at = :then", info=json.dumps({**run.info, "pid": os.getpid()}), then=f"{long_ago:%Y-%m-%d %H:%M:%S.%f}" if instance.database.is_sqlite else long_ago)
    assert [f.kind for f in mended(instance).findings] == [Kind.CRASHED]


def test_a_run_that_ends_after_it_was_found_keeps_its_own_end(instance):
    process = begin(TRACKED)
    process.kill()
    process.wait()
    process.stdout.close()
    report = examine(instance)
    run = ln.Run.get(status="running")
    instance.end_run(run, status=RunStatus.COMPLETED)
    repair(instance, report)
    assert ln.Run.get(run.uid).status == "completed"


def test_processes_are_told_apart():
    assert not is_gone(os.getpid(), since=now())
    assert is_gone(os.getpid(), since=now() - timedelta(days=4000))
    assert not is_gone(0, since=now())
    assert not is_gone(-1, since=now())
    assert not is_gone(2**40, since=now())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    # A zombie, which nobody has asked how it ended.
    assert is_gone(ended.pid, since=now())
    ended.wait()
    assert is_gone(ended.pid, since=now())


def write_spool(folder, *, events, end):
    """A spool written by a process that is over."""
    code = f"""
import os, sys
from pathlib import Path
from lignin.base.clock import now
from lignin.recording import RunKey, Started
from lignin.recording.spool import Spool
spool = Spool(Path({str(folder)!r}), engine="test")
for number in range({events}):
    spool.record(Started(run=RunKey(engine="test", scope="s", id=str(number)), name="task", at=now()))
{end}
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    return max(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)


def test_spools_that_wait_are_taken_in(instance, mended):
    spool = instance.config.spool
    write_spool(spool, events=3, end="spool.close()")
    write_spool(spool, events=5, end="")
    report = mended(instance)
    assert [(f.kind, f.repaired) for f in report.findings] == [(Kind.SPOOL, True)] * 2
    assert ln.Run.filter(engine="test").count() == 5
    assert len(list((spool / "ingested").iterdir())) == 2


def test_a_torn_spool_is_taken_in_and_put_away_whole(instance, mended):
    path = write_spool(instance.config.spool, events=3, end="")
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    (finding,) = mended(instance).findings
    assert (finding.kind, finding.subject, finding.repaired) == (Kind.TORN, str(path), True)
    assert ln.Run.filter(engine="test").count() == 2
    assert (path.parent / "ingested" / path.name).read_bytes() == whole[:-9]


def test_a_spool_with_lines_that_are_no_events_stays_for_a_reader(instance, mended):
    path = write_spool(instance.config.spool, events=2, end="")
    with path.open("a") as stream:
        stream.write("no event\n")
    (finding,) = mended(instance, left=("malformed",)).findings
    assert (finding.kind, finding.repairable, finding.repaired) == (Kind.MALFORMED, False, False)
    assert ln.Run.filter(engine="test").count() == 2
    assert path.exists()


def test_a_spool_that_is_being_written_is_left_alone(instance, kinds):
    spool = Spool(instance.config.spool, engine="test")
    spool.record(Started(run=RunKey(engine="test", scope="s", id="1"), name="task", at=now()))
    assert kinds(instance) == []
    spool.record(Ended(run=RunKey(engine="test", scope="s", id="1"), status=RunStatus.COMPLETED, at=now()))
    spool.close()
    assert kinds(instance) == ["spool"]
