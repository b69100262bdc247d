"""Commands in this process, where they are quick, and as processes, where that is the point."""

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lignin.base.context import set_process_run
from lignin.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command printed, and how it ended."""

    out: str
    err: str
    code: int

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def lignin(capsys, monkeypatch):
    """Runs a command in this process: `lignin("save", "a.txt", code=0)`."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str | Path, code: int | None = 0, answer: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as end:
                main([str(a) for a in arguments])
        finally:
            set_process_run(None)
        out, err = capsys.readouterr()
        said = Said(out=out, err=err, code=end.value.code)
        assert code is None or said.code == code, f"{arguments} ended with {said.code}:\n{out}\n{err}"
        return said

    return run


@pytest.fixture
def process_environment():
    """The environment of a process that finds `lignin` as this one does."""
    own = Path(sys.executable).parent
    return {**os.environ, "PATH": f"{own}{os.pathsep}{os.environ['PATH']}", "PYTHONUTF8": "1", "COLUMNS": "80"}


@pytest.fixture
def script(process_environment):
    """Runs text as a Bash script of its own file, in the working directory."""

    def run(text: str, *, name: str = "script.sh", code: int = 0) -> Said:
        Path(name).write_text(text, encoding="utf-8")
        done = subprocess.run(["bash", name], env=process_environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == code, f"{name} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return Said(out=done.stdout, err=done.stderr, code=done.returncode)

    return run


@pytest.fixture
def saved(sqlite_instance, lignin):
    """Saves a text under a key, from outside of the storage; returns its uid."""

    def save(key: str, text: str) -> str:
        source = Path("elsewhere") / Path(key).name
        source.parent.mkdir(exist_ok=True)
        source.write_text(text, encoding="utf-8")
        return lignin("save", source, "--key", key).out.strip()

    return save
