"""A folder becomes one artifact per file, saved together."""

from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
import zarr

import lignin as ln
from lignin.base.errors import InvalidKey, LigninError, UsageError
from lignin.storage import Root


def fill(folder, *names):
    for name in names:
        (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
        (Path(folder) / name).write_text(f"content of {name}")


@pytest.fixture
def statements(instance):
    told = []
    sa.event.listen(instance.database.engine, "before_cursor_execute", lambda *args: told.append(args[2]))
    return told


@pytest.mark.parametrize("inside", [True, False], ids=["in place", "copied"])
def test_its_files_are_saved_together_and_in_a_constant_number_of_statements(instance, statements, tmp_path, inside):
    folder = Path(instance.storage.root) / "raw" if inside else tmp_path / "raw"
    counts = []
    for begin, end in ((0, 3), (3, 60)):
        fill(folder, *(f"s{n}/reads.fastq" for n in range(begin, end)))
        statements.clear()
        saved = ln.Artifact.from_dir(folder).save()
        counts.append(len(statements))
        assert [a.key for a in saved] == sorted(f"raw/s{n}/reads.fastq" for n in range(end))
    assert counts[1] <= counts[0] + 3
    assert {a.relpath.startswith(".lignin/") for a in saved} == {not inside}
    assert all(a.load().startswith("content of") for a in saved)
    assert ln.Artifact.all().count() == 60
    assert len({a.uid for a in ln.Artifact.from_dir(folder).save()} | {a.uid for a in saved}) == 60


def test_equal_files_are_all_kept(sqlite_instance):
    for name in ("d/a.txt", "d/b.txt"):
        Path("d").mkdir(exist_ok=True)
        Path(name).write_text("same")
    assert [a.key for a in ln.Artifact.from_dir("d", key="two/of", kind="dataset").save()] == ["two/of/a.txt", "two/of/b.txt"]
    assert ln.Artifact.filter(kind="dataset").count() == 2


def test_an_overwritten_file_is_told_of_as_gone(sqlite_instance):
    folder = Path(sqlite_instance.storage.root) / "raw"
    fill(folder, "a.txt", "b.txt")
    old = ln.Artifact.from_dir(folder).save()
    (folder / "a.txt").write_text("other")
    new = ln.Artifact.from_dir(folder).save()
    states = {(a.key, a.is_latest): a.state for a in ln.Artifact.all()}
    assert states == {("raw/a.txt", False): "gone", ("raw/a.txt", True): "stored", ("raw/b.txt", True): "stored"}
    assert new[1].uid == old[1].uid


def test_a_zarr_store_in_it_is_one_artifact_and_what_lignin_keeps_is_none(sqlite_instance):
    root = Path(sqlite_instance.storage.root)
    zarr.open_group(root / "x" / "a.zarr", mode="w").create_array("x", data=np.arange(2))
    fill(root, "x/b.txt")
    (root / "x" / "link").symlink_to("a.zarr")
    ln.Artifact.from_dir(root).save()
    assert [a.key for a in ln.Artifact.from_dir(root).save()] == ["x/a.zarr", "x/b.txt"]
    assert ln.Artifact.get(key="x/a.zarr").n_files > 1


@pytest.mark.parametrize("bad", ["missing", "file.txt", "empty", "names", "dangling"])
def test_what_can_not_be_is_refused_and_nothing_is_stored(sqlite_instance, bad):
    fill(".", "file.txt", "names/good.txt", "names/bad\nname", "names/worse\tname", "dangling/good.txt")
    Path("empty").mkdir()
    Path("dangling/link").symlink_to("nowhere")
    with pytest.raises(LigninError) as caught:
        ln.Artifact.from_dir(bad)
    if bad == "names":
        assert isinstance(caught.value, InvalidKey)
        assert "2 files" in str(caught.value)
    assert ln.Artifact.all().count() == 0
    with pytest.raises(UsageError):
        ln.Artifact.from_dir("names", key="../x")


def test_a_prefix_becomes_artifacts_where_it_lies(s3_instance, s3_root):
    root = Root.parse(s3_root)
    for place in (root.path("raw"), Root(url=root.url.removesuffix("/team/data"), endpoint=root.endpoint).path("outside")):
        for name in ("a.txt", "deep/b.txt", "c.zarr/zarr.json", "c.zarr/x/0"):
            (place / name).write_text(f"{{}} {name}")
    told = []
    sa.event.listen(s3_instance.database.engine, "before_cursor_execute", lambda *args: told.append(args[2]))
    for url, prefix in (("raw", "raw"), ("outside", "outside")):
        where = root.path(url) if url == "raw" else Root(url=root.url.removesuffix("/team/data"), endpoint=root.endpoint).path(url)
        saved = ln.Artifact.from_dir(where).save()
        assert [a.key for a in saved] == [f"{prefix}/a.txt", f"{prefix}/c.zarr", f"{prefix}/deep/b.txt"]
        assert not any(a.relpath.startswith(".lignin") for a in saved)
        assert saved[2].load().endswith("deep/b.txt")
        assert saved[1].n_files == 2
    assert len(told) < 80
