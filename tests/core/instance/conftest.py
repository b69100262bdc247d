"""Machines that fail on command, and the line to an S3 server that they can break."""

import importlib.util
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def failing() -> ModuleType:
    """`bench/failing.py`, which the full-size runs use too."""
    path = Path(__file__).parents[3] / "bench" / "failing.py"
    spec = importlib.util.spec_from_file_location("failing", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules["failing"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def together() -> Callable[[int, str], None]:
    """Runs a script in so many processes, which begin at once: each is told its number, and the file to wait for after it has said `ready-{number}`."""
    return _run_together


def _run_together(count: int, code: str) -> None:
    start = Path("start")
    workers = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", textwrap.dedent(code), str(n), str(start)], stderr=subprocess.PIPE, text=True) for n in range(count)
    ]
    # Interpreters take their time to start, and writers that come one by one would prove nothing.
    while not all(Path(f"ready-{n}").exists() for n in range(count)) and all(worker.poll() is None for worker in workers):
        time.sleep(0.01)
    start.touch()
    for worker in workers:
        _, said = worker.communicate(timeout=600)
        assert worker.returncode == 0, said[-2000:]
