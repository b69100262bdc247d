"""Kill -9 at random moments: what `bench/kill_moments.py` does, a few times on each back end."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "bench" / "kill_moments.py"


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_nothing_that_was_told_of_as_done_is_lost_by_kills(store, request):
    db = ["--db", request.getfixturevalue("postgres_url")] if store == "postgresql" else []
    done = subprocess.run([sys.executable, SCRIPT, "--kills", "30", *db], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.match(r"30 kills .*nothing lost$", done.stdout), done.stdout
