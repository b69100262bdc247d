"""The rules by which files belong to jobs, without redun."""

from datetime import UTC, datetime, timedelta

from redun_lignin.translate import (
    Found,
    Job,
    TaskCode,
    account,
    commands,
    inputs,
    is_helper,
    outputs,
    root_of,
    started_job,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def _job(name, *, given=(), result=(), params=None, cached=False, parent=None):
    return Job(
        id=name, parent_id=parent, task=TaskCode(name=name, hash="h", source=""), started_at=NOW, ended_at=NOW, cached=cached,
        params=params or {}, files_in=tuple(given), files_out=tuple(result),
    )  # fmt: skip


def _file(path, state="1", role=""):
    return Found(role=role, path=path, hash=state)


def test_only_tasks_of_the_namespace_redun_itself_are_helpers():
    assert is_helper("redun.script")
    assert not any(map(is_helper, ("redun.examples.make", "redun_x.make", "make", "x.redun.y")))


def test_a_result_that_was_given_or_made_below_was_not_made_here():
    leaf = account(_job("t.leaf", result=[_file("a")]), [], hidden=True)
    job = _job("t.main", given=[_file("b")], result=[_file("a"), _file("b"), _file("b", "2"), _file("c")])
    assert [f.identity for f in outputs(job, [leaf])] == [("b", "2"), ("c", "1")]


def test_a_script_belongs_to_its_caller():
    script = _job("redun.script", given=[_file("in")], result=[_file("out")], params={"command": "cat in > out"})
    inner = account(_job("redun.postprocess_script", result=[_file("out")]), [], hidden=True)
    below = [account(script, [inner], hidden=True)]
    caller = _job("t.main", result=[_file("out", role="table")])
    assert [f.path for f in inputs(caller, below)] == ["in"]
    assert [f.path for f in outputs(caller, below)] == ["out"]
    assert commands(below) == ("cat in > out",)


def test_a_script_from_the_cache_was_not_run_again():
    below = [account(_job("redun.script", given=[_file("in")], result=[_file("out")], cached=True), [], hidden=True)]
    caller = _job("t.main", result=[_file("out")])
    assert (inputs(caller, below), outputs(caller, below), commands(below)) == ((), (), ())


def test_helpers_that_are_shown_stand_for_themselves():
    below = [account(_job("redun.script", given=[_file("in")], result=[_file("out")]), [], hidden=False)]
    assert outputs(_job("t.main", result=[_file("out")]), below) == ()


def test_the_place_of_a_staged_output_is_no_input():
    job = _job("t.main", given=[_file("out", ""), _file("in", "")], result=[_file("out")])
    assert [f.path for f in inputs(job, [])] == ["in"]


def test_the_caller_of_a_hidden_task_is_the_next_one_above():
    jobs = {name: _job(name, parent=above) for name, above in (("redun.root_task", None), ("t.main", "redun.root_task"), ("redun.script", "t.main"))}
    inner = _job("t.inner", parent="redun.script")
    assert root_of(inner, jobs, hidden=True) == "t.main"
    assert root_of(inner, jobs, hidden=False) == "redun.script"
    assert root_of(jobs["t.main"], jobs, hidden=True) is None


def test_a_command_does_not_repeat_a_secret_parameter():
    job = _job("t.main", params={"api_token": "hunter2-hunter2"})
    event = started_job(job, execution_id="e", parent_id=None, reference=None, shell=["curl hunter2-hunter2"], shift=timedelta())
    assert event.info["shell"] == ["curl ***"]
    assert event.params == {"api_token": "***"}
