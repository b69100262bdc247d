"""Spools are put away when nothing can follow in them, and never before."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import lignin as ln
from lignin.instance.ingest import ingest, waiting_spools
from lignin.recording import RunKey, Spool, Started

AT = datetime(2026, 1, 1, tzinfo=UTC)


def started(name):
    return Started(run=RunKey(engine="e", scope="w", id=name), name=name, at=AT)


def ended_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def rewrite_head(path, **fields):
    head, _, rest = path.read_text().partition("\n")
    path.write_text(json.dumps({**json.loads(head), **fields}) + "\n" + rest)


def test_what_is_written_while_a_spool_is_ingested_is_taken_by_the_next(sqlite_instance, monkeypatch):
    spool = Spool(sqlite_instance.config.spool, engine="e")
    spool.record(started("one"))
    path = spool.path
    module = sys.modules[ingest.__module__]
    record_story = module.record_story

    def write_and_close(instance, story):
        record_story(instance, story)
        spool.record(started("two"))
        spool.close()

    monkeypatch.setattr(module, "record_story", write_and_close)
    ingest(sqlite_instance, path)
    monkeypatch.undo()
    for waiting in waiting_spools(sqlite_instance):
        ingest(sqlite_instance, waiting)
    assert {run.name for run in ln.Run.all()} == {"one", "two"}
    assert not waiting_spools(sqlite_instance)


@pytest.mark.parametrize("head", [{"node": "another"}, {"pid": os.getpid()}, {"pid": None}])
def test_a_spool_whose_writer_may_go_on_stays(sqlite_instance, head):
    spool = Spool(sqlite_instance.config.spool, engine="e")
    spool.record(started("one"))
    copy = Path(shutil.copy(spool.path, spool.path.with_name("copy.jsonl")))
    rewrite_head(copy, **{"pid": ended_pid(), **head})
    ingest(sqlite_instance, copy)
    assert copy.exists()
    rewrite_head(copy, node=os.uname().nodename, pid=ended_pid())
    ingest(sqlite_instance, copy)
    assert not copy.exists()


def test_the_nodes_of_a_cluster_with_one_name_do_not_take_each_others_spools(sqlite_instance, monkeypatch):
    monkeypatch.setenv("LIGNIN_HOST", "cluster")
    spool = Spool(sqlite_instance.config.spool, engine="e")
    spool.record(started("one"))
    copy = Path(shutil.copy(spool.path, spool.path.with_name("copy.jsonl")))
    rewrite_head(copy, node="node7", pid=ended_pid())
    ingest(sqlite_instance, copy)
    assert copy.exists()


def test_a_spool_that_is_open_stays_though_its_process_is_not_to_be_seen(sqlite_instance):
    """As that of a container, whose processes have other ids outside."""
    spool = Spool(sqlite_instance.config.spool, engine="e")
    spool.record(started("one"))
    rewrite_head(spool.path, pid=ended_pid())
    ingest(sqlite_instance, spool.path)
    assert spool.path.exists()
