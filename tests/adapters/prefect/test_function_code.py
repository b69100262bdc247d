"""Code of functions, and what their annotations say of paths."""

import os
import subprocess
from functools import partial, wraps
from pathlib import Path
from typing import Annotated

import pytest

from prefect_lignin.function_code import code_of, path_parameters


def plain(a: Path, b: "str | Path", c: list[Path], d: str, e: os.PathLike, f: Annotated[Path, "x"], g=1) -> dict[str, Path]:
    """Say what it does.

    And more."""
    return {}


def unresolvable(a: "NowhereToBeFound", b: "UPath | None", c: "Pathway"):  # noqa: F821
    return None


def test_the_code_of_a_function_in_a_file():
    code = code_of(plain, kind="task")
    assert code.kind == "task"
    assert code.key.endswith("test_function_code.py::plain")
    assert code.source.startswith("def plain(")
    assert code.description == "Say what it does."


def test_wrappers_partials_and_methods_are_the_function_inside():
    @wraps(plain)
    def wrapped(*args, **kwargs):
        return plain(*args, **kwargs)

    class Lab:
        def measure(self, p: Path):
            return p

    assert code_of(wrapped, kind="task") == code_of(partial(plain, g=2), kind="task") == code_of(plain, kind="task")
    assert code_of(Lab().measure, kind="task").key.endswith("::test_wrappers_partials_and_methods_are_the_function_inside.Lab.measure")
    assert path_parameters(Lab().measure) == {"p"}


def test_annotations_that_speak_of_paths():
    assert path_parameters(plain) == {"a", "b", "c", "e", "f", "return"}
    assert path_parameters(unresolvable) == {"b"}


def test_code_without_source_is_told_apart_by_its_byte_code():
    made = []
    for text in ("return x in {'a', 'b', 'c'}", "return x in {'a', 'b', 'c'}", "return x in {'a', 'b'}"):
        namespace = {"__name__": "lab"}
        exec(f"def made(x):\n    {text}\n", namespace)
        made.append(code_of(namespace["made"], kind="task"))
    assert made[0].hash == made[1].hash != made[2].hash
    assert (made[0].key, made[0].source) == ("lab::made", None)


@pytest.fixture
def repository(tmp_path):
    def git(*arguments):
        subprocess.run(["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e", *arguments], check=True, capture_output=True)

    git("init", "-b", "main")
    for name in ("committed.py", "unknown.py"):
        (tmp_path / name).write_text("def work():\n    return 1\n")
    git("add", "committed.py")
    git("commit", "-m", "one")
    return tmp_path


def test_a_commit_is_claimed_only_for_a_file_that_is_in_it(repository):
    codes = []
    for name in ("committed.py", "unknown.py"):
        namespace = {"__name__": "m"}
        exec(compile((repository / name).read_text(), str(repository / name), "exec"), namespace)
        codes.append(code_of(namespace["work"], kind="task"))
    assert [c.key for c in codes] == ["committed.py::work", "unknown.py::work"]
    assert len(codes[0].version) == 40
    assert codes[1].version is None
    assert codes[0].reference == f"file://{repository}"
