"""Live: schedulers that a script makes itself."""

import json
from urllib.parse import unquote

import pytest


@pytest.fixture(scope="module")
def run(make_runner):
    redun = make_runner("api")
    redun.take("script_api")
    done = redun.python("script_api.py", FAR=str(redun.folder.parent / "far"))
    assert done.code == 0, done.output
    return done


@pytest.fixture(scope="module")
def seen(run):
    return json.loads(next(line for line in run.output.splitlines() if line.startswith("{")))


def test_results_are_those_of_redun(seen):
    assert seen["list"] == ["api-1.txt", "api-2.txt"]
    assert seen["memory"] == ["ObservedScheduler", "4!"]
    assert seen["own"] == ["5!", True, True]
    assert seen["off"] == ["Scheduler", "Scheduler", "Scheduler"]


def test_settings_that_make_no_sense_are_said_and_the_workflow_runs(run):
    assert "helpers = 'sideways', which is none of hide, show" in run.output


def test_each_execution_of_a_process_is_recorded_and_a_dry_run_is_not(run, seen):
    assert seen["dryrun"] is True
    names = [s.name for s in run.executions]
    assert names == ["scheduler.run", "api.whoami", "scheduler.run", "scheduler.run", "scheduler.run"]
    assert {run.status(s.run) for s in run.story.started.values()} == {"completed", "cached"}
    assert seen["id"] in {s.run.id for s in run.executions}


def test_a_root_task_of_redun_is_no_run(run):
    first = run.executions[0]
    made = [s for s in run.starts("api.make") if s.parent == first.run]
    assert len(made) == 2
    assert first.params == {}


def test_a_result_from_an_earlier_execution_of_the_process_is_reused(run, seen):
    (made,) = [s for s in run.starts("api.make") if run.status(s.run) == "cached"]
    assert run.story.ended[made.run].reused in {s.run for s in run.starts("api.make") if s.parent == run.executions[0].run}


def test_code_inside_knows_its_execution(run, seen):
    assert seen["within"] == [str(run.executions[1].run)] * 2
    assert seen["after"] == ["None", None]


def test_an_execution_that_is_extended_gets_the_new_jobs(run, seen):
    """And a file outside of the working folder, under a name with blanks and accents, is known where it lies."""
    caller, job, path = seen["extended"]
    far = run.start("api.far")
    assert (far.run.id, far.parent.id) == (job, caller)
    assert run.status(far.run) == "completed"
    ((name, (_, ref)),) = run.files(far.run, written=True).items()
    assert ref.content_id.startswith("b3:")
    assert unquote(ref.uri) == f"file://{path}"
    assert unquote(name) == "far away, é.txt"
    assert [run.status(s.run) for s in run.executions if s.run.id == seen["id"]] == ["completed"]
