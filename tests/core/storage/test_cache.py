"""Copies are whole, never stale, shared by processes, and kept within a limit."""

import os
import subprocess
import sys
import time

import pytest

from lignin.base.content import hash_path
from lignin.base.errors import ContentChanged, StorageError, UsageError
from lignin.storage import Root, Wanted, as_path, cache_folder, cached, put
from lignin.storage.cache import evict


def a_file(place, *, size=1000):
    place.write_bytes(os.urandom(size))
    return as_path(str(place), ""), Wanted(content=hash_path(place).id, size=size, suffix=".bin")


def age(*places):
    for number, place in enumerate(places):
        os.utime(place, (time.time() - 3600 + number,) * 2)


def test_a_copy_is_made_once_and_named_by_its_content(tmp_path):
    source, wanted = a_file(tmp_path / "x")
    copy = cached(source, wanted)
    assert copy.is_relative_to(cache_folder())
    assert hash_path(copy).id == wanted.content
    (tmp_path / "x").unlink()
    assert cached(source, wanted) == copy
    assert not os.access(copy, os.W_OK) or os.getuid() == 0
    assert copy.stat().st_mode & 0o222 == 0


def test_a_folder_is_kept_as_one(tmp_path):
    (tmp_path / "f" / "deep").mkdir(parents=True)
    (tmp_path / "f" / "deep" / "x").write_text("1")
    content = hash_path(tmp_path / "f")
    copy = cached(as_path(str(tmp_path / "f"), ""), Wanted(content=content.id, size=1, suffix=".zarr"))
    assert hash_path(copy) == content


def test_other_bytes_leave_no_copy(tmp_path):
    source, wanted = a_file(tmp_path / "x")
    (tmp_path / "x").write_bytes(os.urandom(1000))
    with pytest.raises(ContentChanged):
        cached(source, wanted)
    assert [path for path in cache_folder().rglob("*") if path.is_file() and "locks" not in path.parts] == []


def test_verifying_finds_a_spoilt_copy_and_makes_it_anew(tmp_path):
    source, wanted = a_file(tmp_path / "x")
    copy = cached(source, wanted)
    copy.chmod(0o644)
    copy.write_bytes(os.urandom(1000))
    assert hash_path(cached(source, wanted)).id != wanted.content
    assert hash_path(cached(source, wanted, verify=True)).id == wanted.content


def test_a_copy_of_another_size_is_made_anew(tmp_path):
    source, wanted = a_file(tmp_path / "x")
    copy = cached(source, wanted)
    copy.chmod(0o644)
    copy.write_bytes(b"short")
    assert hash_path(cached(source, wanted)).id == wanted.content


def test_an_object_that_nobody_read_is_known_by_what_its_store_says(s3_root, tmp_path):
    target = Root.parse(s3_root).path("x.bin")
    for number, text in enumerate(("first", "other")):
        (tmp_path / "x").write_text(text)
        put(tmp_path / "x", target, expected=hash_path(tmp_path / "x").id)
        etag = target.fs.info(target.path)["ETag"].strip('"')
        if number == 0:
            wanted = Wanted(content=f"etag:{etag}", size=5, suffix="")
            copy = cached(target, wanted)
    assert cached(target, wanted) == copy
    assert copy.read_text() == "first"
    copy.unlink()
    with pytest.raises(ContentChanged, match="no longer the object"):
        cached(target, wanted)


def test_the_limit_takes_the_copies_that_were_not_used_for_longest(tmp_path, monkeypatch):
    copies = [cached(*a_file(tmp_path / name)) for name in "abc"]
    age(*copies)
    cached(as_path(str(tmp_path / "a"), ""), Wanted(content=hash_path(tmp_path / "a").id, size=1000, suffix=".bin"))
    monkeypatch.setenv("LIGNIN_CACHE_LIMIT", "2.5kB")
    fourth = cached(*a_file(tmp_path / "d"))
    assert [copy.exists() for copy in (*copies, fourth)] == [True, False, False, True]


def test_what_was_used_just_now_stays(tmp_path, monkeypatch):
    copies = [cached(*a_file(tmp_path / name)) for name in "ab"]
    monkeypatch.setenv("LIGNIN_CACHE_LIMIT", "1")
    assert evict() == 0
    assert all(copy.exists() for copy in copies)


def test_what_a_killed_download_left_goes(tmp_path, monkeypatch):
    copy = cached(*a_file(tmp_path / "a"))
    left, recent = (copy.with_name(f".x.{n}.part") for n in (1, 2))
    for path in (left, recent):
        path.write_text("half")
    os.utime(left, (time.time() - 2 * 24 * 3600,) * 2)
    monkeypatch.setenv("LIGNIN_CACHE_LIMIT", "1GB")
    evict()
    assert (left.exists(), recent.exists(), copy.exists()) == (False, True, True)


def test_a_limit_that_is_no_size_is_refused(monkeypatch):
    monkeypatch.setenv("LIGNIN_CACHE_LIMIT", "much")
    with pytest.raises(UsageError, match="500MB"):
        evict()


def test_a_cache_that_cannot_be_written_is_a_clear_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LIGNIN_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="LIGNIN_CACHE_DIR"):
        cached(*a_file(tmp_path / "x"))


def test_many_processes_get_the_same_whole_copy(tmp_path):
    _, wanted = a_file(tmp_path / "x", size=3_000_000)
    code = (
        "import sys; from lignin.storage import Wanted, as_path, cached; from lignin.base.content import hash_path\n"
        "path = cached(as_path(sys.argv[1], ''), Wanted(content=sys.argv[2], size=3000000, suffix='.bin'))\n"
        "assert hash_path(path).id == sys.argv[2]; print(path)"
    )
    crowd = [subprocess.Popen([sys.executable, "-c", code, tmp_path / "x", wanted.content], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    told = {process.communicate()[0].strip() for process in crowd}
    assert [process.returncode for process in crowd] == [0] * 6
    assert len(told) == 1
    assert list(cache_folder().rglob("*.part")) == []
