"""Live: workflows that fail, are stopped or killed, and runs of sub-schedulers; then what redun's database adds."""

import signal

import pytest


@pytest.fixture
def trouble(redun):
    redun.take("trouble")
    return redun


def test_a_failure_leaves_the_exit_code_and_ends_everything(trouble):
    failed = trouble.run("trouble.py", "failing")
    assert failed.code == 1
    assert "RuntimeError: boom" in failed.output
    assert failed.statuses("trouble.failing") == ["failed"]
    (boom,) = failed.starts("trouble.boom")
    assert failed.story.ended[boom.run].error == "RuntimeError: boom, with token=***"
    assert failed.story.ended[failed.executions[0].run].error == "RuntimeError: boom, with token=***"
    assert failed.status(failed.executions[0].run) == "failed"
    # redun leaves the sibling open for ever.
    assert failed.statuses("trouble.slow") == ["cancelled"]
    read = trouble.read()
    assert {run: read.status(run) for run in read.story.started} == {run: failed.status(run) for run in failed.story.started}


def test_an_interrupt_cancels(trouble):
    stopped = trouble.stop("trouble.py", "waiting", by=signal.SIGINT, when="slow-began")
    assert stopped.code == 1, stopped.output
    assert [stopped.status(s.run) for s in stopped.executions] == ["cancelled"]
    assert stopped.statuses("trouble.waiting") == ["cancelled"]
    assert stopped.statuses("trouble.slow") == ["cancelled"]
    assert stopped.statuses("trouble.first") == ["completed"]
    assert dict(stopped.start("trouble.slow").params) == {"f": "first.txt", "until": "never"}


def test_a_killed_execution_is_reconciled_and_what_it_left_is_reused(trouble):
    killed = trouble.stop("trouble.py", "resumed", by=signal.SIGKILL, when="slow-began", HANG="1")
    assert killed.code == -signal.SIGKILL
    assert [killed.status(s.run) for s in killed.executions] == ["open"]
    assert set(killed.files(killed.start("trouble.first").run, written=True)) == {"first.txt"}
    # The note that the hooks left says that its process is gone.
    read = trouble.read(knows_live=True)
    assert [read.status(s.run) for s in read.executions] == ["crashed"]
    assert read.statuses("trouble.maybe") == ["crashed"]
    assert read.statuses("trouble.first") == ["completed"]
    assert {s.run for s in read.starts("trouble.maybe")} == {s.run for s in killed.starts("trouble.maybe")}
    # Without it, one that was alive a moment ago may go on.
    assert [trouble.read().status(s.run) for s in read.executions] == ["open"]
    resumed = trouble.run("trouble.py", "resumed")
    assert resumed.code == 0, resumed.output
    (main,) = resumed.starts("trouble.resumed")
    assert resumed.status(main.run) == "cached"
    # Its origin never ended.
    assert resumed.story.ended[main.run].reused == killed.start("trouble.resumed").run
    assert resumed.story.ended[resumed.start("trouble.first").run].reused == killed.start("trouble.first").run


def test_jobs_of_a_scheduler_inside_of_a_job_are_read_from_the_database(redun):
    redun.take("nested")
    run = redun.run("nested.py", "main")
    assert run.code == 0, run.output
    assert run.start("nested.inner").parent == run.start("nested.middle").run
    assert run.start("nested.middle").parent == run.start("nested.main").run
    assert run.roles("nested.inner", written=True) == {"inner-1.txt": ""}
    assert run.roles("nested.middle", written=True) == run.roles("nested.main", written=True) == {}
    assert [run.statuses(f"nested.{name}") for name in ("inner", "middle", "main")] == [["completed"]] * 3


def test_federated_tasks_are_told_and_those_of_an_execution_of_their_own_by_an_import(redun):
    redun.take("nested")
    published = redun.folder / "published"
    published.mkdir()
    (published / "redun.ini").write_text(f"[backend]\ndb_uri = sqlite:///{redun.folder}/.redun/redun.db\n")
    task = f"namespace = nested\ntask_name = middle\nload_module = nested\nexecutor = default\nconfig_dir = {published}\n"
    redun.configure(more=f"[federated_tasks.here]\n{task}[federated_tasks.own]\n{task}new_execution = True\n")
    # One after the other: at once, redun's schedulers lock one another out of their database, often for good, without us too.
    here, own = (redun.run("nested.py", "federated", "--where", where, "--n", n) for where, n in (("here", "2"), ("own", "3")))
    assert here.code == own.code == 0, here.output + own.output
    assert dict(here.start("nested.inner").params) == {"n": 2}
    assert here.start("nested.middle").parent == here.start("nested.federated").run
    assert own.starts("nested.inner") == []
    read = redun.read(knows_live=True)
    assert [dict(start.params) for start in read.starts("nested.inner")] == [{"n": 3}]
    assert {read.status(key) for key in read.story.started} == {"completed"}


def test_an_older_database_is_brought_up_to_date_by_redun_as_without_us(redun):
    redun.take("nested")
    for words in (("db", "upgrade", "3.5"), ("db", "downgrade", "3.4")):
        assert redun.redun(*words).code == 0
    assert [start.name for start in redun.run("nested.py", "inner", "--n", "1").executions] == ["nested.inner"]
