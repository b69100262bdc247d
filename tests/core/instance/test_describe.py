"""A record is described whatever is missing of it."""

import shutil
from pathlib import Path

import lignin as ln
from lignin.recording import Code, RunStatus


def test_what_is_not_saved_yet_can_be_described(sqlite_instance):
    Path("a.txt").write_text("1")
    artifact = ln.Artifact("a.txt", key="a.txt", description="a line")
    told = artifact.describe()
    assert "not saved yet" in told
    assert artifact.hash in told
    artifact.save()
    for record in (ln.ULabel(name="x"), ln.Transform(key="t"), ln.Run(name="r"), ln.Collection([artifact], key="c"), ln.Storage("store")):
        assert type(record).__name__ in record.describe()


def test_a_run_whose_report_is_gone_can_be_described(instance):
    run = instance.start_run(code=Code(key="s.py", kind="script", source="", hash="1"), environment="numpy==1\n")
    instance.end_run(run, status=RunStatus.COMPLETED, report="a log\n")
    assert "a log" in run.describe()
    shutil.rmtree(instance.config.storage_root)
    told = run.describe()
    assert "status: completed" in told
    assert "gone" in told
