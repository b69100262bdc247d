"""A run whose process was killed says so to whoever looks next, and to who tracks next."""

import subprocess
import sys

import pytest

import lignin as ln

TRACKED = """
import time
import lignin as ln
ln.track(key="sleeper.py", kind="script", source_code="sleep")
print("tracked", flush=True)
time.sleep(600)
"""


@pytest.fixture
def killed(instance, process_environment):
    process = subprocess.Popen([sys.executable, "-c", TRACKED], env=process_environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout.readline().strip() == "tracked"
    process.kill()
    process.wait()
    process.stdout.close()
    run = ln.Run.get(status="running")
    assert run.transform.key == "sleeper.py"
    return run.uid


@pytest.mark.parametrize("look", [("list", "run"), ("describe",), ("get",), ("lineage",)])
def test_it_is_crashed_for_commands_that_show_runs(killed, lignin, look):
    said = lignin(*look, *(() if look[0] == "list" else (killed, "--registry", "run")))
    assert "running" not in said.out
    assert ln.Run.get(killed).status == "crashed"


def test_it_is_crashed_for_the_next_one_that_tracks(killed, process_environment):
    following = "import lignin as ln\nln.track(key='next.py', kind='script', source_code='next')\nln.finish()\n"
    subprocess.run([sys.executable, "-c", following], env=process_environment, check=True, capture_output=True)
    run = ln.Run.get(killed)
    assert (run.status, run.finished_at) == ("crashed", None)
    assert "ended without a word" in run.error
