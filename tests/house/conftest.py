"""The checkout as the house rules see it."""

import ast
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout's own folder."""
    return ROOT


@pytest.fixture(scope="session")
def texts() -> Mapping[str, str]:
    """Every text file that git tracks, or would, by its path in the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")
    found = {}
    for name in sorted(set(filter(None, listed))):
        path = ROOT / name
        if path.is_file():
            try:
                found[name] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
    assert "pyproject.toml" in found
    return found


@pytest.fixture(scope="session")
def sources(texts: Mapping[str, str]) -> Mapping[str, ast.Module]:
    """The parsed modules of the core and the adapters, by their path in the checkout."""
    found = {
        name: ast.parse(text, filename=name)
        for name, text in texts.items()
        if name.startswith(("core/", "adapters/")) and name.endswith(".py")
    }
    assert "core/lignin/__init__.py" in found
    return found
