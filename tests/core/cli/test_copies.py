"""`lignin backup`, `lignin export`, `lignin import`."""

from pathlib import Path

import pytest

import lignin as ln


def test_a_backup_and_back(lignin, saved, tmp_path):
    saved("a.txt", "one")
    said = lignin("backup", tmp_path / "b.db")
    assert not said.out
    assert "wrote" in said.err
    assert "--force" in lignin("backup", tmp_path / "b.db", code=2).err
    ln.Artifact.get(key="a.txt").delete(permanent=True)
    saved("c.txt", "three")
    assert "not empty" in lignin("backup", "--restore", tmp_path / "b.db", code=2).err
    assert "1 artifacts" in lignin("backup", "--restore", "--force", tmp_path / "b.db").err
    assert [row["key"] for row in lignin("list", "artifact", "--json").json] == ["a.txt"]


def test_a_lost_catalogue_comes_back_from_its_backup(lignin, saved, sqlite_instance, tmp_path):
    uid = saved("a.txt", "one")
    lignin("backup", tmp_path / "b.db")
    sqlite_instance.close()
    for path in sqlite_instance.config.home.glob("lignin.db*"):
        path.unlink()
    assert "lignin backup --restore" in lignin("backup", tmp_path / "c.db", code=1).err
    lignin("backup", "--restore", tmp_path / "b.db")
    assert Path(lignin("load", uid).out.strip()).read_text() == "one"
    lignin("fsck", "--rehash", "100%")


@pytest.mark.parametrize("form", [("--format", "parquet"), ("--format=parquet",), ("parquet",)])
def test_an_export_and_back(lignin, saved, tmp_path, form):
    uid = saved("a.txt", "one")
    lignin("export", "--format", "parquet", tmp_path / "out")
    assert "not empty" in lignin("export", tmp_path / "out", "--format", "parquet", code=2).err
    assert "not empty" in lignin("import", *form, tmp_path / "out", code=2).err
    ln.Artifact.get(uid).delete()
    assert "1 artifacts" in lignin("import", *form, tmp_path / "out", "--force").err
    assert [row["uid"] for row in lignin("list", "artifact", "--json").json] == [uid]


def test_each_form_of_import_has_its_help(lignin, saved):
    assert "lignin import parquet [OPTIONS] DIR" in lignin("import", "parquet", "--help").out


def test_misuse_is_one_line(lignin, saved, tmp_path):
    for arguments in (("export", tmp_path / "x"), ("export", "--format", "xml", "x"), ("import", "nothing"), ("import", "--format", "parquet"), ("backup",)):
        said = lignin(*arguments, code=2)
        assert len(said.err.splitlines()) == 1, said.err
    for arguments in (("import", "parquet", tmp_path / "nothing"), ("backup", "--restore", __file__)):
        said = lignin(*arguments, code=1)
        assert len(said.err.splitlines()) == 1, said.err


def test_import_and_its_forms_take_debug(lignin, saved, tmp_path):
    assert "Traceback" in lignin("import", "parquet", tmp_path / "nothing", "--debug", code=1).err
