"""From `redun run` to the catalogue: at the end of the process, by `lignin import`, and from PostgreSQL."""

import os
import subprocess
import sys

import pytest

from lignin.model import Artifact, Run
from lignin.recording import RunKey

_SMALL = """
from redun import File, script, task
redun_namespace = "small"

@task()
def make(n: int) -> File:
    file = File(f"{n}.txt")
    file.write(str(n))
    return file

@task(executor="process")
def copy(f: File) -> File:
    result = File(f.path + ".copy")
    result.write(f.read())
    return result

@task()
def shell(f: File) -> File:
    return script("cat in > out", inputs=[f.stage("in")], outputs=File("script.txt").stage("out"))

@task()
def main() -> list:
    return [copy(make(1)), shell(make(2))]
"""


@pytest.fixture
def small(redun):
    (redun.folder / "small.py").write_text(_SMALL)
    return redun


def _lignin(small, *words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "lignin", *words], cwd=small.folder, env=small.environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr + done.stdout


def test_a_run_is_in_the_catalogue_when_its_process_has_ended(small, sqlite_instance, monkeypatch):
    small.environment.pop("LIGNIN_SPOOL")
    small.environment["LIGNIN_INSTANCE"] = os.getcwd()
    done = small.run("small.py", "main")
    assert done.code == 0, done.output
    assert "→ lignin: recorded 6 runs" in done.output
    runs = {run.name: run for run in sqlite_instance.query(Run)}
    assert {run.status for run in sqlite_instance.query(Run)} == {"completed"}
    before = len(sqlite_instance.query(Run)), len(sqlite_instance.query(Artifact))
    made = {artifact.key.rpartition("/")[2] for artifact in sqlite_instance.query(Artifact)}
    assert made == {"1.txt", "1.txt.copy", "2.txt", "script.txt"}
    assert runs["small.main"].params == {}
    assert "new in the catalogue: 0 runs, 0 artifacts" in _lignin(small, "import", "redun")
    for note in sqlite_instance.config.spool.glob("redun-executions/*"):
        # As if another machine had run it.
        note.unlink()
    assert "new in the catalogue: 0 runs, 0 artifacts" in _lignin(small, "import", "redun", ".redun/redun.db")
    assert (len(sqlite_instance.query(Run)), len(sqlite_instance.query(Artifact))) == before


def test_what_ran_without_lignin_is_imported(small, sqlite_instance):
    small.environment.pop("LIGNIN_SPOOL")
    small.environment["LIGNIN_INSTANCE"] = os.getcwd()
    small.configure(observed=False)
    assert small.run("small.py", "main").code == 0
    assert "new in the catalogue: 6 runs, 4 artifacts" in _lignin(small, "import", "redun")
    assert all(artifact.hash for artifact in sqlite_instance.query(Artifact))


def test_a_database_that_is_not_there_is_no_new_one(small):
    done = small.read("sqlite:///nowhere.db")
    assert done.code == 1
    assert "there is no redun database sqlite:///nowhere.db" in done.output
    assert not (small.folder / "nowhere.db").exists()


def test_postgresql_is_told_as_sqlite_is(small, postgres_url):
    uri = postgres_url.replace("postgresql://", "postgresql+psycopg://", 1)
    small.configure(db_uri=uri, more="[lignin]\nquiet = yes\n")
    assert small.redun("db", "upgrade").code == 0
    done = small.run("small.py", "main")
    assert done.code == 0, done.output
    assert len(done.starts("small.make")) == 2
    assert done.start("small.main").code.reference.startswith("postgresql://")
    read = small.read()
    assert read.code == 0, read.output
    assert {run: read.status(run) for run in read.story.started} == {run: done.status(run) for run in done.story.started}
    claims = [{(c.run, c.written, c.role, c.ref.uri, c.ref.mtime_ns) for c in outcome.story.claims} for outcome in (done, read)]
    assert claims[0] == claims[1]
    assert isinstance(done.executions[0].run, RunKey)
