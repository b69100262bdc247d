"""Bytes reach their place whole, or not at all."""

import os
import signal
import subprocess
import sys
import time

import pytest
from upath import UPath

from lignin.base.content import hash_path
from lignin.base.errors import ContentChanged, StorageError, UsageError
from lignin.storage import as_path, put, remove


def folder_with_links(place):
    (place / "deep").mkdir(parents=True)
    (place / "a").write_text("1")
    (place / "deep" / "b").write_text("2")
    (place / "alias").symlink_to(place / "deep")
    (place / "deep" / "up").symlink_to("..")
    (place / "nowhere").symlink_to("gone")
    return place


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_file_is_copied_and_its_folders_are_made(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3_000_000))
    target = as_path(str(tmp_path), "store/ab/cd")
    put(source, target, expected=hash_path(source).id)
    assert target.read_bytes() == source.read_bytes()
    assert names(tmp_path / "store") == ["ab", "ab/cd"]


def test_a_folder_with_loops_and_links_is_copied_with_the_same_content(tmp_path):
    source = folder_with_links(tmp_path / "source")
    content = hash_path(source)
    target = as_path(str(tmp_path), "store/folder")
    put(source, target, expected=content.id)
    assert hash_path(tmp_path / "store" / "folder") == content
    assert (target / "alias" / "b").read_text() == "2"
    assert not os.readlink(tmp_path / "store/folder/alias").startswith("/")


def test_links_to_folders_outside_are_copied_as_folders(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_text("1")
    source = tmp_path / "source"
    source.mkdir()
    for name in ("l1", "l2"):
        (source / name).symlink_to(tmp_path / "outside")
    content = hash_path(source)
    put(source, as_path(str(tmp_path), "copy"), expected=content.id)
    assert hash_path(tmp_path / "copy") == content
    assert not (tmp_path / "copy" / "l1").is_symlink()


def test_other_content_than_expected_stores_nothing(tmp_path):
    for source in (tmp_path / "file", folder_with_links(tmp_path / "folder")):
        if not source.exists():
            source.write_text("x")
        with pytest.raises(ContentChanged, match="Nothing was stored"):
            put(source, as_path(str(tmp_path), "store/x"), expected="b3:0")
    assert names(tmp_path / "store") == []


def test_what_lies_there_with_the_same_content_stays_untouched(tmp_path):
    source, target = tmp_path / "source", tmp_path / "store" / "x"
    source.write_text("same")
    put(source, UPath(target), expected=hash_path(source).id)
    before = target.stat()
    put(source, UPath(target), expected=hash_path(source).id)
    assert target.stat().st_ino == before.st_ino


def test_something_else_that_lies_there_is_replaced(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_text("new")
    folder_with_links(target)
    put(source, UPath(target), expected=hash_path(source).id)
    assert target.read_text() == "new"


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path):
    source = tmp_path / "source"
    source.write_text("x")
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(StorageError, match="Nothing was stored"):
        put(source, UPath(tmp_path / "file" / "below"), expected=hash_path(source).id)


def test_only_stores_that_we_know(tmp_path):
    with pytest.raises(UsageError, match="neither on a local disk, S3 or GCS"):
        put(tmp_path, UPath("memory://x"), expected="")


def test_removing_removes_a_file_a_folder_or_nothing(tmp_path):
    (tmp_path / "file").write_text("x")
    folder_with_links(tmp_path / "folder")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "kept").mkdir()
    for name in ("file", "folder", "link", "nothing"):
        remove(UPath(tmp_path / name))
    assert names(tmp_path) == ["home", "kept"]


def test_a_copy_that_is_killed_leaves_nothing_under_the_final_name(tmp_path):
    source = tmp_path / "source"
    with source.open("wb") as stream:
        stream.truncate(120_000_000)
    expected = hash_path(source).id
    code = "import sys; from pathlib import Path; from lignin.storage import as_path, put; print(1, flush=True); put(Path(sys.argv[1]), as_path(sys.argv[2], 'x'), expected=sys.argv[3])"
    store = tmp_path / "store"
    for moment in (0.01, 0.05, 0.1):
        process = subprocess.Popen([sys.executable, "-c", code, source, store, expected], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert not (store / "x").exists() or hash_path(store / "x").id == expected
    put(source, UPath(store / "x"), expected=expected)
    assert hash_path(store / "x").id == expected


def test_a_folder_that_another_writer_has_stored_meanwhile_stays_whole(tmp_path, monkeypatch):
    source = folder_with_links(tmp_path / "source")
    target = as_path(str(tmp_path), "store/folder")
    module = sys.modules["lignin.storage.local"]
    copy, first = module._copy_folder, []

    def copy_and_lose(source, draft):
        content = copy(source, draft)
        if not first:
            first.append(None)
            put(source, target, expected=content.id)
            first[0] = (tmp_path / "store/folder").stat().st_ino
        return content

    monkeypatch.setattr(module, "_copy_folder", copy_and_lose)
    put(source, target, expected=hash_path(source).id)
    assert (tmp_path / "store/folder").stat().st_ino == first[0]
    assert hash_path(tmp_path / "store/folder") == hash_path(source)
    assert not list((tmp_path / "store").glob(".*.part"))


@pytest.mark.parametrize(("old", "new"), [("folder", "folder"), ("file", "folder"), ("folder", "file"), ("file", "file")])
def test_what_is_not_the_same_is_replaced(tmp_path, old, new):
    def make(kind, path, text):
        if kind == "folder":
            path.mkdir(parents=True)
            path = path / "inner"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    make(old, tmp_path / "store" / "x", "damaged")
    make(new, tmp_path / "source", "right")
    content = hash_path(tmp_path / "source")
    put(tmp_path / "source", as_path(str(tmp_path), "store/x"), expected=content.id)
    assert hash_path(tmp_path / "store/x") == content
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["x"]
