"""What the plug-in writes of runs that do not end well: exit codes stay, and all that is known is there."""

import os

import pytest


def test_a_failing_run_tells_the_error(failing):
    assert failing.code == 1
    merged = failing.one("task", state="complete", process="MERGED")
    assert (merged["failed"], merged["exit"], merged["errorAction"], merged["outputs"]) == (True, 1, "TERMINATE", [])
    errors = failing.of("run.error")
    assert {(event["message"], event["taskId"], event["hash"]) for event in errors} == {("Process `MERGED` terminated with an error exit status (1)", merged["taskId"], merged["hash"])}
    complete = failing.one("run.complete")
    assert (complete["success"], complete["exit"]) == (False, 1)
    assert "Command executed" in complete["errorReport"]


def test_a_reader_that_crashes_costs_one_line(failing):
    told = [line for line in failing.output.splitlines() if line.startswith("lignin: ")]
    assert len(told) == 1
    assert "exit 7" in told[0]
    assert f"lignin nextflow ingest '{failing.spool}'" in told[0]
    assert failing.spool.with_name(failing.spool.name + ".log").read_text() == "broken\n"


def test_ctrl_c_is_told_with_the_tasks_that_it_ended(interrupted):
    assert interrupted.code == 1
    assert {event["signal"] for event in interrupted.of("run.error")} == {"SIGINT"}
    merged = interrupted.one("task", state="complete", process="MERGED")
    assert (merged["aborted"], merged["failed"], merged["exit"], merged["outputs"]) == (True, False, None, [])
    complete = interrupted.one("run.complete")
    assert (complete["success"], complete["exit"], complete["errorMessage"]) == (False, None, "SIGINT")
    assert interrupted.events[-1]["type"] == "run.exit"


def test_a_killed_run_has_all_that_happened_before(killed):
    assert killed.code == -9
    assert killed.events[-1]["type"] != "run.exit"
    assert killed.of("run.complete") == []
    assert killed.one("task", state="start", process="MERGED")["status"] == "RUNNING"
    assert "MERGED" not in {event["process"] for event in killed.of("task", state="complete")}
    assert [event["seq"] for event in killed.events] == list(range(len(killed.events)))


@pytest.mark.parametrize(("script", "code", "kinds"), [
    ("error 'no such reference'", 1, ["run.create", "run.error", "run.exit"]),
    ("exit 3", 3, ["run.create", "run.exit"]),
])  # fmt: skip
def test_a_script_that_does_not_come_to_its_begin_ends_its_spool(nextflow, tmp_path, script, code, kinds):
    (tmp_path / "broken.nf").write_text(f"workflow {{\n    {script}\n}}\n")
    # The reader that is asked for is nowhere.
    run = nextflow.run(tmp_path, "broken.nf", name="broken", env={"LIGNIN_CLI": str(tmp_path / "nowhere")})
    assert run.code == code, run.output
    assert [event["type"] for event in run.events] == kinds
    exit_ = run.one("run.exit")
    assert (exit_["began"], exit_["completed"]) == (False, False)
    assert [event["message"] for event in run.of("run.error")] == ["no such reference"] * kinds.count("run.error")
    assert os.listdir(run.spool.parent) == [run.spool.name]
