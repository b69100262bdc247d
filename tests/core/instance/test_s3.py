"""An instance whose bytes lie on S3 behaves like one on a local disk: on two servers, over the wire."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from upath import UPath

import lignin as ln
from lignin.base.content import hash_path
from lignin.base.errors import (
    BytesGone,
    ContentChanged,
    MissingExtra,
    NotFound,
    StorageError,
    UsageError,
)
from lignin.instance import remote_source, save_artifact
from lignin.instance.locate import locate
from lignin.storage import Root, cache_folder


@pytest.fixture
def bucket(s3_root):
    """Where a test may put objects of its own, outside of the storage."""
    root = Root.parse(s3_root)
    return Root(url=root.url.removesuffix("/team/data"), endpoint=root.endpoint)


def upload(root, name, data):
    path = root.path(name)
    path.write_bytes(data)
    return path


def test_a_file_is_saved_cached_and_loaded(s3_instance, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    artifact = ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    assert str(artifact.path).startswith("s3://")
    assert artifact.path.read_text() == "hello"
    got = ln.Artifact.get(key="a.txt")
    assert got.load() == "hello"
    assert got.cache().is_relative_to(cache_folder())
    with got.open() as stream:
        assert stream.read() == "hello"
    assert got.hash == hash_path(tmp_path / "a.txt").id


def test_new_content_is_a_new_version_and_both_can_be_read(s3_instance, tmp_path):
    for text in ("one", "two"):
        (tmp_path / "a.txt").write_text(text)
        ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    latest = ln.Artifact.get(key="a.txt", is_latest=True)
    assert [a.load() for a in latest.versions] == ["two", "one"]


def test_a_folder_and_a_frame_come_back(s3_instance, tmp_path):
    (tmp_path / "f" / "deep").mkdir(parents=True)
    (tmp_path / "f" / "deep" / "x").write_text("1")
    folder = ln.Artifact(tmp_path / "f", key="f").save()
    assert hash_path(folder.cache()).id == folder.hash
    frame = pd.DataFrame({"x": [1, 2, 3]})
    table = ln.Artifact.from_dataframe(frame, key="t.parquet").save()
    assert table.load().equals(frame)
    assert table.open().count_rows() == 3
    text = ln.Artifact.from_dataframe(frame, key="t.tsv").save()
    assert text.open().to_table().num_rows == 3


def test_deleting_for_good_takes_the_bytes(s3_instance, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    artifact = ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    path = artifact.path
    assert path.exists()
    artifact.delete(permanent=True)
    assert not path.exists()


def test_a_folder_of_which_a_part_was_deleted_meanwhile_is_stored_again(s3_instance, tmp_path, monkeypatch):
    """As another process does that deletes a record of the same content."""
    folder = tmp_path / "many"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_text(name)
    store, turns = save_artifact._store_bytes, []

    def then_lose(plans):
        store(plans)
        turns.append(1)
        if len(turns) == 1:
            (object_,) = (path for path in locate(plans[0].storage, plans[0].relpath).rglob("b") if path.is_file())
            object_.unlink()

    monkeypatch.setattr(save_artifact, "_store_bytes", then_lose)
    artifact = ln.Artifact(folder, key="many").save()
    assert len(turns) == 2
    assert sorted(path.name for path in artifact.cache(verify=True).iterdir()) == ["a", "b", "c"]


def test_bytes_that_went_are_a_clear_error(s3_instance, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    artifact = ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    artifact.path.unlink()
    for read in (artifact.cache, artifact.load, artifact.open):
        with pytest.raises(BytesGone, match=r"a\.txt"):
            read()


def test_bytes_that_somebody_changed_are_never_served(s3_instance, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    artifact = ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    artifact.path.write_bytes(b"HELLO")
    with pytest.raises(ContentChanged):
        artifact.load()
    with pytest.raises(ContentChanged):
        artifact.open(verify=True)


def test_the_catalogue_holds_the_server_and_no_key(s3_instance, s3_root):
    storage = s3_instance.storage
    root = Root.parse(s3_root)
    assert (storage.root, storage.host, storage.type) == (root.url, root.endpoint, "s3")
    config = (s3_instance.config.home / "instance.toml").read_text()
    assert s3_root in config
    for path in s3_instance.config.home.rglob("*"):
        if path.is_file():
            assert os.environ["AWS_SECRET_ACCESS_KEY"].encode() not in path.read_bytes(), path


def test_a_second_storage_on_s3_beside_a_local_one(sqlite_instance, s3_root, tmp_path):
    storage = ln.Storage(s3_root).save()
    (tmp_path / "a.txt").write_text("hello")
    there = ln.Artifact(tmp_path / "a.txt", key="there.txt", storage=storage).save()
    here = ln.Artifact(tmp_path / "a.txt", key="here.txt").save()
    assert str(there.path).startswith(storage.root + "/.lignin/")
    assert here.cache() == here.path
    assert ln.Artifact.get(key="there.txt").load() == here.load() == "hello"


def test_what_lies_in_a_storage_is_registered_in_place(s3_instance, s3_root):
    path = upload(Root.parse(s3_root), "raw/a.txt", b"hello")
    for given in (str(path), path):
        artifact = ln.Artifact(given, key="raw/a.txt").save()
    assert (artifact.storage_id, artifact.relpath) == (s3_instance.storage.id, "raw/a.txt")
    assert str(artifact.path) == str(path)
    assert artifact.load() == "hello"
    assert ln.Artifact.filter(key="raw/a.txt").count() == 1
    artifact.delete(permanent=True)
    assert path.exists()


def test_what_lies_elsewhere_on_s3_is_registered_at_a_location(sqlite_instance, bucket):
    path = upload(bucket, "x/a.txt", b"hello")
    artifact = ln.Artifact(f"{path}?endpoint_url={bucket.endpoint}", key="a.txt").save()
    assert artifact.hash.startswith("b3:")
    assert (artifact.storage.root, artifact.storage.role, artifact.storage.host) == (bucket.url, "location", bucket.endpoint)
    assert artifact.relpath == "x/a.txt"
    assert artifact.load() == "hello"
    again = ln.Artifact(UPath(path), key="b.txt").save()
    assert again.storage_id == artifact.storage_id


def test_a_prefix_is_registered_as_a_folder(sqlite_instance, bucket):
    for name in ("a", "deep/b"):
        upload(bucket, f"folder/{name}", name.encode())
    artifact = ln.Artifact(bucket.path("folder"), key="folder").save()
    assert (artifact.n_files, artifact.size) == (2, 7)
    assert hash_path(artifact.cache()).id == artifact.hash


def test_large_objects_keep_the_checksum_of_their_store(sqlite_instance, bucket, monkeypatch):
    monkeypatch.setattr(remote_source, "READ_UP_TO", 4)
    path = upload(bucket, "a.txt", b"hello")
    artifact = ln.Artifact(path, key="a.txt").save()
    assert artifact.hash == "etag:5d41402abc4b2a76b9719d911017c592"
    assert artifact.load() == "hello"
    with artifact.open() as stream:
        assert stream.read() == "hello"
    read = ln.Artifact(path, key="read.txt", read=True).save()
    assert read.hash.startswith("b3:")
    upload(bucket, "folder/b", b"hello")
    assert ln.Artifact(bucket.path("folder"), key="folder").save().hash.startswith("etagd:")
    upload(bucket, "a.txt", b"HELLO")
    with pytest.raises(ContentChanged):
        artifact.cache(verify=True)
    with pytest.raises(ContentChanged):
        read.open()


def test_an_object_that_changes_before_the_save_is_refused(sqlite_instance, bucket):
    path = upload(bucket, "a.txt", b"hello")
    artifact = ln.Artifact(path, key="a.txt")
    upload(bucket, "a.txt", b"HELLO!")
    with pytest.raises(ContentChanged, match="Nothing was stored"):
        artifact.save()
    assert ln.Artifact.filter(key="a.txt").count() == 0


def test_an_overwritten_object_is_a_new_version_and_the_old_one_is_gone(sqlite_instance, bucket):
    for data in (b"one", b"three"):
        path = upload(bucket, "a.txt", data)
        ln.Artifact(path, key="a.txt").save()
    new, old = ln.Artifact.get(key="a.txt", is_latest=True).versions
    assert new.load() == "three"
    with pytest.raises(BytesGone):
        old.load()


def test_what_makes_no_artifact_is_refused(s3_instance, s3_root, bucket, tmp_path):
    with pytest.raises(NotFound, match="nothing at"):
        ln.Artifact(bucket.path("nothing.txt"), key="nothing.txt")
    with pytest.raises(UsageError, match="neither on a local disk"):
        ln.Artifact("az://bucket/x.txt", key="x.txt")
    (tmp_path / "a.txt").write_text("hello")
    kept = ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    with pytest.raises(UsageError, match="Lignin keeps"):
        ln.Artifact(kept.path, key="b.txt").save()
    with pytest.raises(UsageError, match="registered where it lies"):
        upload(bucket, "x.txt", b"x")
        ln.Artifact(bucket.path("x.txt"), key="x.txt", storage=s3_instance.storage).save()


def test_a_bucket_that_cannot_be_written_makes_no_instance(s3_root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = s3_root.replace("/team", "-no-such/team", 1)
    with pytest.raises(StorageError, match="no bucket"):
        ln.init(tmp_path, storage=wrong)
    assert not (tmp_path / ".lignin").exists()


def test_an_instance_on_s3_is_opened_again_with_the_same_storage(s3_instance, s3_root):
    again = ln.init(s3_instance.config.folder, storage=s3_root)
    assert again.storage.id == s3_instance.storage.id
    with pytest.raises(UsageError, match="whose storage is"):
        ln.init(s3_instance.config.folder, storage="elsewhere")
    again.close()


def test_an_upload_that_is_killed_leaves_nothing_half_visible(s3_instance, tmp_path):
    (tmp_path / "a.bin").write_bytes(os.urandom(18_000_000))
    code = "import sys, lignin as ln; a = ln.Artifact(sys.argv[1], key='a.bin'); print(1, flush=True); a.save()"
    for moment in (0.05, 0.2, 0.5):
        process = subprocess.Popen([sys.executable, "-c", code, tmp_path / "a.bin"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        for artifact in ln.Artifact.filter(key="a.bin"):
            assert hash_path(artifact.cache(verify=True)).id == artifact.hash
    saved = ln.Artifact(tmp_path / "a.bin", key="a.bin").save()
    assert hash_path(saved.cache()).id == saved.hash
    assert ln.Artifact.filter(key="a.bin").count() == 1


def test_verifying_reads_every_byte_of_what_is_local_too(sqlite_instance, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    artifact = ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    assert artifact.load(verify=True) == "hello"
    Path(artifact.path).write_text("HELLO")
    for read in (artifact.load, artifact.open, artifact.cache):
        with pytest.raises(ContentChanged, match="somebody changed"):
            read(verify=True)


def test_without_the_extra_the_message_says_how_to_get_it(s3_instance, tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("hello")
    artifact = ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtra, match=r"lignin\[s3\]"):
        artifact.cache()
