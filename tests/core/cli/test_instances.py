"""`init`, `connect`, `disconnect`, `info`, `migrate`, `doctor`."""

import contextlib
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from lignin.base import ports
from lignin.base.settings import user_settings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder without an instance, and nothing open."""
    place = tmp_path / "empty"
    place.mkdir()
    monkeypatch.chdir(place)
    yield place
    ports.use("lignin.instance", None)


def verdicts(said):
    return {check["check"]: check["verdict"] for check in said.json}


def test_init_makes_an_instance_and_again_leaves_it(folder, lignin):
    said = lignin("init", "--storage", "data", "--name", "mine")
    assert "instance 'mine'" in said.err
    assert f"→ storage: {folder}/data" in said.err
    uid = lignin("info", "--json").json["uid"]
    lignin("init")
    assert lignin("info", "--json").json["uid"] == uid
    assert "already holds" in lignin("init", "--name", "other", code=2).err


def test_init_refuses_what_it_can_not_do(folder, lignin):
    lignin("init", "--storage", "ftp://bucket/x", code=2)
    lignin("init", "--db", "nonsense", code=None)
    assert lignin("init", "--db", "postgresql://user:secret@127.0.0.1:1/x", code=1).err.count("secret") == 0
    assert not (folder / ".lignin" / "instance.toml").exists()


def test_connect_makes_a_folder_the_default_and_disconnect_forgets_it(folder, lignin, tmp_path, monkeypatch):
    lignin("init")
    (folder / "below").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    ports.use("lignin.instance", None)
    lignin("info", code=1)
    lignin("connect", folder / "below", "--here")
    assert "default" not in user_settings()
    lignin("connect", folder / "below")
    ports.use("lignin.instance", None)
    facts = lignin("info", "--json").json
    assert (facts["folder"], facts["found"]) == (str(folder), "default")
    lignin("disconnect")
    lignin("info", code=1)
    assert "no instance was" in lignin("disconnect").err


def test_connect_says_that_a_nearer_instance_goes_first(folder, lignin, tmp_path, monkeypatch):
    lignin("init", "--name", "first")
    second = tmp_path / "second"
    second.mkdir()
    monkeypatch.chdir(second)
    ports.use("lignin.instance", None)
    lignin("init", "--name", "second")
    assert "'second' in" in lignin("connect", folder).err


def test_connect_does_not_take_the_default_for_a_folder_without_one(folder, lignin, tmp_path):
    lignin("init")
    lignin("connect")
    bare = tmp_path / "bare"
    bare.mkdir()
    assert "no instance in" in lignin("connect", bare, code=1).err


def test_a_shared_database_is_connected_from_another_folder(folder, lignin, postgres_url, tmp_path, monkeypatch):
    said = lignin("connect", postgres_url, code=1)
    assert "no Lignin catalogue" in said.err
    lignin("init", "--db", postgres_url)
    uid = lignin("info", "--json").json["uid"]
    Path("a.txt").write_text("a")
    lignin("save", "a.txt", "--key", "a.txt")
    second = tmp_path / "second"
    second.mkdir()
    monkeypatch.chdir(second)
    ports.current().close()
    ports.use("lignin.instance", None)
    lignin("connect", postgres_url)
    facts = lignin("info", "--json").json
    assert (facts["uid"], facts["folder"], facts["storage"]) == (uid, str(second), f"{folder}/.lignin/storage")
    assert Path(lignin("load", "a.txt").out.strip()).read_text() == "a"
    assert verdicts(lignin("doctor", "--json"))["server clock"] == "good"
    lignin("connect", postgres_url + "x", code=2)
    ports.current().close()


def test_info_names_what_is_used_here(sqlite_instance, lignin, monkeypatch):
    said = lignin("info")
    assert "folder:" in said.out
    facts = lignin("info", "--json").json
    assert list(facts) == ["name", "uid", "folder", "found", "db", "schema", "storage", "user", "artifacts", "runs", "waiting_spools", "run", "lignin"]
    assert (facts["name"], facts["found"], facts["run"]) == ("test", "working directory", None)


def test_migrating_what_is_up_to_date_changes_nothing(sqlite_instance, lignin):
    assert "is at schema" in lignin("migrate").err


def test_a_newer_database_is_refused_and_the_doctor_says_so(sqlite_instance, lignin):
    with sqlite_instance.database.engine.execution_options(lignin_write=True).begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    ports.use("lignin.instance", None)
    assert "newer Lignin" in lignin("list", "run", code=1).err
    assert "newer Lignin" in lignin("migrate", code=1).err
    assert verdicts(lignin("doctor", "--json", code=1))["database"] == "wrong"


def test_the_doctor_finds_a_healthy_instance_healthy(sqlite_instance, lignin):
    said = lignin("doctor")
    assert "✗" not in said.out
    assert "is in WAL mode" in said.out
    found = verdicts(lignin("doctor", "--json"))
    assert {found[name] for name in ("python", "instance", "database", "journal", "storage", "spools", "clock", "plug-in snakemake", "plug-in prefect")} == {"good"}
    assert {name for name in found if name.startswith("extra ")} == {"extra anndata", "extra postgres", "extra prefect", "extra s3", "extra snakemake"}


def test_the_doctor_says_what_is_wrong_and_what_to_do(saved, sqlite_instance, lignin):
    saved("a.txt", "a")
    home = sqlite_instance.config.home
    (home / "spool").mkdir(exist_ok=True)
    (home / "spool" / "x.jsonl").touch()
    shutil.move(home / "storage", home / "moved")
    said = lignin("doctor", code=1)
    assert "1 artifacts lie in it" in said.out
    assert "lignin ingest --all" in said.out
    sqlite_instance.close()
    (home / "lignin.db").unlink()
    assert verdicts(lignin("doctor", "--json", code=1))["database"] == "wrong"


def on_terminal(environment):
    """What `lignin doctor` writes to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "lignin", "doctor"], env=environment, stdout=theirs)
    os.close(theirs)
    written = b""
    # At the end, Linux says that the terminal is gone; other systems give nothing.
    with contextlib.suppress(OSError):
        while chunk := os.read(ours, 4096):
            written += chunk
    os.close(ours)
    assert process.wait() == 0
    return written


def test_no_colour_is_no_colour_on_a_terminal_too(sqlite_instance, process_environment):
    process_environment.pop("NO_COLOR", None)
    assert b"\x1b[32m" in on_terminal(process_environment)
    assert b"\x1b[" not in on_terminal(process_environment | {"NO_COLOR": "1"})


def test_the_doctor_works_without_an_instance(folder, lignin):
    assert verdicts(lignin("doctor", "--json", code=1))["instance"] == "wrong"


def test_an_instance_on_s3_from_the_command_line(folder, lignin, s3_root):
    assert s3_root in lignin("init", "--storage", s3_root).err
    Path("a.txt").write_text("hello")
    uid = lignin("save", "a.txt", "--key", "a.txt").out.strip()
    assert Path(lignin("load", uid).out.strip()).read_text() == "hello"
    assert verdicts(lignin("doctor", "--json"))["storage"] == "good"
    ports.current().close()
