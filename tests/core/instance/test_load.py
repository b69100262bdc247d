"""What can't be read as what its name says is told so."""

from pathlib import Path

import pytest

import lignin as ln
from lignin.base.errors import FormatError


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.tsv", "a.h5ad", "a.json", "a.txt", "a.anndata.zarr"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00junk\x80"])
def test_a_file_that_is_not_what_its_suffix_says_is_an_error_of_ours(sqlite_instance, name, content):
    Path(name).write_bytes(content)
    artifact = ln.Artifact(name, key=name).save()
    if (name, content) == ("a.txt", b""):
        assert artifact.load() == ""
        return
    with pytest.raises(FormatError) as caught:
        artifact.load()
    assert Path(name).suffix in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [ln.Artifact.from_dataframe, ln.Artifact.from_anndata])
def test_a_path_that_holds_no_such_object_makes_no_artifact(sqlite_instance, make):
    name = "a.parquet" if make == ln.Artifact.from_dataframe else "a.h5ad"
    Path(name).write_bytes(b"junk")
    with pytest.raises(FormatError, match=name):
        make(name, key=name)


def test_a_path_that_cannot_be_one_is_an_error_of_ours(sqlite_instance):
    with pytest.raises(ln.errors.StorageError, match="can't read"):
        ln.Artifact("x" * 300)


def test_a_folder_may_have_any_name_and_its_key_too(instance):
    Path("run.results").mkdir()
    Path("run.results/a.txt").write_text("1")
    folder = ln.Artifact("run.results", key="run.results").save()
    assert (folder.suffix, folder.n_files) == ("", 1)
    folder.key = "old.results"
    folder.save()
    assert ln.Artifact.get(key="old.results") == folder
