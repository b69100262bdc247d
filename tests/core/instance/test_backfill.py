"""An engine's store read back: through the adapter that is installed under its name, and never twice."""

import sys

import pytest

from lignin.base.clock import now
from lignin.base.errors import MissingExtra, UsageError
from lignin.instance import backfill
from lignin.model import Artifact, Run

READER = '''
from datetime import UTC, datetime

from lignin.base.errors import UsageError
from lignin.recording import Ended, Produced, RunKey, RunStatus, Started, observe


def read(target, *, recorder, since, closing):
    if target is None:
        raise UsageError("which clay tablet?")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    if since is None or since <= start:
        run = RunKey(engine="tablet", scope=target, id="1")
        recorder.record(Started(run=run, name="harvest", at=start))
        recorder.record(Produced(run=run, ref=observe(f"{target}/barley.txt")))
        if closing:
            recorder.record(Ended(run=run, status=RunStatus.CRASHED, at=start))
'''


@pytest.fixture
def tablet(tmp_path, monkeypatch):
    """An adapter that is installed, and a store of its engine."""
    packages = tmp_path / "packages"
    (packages / "tablet-1.0.dist-info").mkdir(parents=True)
    (packages / "tablet-1.0.dist-info" / "entry_points.txt").write_text("[lignin.backfills]\ntablet = tablet_reader:read\n")
    (packages / "tablet_reader.py").write_text(READER)
    monkeypatch.syspath_prepend(str(packages))
    store = tmp_path / "store"
    store.mkdir()
    (store / "barley.txt").write_text("sixty measures of barley, received by Kushim\n")
    yield str(store)
    sys.modules.pop("tablet_reader", None)


def test_runs_and_files_of_a_store_are_taken_in_once(instance, tablet):
    first = backfill(instance, "tablet", tablet)
    assert (first.runs, first.new_runs, first.new_artifacts, first.hashed) == (1, 1, 1, 1)
    assert Artifact.get(suffix=".txt").run == Run.get(engine="tablet")
    again = backfill(instance, "tablet", tablet)
    assert (again.runs, again.new_runs, again.new_artifacts) == (1, 0, 0)


def test_reconcile_ends_what_was_left_open(instance, tablet):
    backfill(instance, "tablet", tablet)
    assert Run.get(engine="tablet").status == "running"
    backfill(instance, "tablet", tablet, closing=True)
    assert Run.get(engine="tablet").status == "crashed"


def test_nothing_to_tell_is_no_error(instance, tablet):
    report = backfill(instance, "tablet", tablet, since=now())
    assert report.runs == 0


def test_unknown_and_missing_adapters_say_what_there_is(instance, tablet):
    with pytest.raises(UsageError, match="There are: nextflow, prefect, redun, snakemake, tablet"):
        backfill(instance, "abacus")
    with pytest.raises(UsageError, match="which clay tablet"):
        backfill(instance, "tablet")


def test_an_adapter_that_is_not_installed_says_how_to_get_it(instance, monkeypatch):
    monkeypatch.setattr("lignin.recording.backfill.entry_points", lambda group: ())
    with pytest.raises(MissingExtra, match=r"pip install 'lignin\[snakemake\]'"):
        backfill(instance, "snakemake")
