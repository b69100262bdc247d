"""Making and opening instances: in folders of any name, and where none can be."""

from pathlib import Path

import pytest

import lignin as ln
from lignin.base.errors import StorageError, UsageError


@pytest.mark.parametrize("name", ["a?b", "a?mode=ro", "😀", "100%25", "x#y", "q'uo\"te", "del\x7f", "new\nline", "back\\slash", " "])
def test_an_instance_lives_in_a_folder_of_any_name(tmp_path, monkeypatch, name):
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = ln.init(folder)
    Path("a.txt").write_text("1")
    ln.Artifact("a.txt", key="a.txt").save()
    made.close()
    again = ln.connect()
    assert ln.Artifact.get(key="a.txt").load() == "1"
    assert again.config.name == name
    assert (folder / ".lignin/lignin.db").is_file()
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == [name]
    again.close()


def test_a_folder_whose_name_is_no_text_is_refused_before_anything_is_made(tmp_path):
    folder = tmp_path / "\udcfe"
    folder.mkdir()
    with pytest.raises(UsageError, match="UTF-8"):
        ln.init(folder)
    assert not list(folder.iterdir())


def test_where_no_folder_can_be_there_is_no_instance(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Choose a folder"):
        ln.init(tmp_path / "file")
