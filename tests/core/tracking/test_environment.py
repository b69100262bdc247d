"""What a run ran in."""

import json
import sys
from pathlib import Path

import pytest

from lignin.tracking import environment
from lignin.tracking.environment import command_line, environment_text, machine


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["run.py", "--threads", "4"], "run.py --threads 4"),
        (["run.py", "a b", "it's"], "run.py 'a b' 'it'\"'\"'s'"),
        (["run.py", "--password", "a b", "x"], "run.py --password *** x"),
        (["run.py", "--api-key=abc"], "run.py '--api-key=***'"),
        (["run.py", "--token", "--verbose"], "run.py --token --verbose"),
        (["run.py", "db.password=abc"], "run.py 'db.password=***'"),
        (["run.py", "https://me:abc@host/x"], "run.py 'https://me:***@host/x'"),
        (["run.py", "\udcff\0"], "run.py '\\udcff\\0'"),
        ([], ""),
    ],
)
def test_the_command_line_is_that_of_a_shell_without_secrets(arguments, line):
    assert command_line(arguments) == line


def test_packages_are_lines_of_a_requirements_file():
    lines = environment_text().splitlines()
    assert lines[0].startswith("# cpython 3.")
    assert any(line.startswith("sqlalchemy==") for line in lines)
    assert lines[1:] == sorted(lines[1:], key=lambda line: line.partition("==")[0])


def test_a_package_from_a_url_says_so_without_its_token(tmp_path, monkeypatch):
    folder = tmp_path / "odd_name-1.2.dist-info"
    folder.mkdir()
    (folder / "direct_url.json").write_text(json.dumps({"url": "https://me:hunter2@host/x", "vcs_info": {"vcs": "git", "commit_id": "abc"}}))
    broken = tmp_path / "broken-1.dist-info"
    broken.mkdir()
    (broken / "direct_url.json").write_text("[]")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    environment_text.cache_clear()
    try:
        assert environment_text().splitlines()[1:] == ["broken==1  # from a URL that can't be read", "odd-name==1.2  # https://me:***@host/x@abc"]
    finally:
        environment_text.cache_clear()


def test_the_other_packages_of_a_conda_environment_are_named_too(tmp_path, monkeypatch):
    (tmp_path / "conda-meta").mkdir()
    for name in ("samtools-1.21-h50ea8bc_0.json", "r-base-4.4.1-hc2d7a3b_0.json", "history"):
        (tmp_path / "conda-meta" / name).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    environment_text.cache_clear()
    try:
        assert environment_text().splitlines()[-2:] == ["# conda: r-base=4.4.1=hc2d7a3b_0", "# conda: samtools=1.21=h50ea8bc_0"]
    finally:
        environment_text.cache_clear()


@pytest.mark.parametrize("place", [".", "analysis/deep"])
def test_a_file_of_the_project_that_names_an_environment_is_told_apart_from_a_lock(tmp_path, monkeypatch, place):
    project = tmp_path / "project"
    (project / "analysis" / "deep").mkdir(parents=True)
    (project / ".git").mkdir()
    (project / "conda-lock.yml").write_text("version: 1\n")
    # Above the repository nothing is meant.
    (tmp_path / "uv.lock").write_text("version = 1\n")
    monkeypatch.chdir(project / place)
    environment._system.cache_clear()
    try:
        facts = machine()
    finally:
        environment._system.cache_clear()
    assert facts["declared"]["path"] == str(project / "conda-lock.yml")
    assert "lock" not in facts


@pytest.mark.parametrize(("prefix", "lock"), [(".venv", "uv.lock"), (".venv", "poetry.lock"), (".pixi/envs/default", "pixi.lock")])
def test_the_lock_file_of_the_project_is_named_with_its_content(tmp_path, monkeypatch, prefix, lock):
    (tmp_path / prefix).mkdir(parents=True)
    (tmp_path / lock).write_text("version = 1\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / prefix))
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "rnaseq")
    environment._system.cache_clear()
    try:
        facts = machine()
    finally:
        environment._system.cache_clear()
    assert facts["lock"]["path"] == str(tmp_path / lock)
    assert facts["lock"]["content"].startswith("b3:")
    assert facts["conda"] == "rnaseq"
    assert facts["folder"] == str(Path.cwd())
    assert json.loads(json.dumps(facts)) == facts
