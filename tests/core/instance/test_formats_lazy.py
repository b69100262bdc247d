"""Bytes written straight into storage become an artifact when they are whole, and are nothing before."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import zarr

import lignin as ln
from lignin.base.content import hash_path
from lignin.base.errors import ContentChanged, LigninError, NotFound, StorageError
from lignin.instance.fsck import examine, repair
from lignin.storage import Root

NEVER, ALWAYS = timedelta(hours=1), timedelta(seconds=-5)


def write(lazy):
    zarr.open_group(lazy.store, mode="w").create_array("x", data=np.arange(12).reshape(3, 4), chunks=(1, 4))


def drafts(instance, *, grace=ALWAYS):
    return [finding for finding in examine(instance, grace=grace).findings if finding.kind == "draft"]


def test_a_store_is_written_into_storage_and_recorded_with_the_hash_of_its_manifest(sqlite_instance, tmp_path):
    with ln.Artifact.from_lazy(key="x.zarr", description="made slowly") as lazy:
        write(lazy)
        assert lazy.path.is_relative_to(sqlite_instance.storage.root)
        inode = (lazy.path / "zarr.json").stat().st_ino
        assert ln.Artifact.all().count() == 0
    artifact = ln.Artifact.get(key="x.zarr")
    assert artifact == lazy.artifact
    assert artifact.hash == hash_path(artifact.path).id
    assert artifact.hash.startswith("b3d:")
    # Moved, not copied.
    assert (artifact.path / "zarr.json").stat().st_ino == inode
    assert artifact.open()["x"][1].tolist() == [4, 5, 6, 7]
    assert not lazy.path.exists()
    assert examine(sqlite_instance, rehash=100, grace=ALWAYS).findings == ()


def test_it_is_saved_by_hand_too_and_twice_is_once(sqlite_instance):
    for _ in range(2):
        lazy = ln.Artifact.from_lazy(".zarr", key="x.zarr")
        write(lazy)
        artifact = lazy.save()
        assert lazy.save() == artifact
    assert ln.Artifact.all().count() == 1
    assert artifact.load()["x"].shape == (3, 4)
    assert drafts(sqlite_instance) == []


def test_any_file_can_be_written_so(sqlite_instance):
    with ln.Artifact.from_lazy(key="t.parquet") as lazy:
        pl.DataFrame({"x": [1]}).write_parquet(lazy.path)
    assert lazy.artifact.otype == "DataFrame"
    assert lazy.artifact.hash.startswith("b3:")
    with ln.Artifact.from_lazy(".txt") as nameless:
        nameless.path.write_text("a")
    assert nameless.artifact.key is None
    assert nameless.artifact.load() == "a"


def test_a_block_that_fails_leaves_nothing(sqlite_instance):
    def fail():
        with ln.Artifact.from_lazy(key="x.zarr") as lazy:
            write(lazy)
            raise OSError("the detector broke")

    with pytest.raises(OSError, match="detector"):
        fail()
    assert ln.Artifact.all().count() == 0
    assert drafts(sqlite_instance) == []


def test_nothing_written_is_told_and_wrong_names_are_refused(sqlite_instance):
    with pytest.raises(NotFound), ln.Artifact.from_lazy(key="x.zarr"):
        pass
    for options in ({"suffix": ".csv", "key": "x.zarr"}, {"suffix": "/../x"}, {"key": "../x.zarr"}, {"key": "x.zarr", "storage": "there"}):
        with pytest.raises(LigninError):
            ln.Artifact.from_lazy(**options)


def test_what_is_written_while_it_is_saved_is_not_claimed(sqlite_instance, monkeypatch):
    lazy = ln.Artifact.from_lazy(key="x.zarr")
    write(lazy)
    artifact = ln.Artifact(lazy.path, key="x.zarr", storage=sqlite_instance.storage, _format={"lazy": True})
    (lazy.path / "late").write_text("more")
    with pytest.raises(ContentChanged):
        artifact.save()
    assert ln.Artifact.all().count() == 0
    assert lazy.save().n_files == artifact.n_files + 1


KILLED = """
import os, signal, sys
import lignin as ln
lazy = ln.Artifact.from_lazy(key="x.zarr")
lazy.path.mkdir()
(lazy.path / "zarr.json").write_text("{}")
print(lazy.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_leaves_is_visible_to_nobody_and_fsck_names_it(sqlite_instance):
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = Path(done.stdout.strip())
    assert left.exists()
    assert ln.Artifact.all().count() == 0
    assert drafts(sqlite_instance, grace=NEVER) == []
    (found,) = drafts(sqlite_instance)
    assert found.subject == str(left.parent)
    assert repair(sqlite_instance, examine(sqlite_instance, grace=ALWAYS)).left == ()
    assert not left.exists()
    assert drafts(sqlite_instance) == []


def test_a_store_is_written_to_s3_and_recorded_there(s3_instance, s3_root):
    with ln.Artifact.from_lazy(key="x.zarr") as lazy:
        write(lazy)
        assert [f.subject for f in drafts(s3_instance)] == [str(lazy.path.parent)]
        assert drafts(s3_instance, grace=NEVER) == []
        assert repair(s3_instance, examine(s3_instance, grace=ALWAYS)).left != ()
    artifact = ln.Artifact.get(key="x.zarr")
    assert str(artifact.path).startswith(Root.parse(s3_root).url)
    assert artifact.hash == hash_path(artifact.cache()).id
    assert artifact.open()["x"][2].tolist() == [8, 9, 10, 11]
    assert drafts(s3_instance) == []
    assert not lazy.path.exists()
    again = ln.Artifact.from_lazy(key="x.zarr")
    write(again)
    assert again.save() == artifact
    with pytest.raises(RuntimeError), ln.Artifact.from_lazy(key="y.zarr") as failed:
        write(failed)
        raise RuntimeError
    assert not failed.path.exists()
    with pytest.raises((NotFound, StorageError)):
        ln.Artifact.from_lazy(key="z.zarr").save()
    assert ln.Artifact.all().count() == 1
