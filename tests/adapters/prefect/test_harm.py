"""Live: what goes wrong on our side leaves the user's run as it is."""

import subprocess
import sys

from prefect_lignin import instrument


def test_a_failure_of_ours_changes_neither_result_nor_exit_code(run_scenario, prefect_server, tmp_path):
    recorded = run_scenario("hostile", tmp_path, PREFECT_API_URL=prefect_server)
    assert recorded.printed == {"result": ["taken", "taken"]}
    assert recorded.exit_code == 5
    assert recorded.output.count("recording failed, the pipeline goes on") == 1
    assert recorded.statuses("hostile") == ["completed"]
    assert recorded.statuses("take") == ["completed", "completed"]
    assert recorded.starts("take")[0].params == {"value": "<Nasty, which raises RuntimeError>"}


def test_strict_is_the_other_way_round(run_scenario, prefect_server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    spool = {"LIGNIN_SPOOL": str(tmp_path / "file" / "spool"), "LIGNIN_STRICT": "1"}
    recorded = run_scenario("hostile", tmp_path, PREFECT_API_URL=prefect_server, **spool)
    assert recorded.printed == {}
    assert recorded.exit_code == 1
    assert "LIGNIN_STRICT is set, and recording failed: NotADirectoryError" in recorded.output


def test_the_log_of_a_run_has_no_line_of_ours(run_scenario, prefect_server, tmp_path):
    recorded = run_scenario("cache", tmp_path, PREFECT_API_URL=prefect_server, PREFECT_LOGGING_LEVEL="INFO")
    assert "Finished in state Completed()" in recorded.output
    assert "lignin" not in recorded.output


def test_a_spool_that_cannot_be_written_changes_nothing(run_scenario, prefect_server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    recorded = run_scenario("hostile", tmp_path, PREFECT_API_URL=prefect_server, LIGNIN_SPOOL=str(tmp_path / "file" / "spool"))
    assert recorded.printed == {"result": ["taken", "taken"]}
    assert recorded.exit_code == 5


def test_a_catalogue_that_cannot_be_reached_loses_nothing(run_scenario, prefect_server, tmp_path):
    (tmp_path / ".lignin").mkdir()
    fields = {"uid": "a1b2c3d4e5f6", "name": "far", "db": "postgresql://u:hunter2@127.0.0.1:9/far", "storage": "data"}
    (tmp_path / ".lignin" / "instance.toml").write_text("".join(f'{name} = "{value}"\n' for name, value in fields.items()))
    recorded = run_scenario("cache", tmp_path, PREFECT_API_URL=prefect_server)
    assert (recorded.exit_code, recorded.printed) == (0, {"result": 42})
    assert recorded.statuses("caching") == ["completed"]
    assert [path.suffix for path in sorted(recorded.spool.iterdir())].count(".jsonl") == 1


def test_a_server_that_cannot_be_reached_is_prefects_own_affair(run_scenario, tmp_path):
    recorded = run_scenario("cache", tmp_path, PREFECT_API_URL="http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES="0")
    assert recorded.exit_code == 1
    assert recorded.printed == {}
    assert recorded.events == ()
    assert "lignin" not in recorded.output.replace("prefect_lignin", "").rpartition("\n\n")[2]


def test_importing_the_package_does_not_import_prefect():
    code = "import sys, prefect_lignin as p; assert p.active_run() is None; assert 'prefect' not in sys.modules, 1"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_only_flows_and_tasks_can_be_instrumented():
    error = None
    try:
        instrument(len)
    except Exception as e:
        error = e
    assert type(error).__name__ == "UsageError"
    assert "Decorate the function" in str(error)
