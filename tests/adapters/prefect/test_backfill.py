"""Import and reconcile: Prefect's own store, told as the live hooks tell it."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from lignin.base.errors import LigninError, NotFound, UsageError
from lignin.recording import dump, fold
from lignin.testing import AdapterContract

MOMENT = timedelta(milliseconds=1)
# An undone transaction and an exit that goes through a task have no state of Prefect's at the time of the hook: it
# looks at the clock, and Prefect does so later, on a busy machine by whole milliseconds.
OWN_CLOCK = {"rolled back": timedelta(seconds=5), "crashed": timedelta(seconds=5)}


def differences(live, imported, what):
    """Where two stories differ in what both can know, by function."""
    found = {}
    for run, start in live.started.items():
        other = imported.started.get(run)
        if other is None or what(live, start) != what(imported, other):
            found[start.code.key.rpartition("::")[2], run.attempt] = (what(live, start), other and what(imported, other))
    return found


@pytest.mark.parametrize("scenario", ["everyday", "trouble"])
def test_the_store_tells_what_was_told_live(scenario, request, tell_all):
    live = request.getfixturevalue(scenario).story
    imported = tell_all(live.started)
    assert not differences(live, imported, lambda story, s: (s.name, s.parent))
    assert not differences(live, imported, lambda story, s: dict(s.info))
    assert not differences(live, imported, lambda story, s: story.ended[s.run].status)
    assert not differences(live, imported, lambda story, s: story.ended[s.run].reused)
    for run, start in live.started.items():
        end, other_end = live.ended[run], imported.ended[run]
        assert timedelta(0) < start.at - imported.started[run].at < MOMENT, start.name
        assert abs(end.at - other_end.at) < OWN_CLOCK.get(end.status, MOMENT), (start.name, end.status)


def test_params_of_flows_are_as_they_were_given(everyday, tell_all):
    imported = tell_all(everyday.story.started)
    flows = {run for run, start in everyday.story.started.items() if start.environment}
    params = differences(everyday.story, imported, lambda story, s: dict(s.params) if s.run in flows else None)
    assert params == {
        ("whole", 1): ({"n": 3, "label": "x", "password": "***", "key": "***"}, {"n": "3", "label": "x", "password": "***", "key": "***"}),
        ("inner", 1): ({"z": 8}, {"z": "<PrefectConcurrentFuture>"}),
        ("asking", 1): ({"n": 1}, {"n": "1"}),
    }


def test_errors_are_those_that_the_store_keeps(trouble, tell_all):
    imported = tell_all(trouble.story.started)
    errors = differences(trouble.story, imported, lambda story, s: story.ended[s.run].error)
    assert errors == {
        ("flaky", 1): ("ValueError: try 1", None),
        ("flaky", 2): ("ValueError: try 2", None),
        ("leaves", 1): ("SystemExit: 7", "Crashed: Execution was aborted by Python system exit call."),
    }


def test_code_without_notes_goes_by_prefects_names(everyday, tell_all):
    imported = tell_all(everyday.story.started)
    codes = {s.code.key: s.code for run, s in imported.started.items() if run in everyday.story.started}
    assert {"The whole", "The whole::add", "inner::double", "double"} <= set(codes)
    assert codes["The whole::add"].source is None
    assert codes["inner::double"].hash == codes["double"].hash != codes["The whole::add"].hash


@pytest.mark.parametrize("scenario", ["everyday", "trouble"])
def test_importing_after_live_adds_nothing(scenario, request, tell_all):
    recorded = request.getfixturevalue(scenario)
    mine = set(recorded.story.started)
    imported = tell_all(mine, spool=recorded.spool)
    both = fold([*recorded.events, *(e for e in imported_events(imported) if e.run in mine)])
    assert both.started == recorded.story.started
    assert both.ended == recorded.story.ended
    assert set(both.claims) == set(recorded.story.claims)


def imported_events(story):
    return [*story.started.values(), *story.ended.values()]


def test_importing_after_live_elsewhere_changes_nothing_that_was_told(trouble, tell_all):
    imported = tell_all(trouble.story.started)
    both = fold([*trouble.events, *imported_events(imported)])
    assert {run: both.started[run] for run in trouble.story.started} == trouble.story.started
    assert {run: end.status for run, end in both.ended.items() if run in trouble.story.ended} == {run: end.status for run, end in trouble.story.ended.items()}
    # Of two words on a crash the later counts, and Prefect's own comes after the task's.
    loose = {"crashed", "rolled back"}
    assert {run: both.ended[run] for run, end in trouble.story.ended.items() if end.status not in loose} == {
        run: end for run, end in trouble.story.ended.items() if end.status not in loose
    }


def test_a_run_that_the_hooks_missed_is_there(everyday, tell_all):
    mine = everyday.story.started
    assert everyday.starts("silent") == []
    imported = tell_all(mine, spool=everyday.spool)
    (silent,) = (s for s in imported.started.values() if s.name == "silent" and s.parent in mine)
    assert silent.parent == everyday.start("asks").run
    assert (silent.code.key, silent.code.source, imported.ended[silent.run].status.value) == ("asking::silent", None, "completed")


def test_what_the_hooks_have_seen_once_tells_the_code_of_what_they_missed(everyday, tell_all, tmp_path):
    seen, *missed = everyday.starts("again")
    missed_runs = {s.run for s in everyday.story.started.values() if s.parent in {m.run for m in missed}} | {m.run for m in missed}
    with (tmp_path / "some-prefect-spool.jsonl").open("w") as stream:
        stream.writelines(f"{dump(event)}\n" for event in everyday.events if event.run not in missed_runs)
    imported = tell_all(everyday.story.started, spool=tmp_path)
    assert len(missed_runs) == 4
    assert all(imported.started[m.run].code == seen.code for m in missed)
    assert all(imported.started[run].code == everyday.story.started[run].code for run in missed_runs)


@pytest.fixture(scope="module")
def killed(run_scenario, prefect_server, tmp_path_factory):
    """A script that was killed with -9, and the time before."""
    return datetime.now(UTC), run_scenario("killed", tmp_path_factory.mktemp("killed"), PREFECT_API_URL=prefect_server)


def test_what_was_killed_stays_open_until_it_is_reconciled(killed, tell):
    begun, recorded = killed
    assert recorded.exit_code == -9
    assert recorded.statuses("killed") == recorded.statuses("inside") == recorded.statuses("stuck") == ["open"]
    story = tell(spool=recorded.spool, since=begun).story()
    assert {story.started[run].name for run in set(story.started) - set(story.ended)} == {"killed", "inside", "stuck"}


def test_reconcile_closes_what_was_killed(killed, tell):
    begun, recorded = killed
    story = tell(spool=recorded.spool, since=begun, closing=True).story()
    ends = {story.started[run].name: end for run, end in story.ended.items()}
    assert {name: end.status.value for name, end in ends.items()} == {"done": "completed", "killed": "crashed", "inside": "crashed", "stuck": "crashed"}
    assert ends["killed"].error == "its process ended without a word"
    assert all(end.at >= story.started[run].at for run, end in story.ended.items())
    assert tell(spool=recorded.spool, since=begun, closing=True).story() == story


def test_a_process_that_goes_on_or_that_nobody_knows_is_not_closed(killed, tell, tmp_path):
    begun, recorded = killed
    story = tell(since=begun, closing=True).story()
    assert {"killed", "inside"} <= {story.started[run].name for run in set(story.started) - set(story.ended)}
    for path in recorded.spool.glob("*.jsonl"):
        head, rest = path.read_text().split("\n", 1)
        (tmp_path / path.name).write_text(json.dumps({**json.loads(head), "pid": os.getpid()}) + "\n" + rest)
    story = tell(spool=tmp_path, since=begun, closing=True).story()
    assert {story.started[run].name for run in set(story.started) - set(story.ended)} == {"killed", "inside", "stuck"}


def lignin(folder, *arguments, **environment):
    """What a command says, to whoever."""
    command = [sys.executable, "-m", "lignin", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert done.returncode == 0, done.stderr
    return done.stdout or done.stderr


def test_lignin_reconcile_and_import_from_the_shell(killed, prefect_server, prefect_environment, tmp_path):
    begun, recorded = killed
    environment = prefect_environment | {"LIGNIN_SPOOL": str(recorded.spool)}
    lignin(tmp_path, "init", **environment)
    since = ("--since", begun.astimezone().isoformat())
    first = lignin(tmp_path, "import", "prefect", prefect_server, *since, **environment)
    assert "→ prefect: 4 runs; new in the catalogue: 4 runs, 1 artifacts" in first
    # The same database, by a temporary server.
    second = lignin(tmp_path, "reconcile", "prefect", f"{prefect_environment['PREFECT_HOME']}/prefect.db", *since, **environment)
    assert "→ prefect: 4 runs; new in the catalogue: 0 runs, 0 artifacts" in second
    runs = json.loads(lignin(tmp_path, "list", "run", "--json", **environment))
    assert {run["name"]: run["status"] for run in runs} == {"done": "completed", "killed": "crashed", "inside": "crashed", "stuck": "crashed"}


def test_what_is_no_store_is_refused_by_name(tell):
    with pytest.raises(NotFound, match="no Prefect API, database or profile 'nowhere'"):
        tell(target="nowhere")
    with pytest.raises(UsageError, match=r"mysql://u:\*\*\*@h/d is neither"):
        tell(target="mysql://u:secret@h/d")
    with pytest.raises(LigninError, match=r"can't read Prefect's API at http://127.0.0.1:9/api/?: .*Start the server"):
        tell(target="http://127.0.0.1:9/api")


class TestImport(AdapterContract):
    """The contract of adapters, for an import without any notes."""

    secrets = ("hunter2", "hunter3", "abcdefgh1234")

    @pytest.fixture(autouse=True)
    def _store(self, trouble, everyday, tell_all):
        self.runs = {**trouble.story.started, **everyday.story.started}
        self.tell_all = tell_all

    def record(self, recorder):
        story = self.tell_all(self.runs)
        for event in imported_events(story):
            if event.run in self.runs:
                recorder.record(event)
