"""Kill -9 at random moments: what `bench/kill_moments.py` does, a few times for each kind of work."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "bench" / "kill_moments.py"


@pytest.mark.parametrize(
    ("what", "store"),
    [(what, store) for what in ("all", "delete", "ingest", "migrate") for store in ("sqlite", "postgresql")] + [("s3", "sqlite")],
)
def test_nothing_that_was_told_of_as_done_is_lost_by_kills(what, store, request):
    db = ["--db", request.getfixturevalue("postgres_url")] if store == "postgresql" else []
    command = [sys.executable, SCRIPT, "--what", what, "--kills", "10", "--each", "5", "--rows", "50", *db]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.match(rf"10 kills of {what} .*nothing lost$", done.stdout), done.stdout
