"""Machines that fail on command, and the line to an S3 server that they can break."""

import importlib.util
import sys
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
