"""Content ids: every byte and every name counts, and nothing else does."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from lignin.base.content import hash_bytes, hash_path, look_at, walk
from lignin.base.errors import StorageError


def tree(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@given(st.binary(max_size=3_000_000))
def test_a_file_has_the_digest_that_b3sum_prints(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("content") / "file"
    path.write_bytes(data)
    content = hash_path(path)
    assert content.id == hash_bytes(data) == "b3:" + blake3(data).hexdigest()
    assert (content.size, content.n_files) == (len(data), None)


def test_a_large_file_is_hashed_whole(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(70 * 1024 * 1024)
        stream.seek(69 * 1024 * 1024)
        stream.write(b"end")
    assert hash_path(path).id == "b3:" + blake3(path.read_bytes()).hexdigest()
    before = hash_path(path)
    with path.open("r+b") as stream:
        stream.seek(35 * 1024 * 1024)
        stream.write(b"!")
    assert hash_path(path).id != before.id


def test_a_file_cut_short_while_it_is_hashed_does_not_end_the_process(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(900 * 1024 * 1024)
    code = (
        "import os, sys, threading\n"
        "from pathlib import Path\n"
        "from lignin.base.content import hash_path\n"
        "path = Path(sys.argv[1])\n"
        "threading.Timer(0.05, os.truncate, (path, 10)).start()\n"
        "hash_path(path)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == 0
    assert path.stat().st_size == 10


def test_renaming_swapping_moving_and_changing_files_changes_a_folder(tmp_path):
    ids = {
        hash_path(tree(tmp_path / name, **files)).id
        for name, files in {
            "first": {"a": "1", "b": "2"},
            "swapped": {"a": "2", "b": "1"},
            "renamed": {"a": "1", "c": "2"},
            "moved": {"a": "1", "x__b": "2"},
            "more": {"a": "1", "b": "2", "c": ""},
            "other": {"a": "1", "b": "3"},
        }.items()
    }
    assert len(ids) == 6


def test_a_folder_is_the_same_wherever_it_lies_and_however_it_was_made(tmp_path):
    one = tree(tmp_path / "one", a="1", b__c="2", b__d="3")
    other = tree(tmp_path / "deep" / "other", b__d="3", b__c="2", a="1")
    (other / "empty").mkdir()
    (other / ".snakemake_timestamp").touch()
    assert hash_path(one) == hash_path(other)
    assert hash_path(one).n_files == 3


def test_names_with_line_ends_cannot_forge_another_folder(tmp_path):
    one = tmp_path / "one"
    one.mkdir()
    (one / "a\nb").write_text("")
    assert hash_path(one).id != hash_path(tree(tmp_path / "two", a="", b="")).id


def test_names_that_are_no_text_are_hashed(tmp_path):
    folder = tmp_path / "odd"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe")).write_text("x")
    assert hash_path(folder).n_files == 1


def test_links_to_files_count_as_the_files(tmp_path):
    folder = tree(tmp_path / "one", a="1")
    (tmp_path / "elsewhere").write_text("2")
    (folder / "b").symlink_to(tmp_path / "elsewhere")
    assert hash_path(folder) == hash_path(tree(tmp_path / "two", a="1", b="2"))


def test_a_loop_of_links_ends(tmp_path):
    folder = tree(tmp_path / "loop", a="1", sub__b="2")
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "self").symlink_to("self")
    (folder / "pair").symlink_to("riap")
    (folder / "riap").symlink_to("pair")
    content = hash_path(folder)
    assert content.n_files == 6
    assert look_at(folder).size == content.size == 2


def test_a_link_that_leads_nowhere_counts_by_its_text(tmp_path):
    folders = []
    for name, target in (("one", "gone"), ("two", "gone"), ("three", "lost")):
        folders.append(tree(tmp_path / name, a="1"))
        (folders[-1] / "link").symlink_to(target)
    one, two, three = (hash_path(folder).id for folder in folders)
    assert one == two != three
    assert look_at(folders[0]).size == hash_path(folders[0]).size


@pytest.mark.parametrize("names", [("alias", "real"), ("zalias", "real")])
def test_a_folder_and_a_link_to_it_count_once_in_whatever_order_they_are_listed(tmp_path, names):
    link, real = names
    ids = set()
    for turn, first in enumerate((link, real)):
        folder = tmp_path / str(turn)
        folder.mkdir()
        if first == link:
            (folder / link).symlink_to(real)
        tree(folder / real, x="1")
        if first == real:
            (folder / link).symlink_to(real)
        found = {entry.path.relative_to(folder).as_posix(): entry.link for entry in walk(folder)}
        assert found == {f"{real}/x": None, link: real}
        ids.add(hash_path(folder).id)
    assert len(ids) == 1


def test_links_to_a_folder_outside_count_as_that_folder_once(tmp_path):
    tree(tmp_path / "outside", x="1", deep__y="2")
    folder = tree(tmp_path / "inside", a="0")
    (folder / "l1").symlink_to(tmp_path / "outside")
    (folder / "l2").symlink_to(tmp_path / "outside" / "deep")
    (folder / "l3").symlink_to(tmp_path / "outside")
    found = {entry.path.relative_to(folder).as_posix(): entry.link for entry in walk(folder)}
    assert found == {"a": None, "l1/x": None, "l2/y": None, "l1/deep": "l2", "l3": "l1"}


def test_what_has_no_content_is_refused(tmp_path):
    pipe, end = tmp_path / "pipe", tmp_path / "end"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(end))
        for path in (pipe, end, Path("/dev/null")):
            with pytest.raises(StorageError, match="neither a file nor a folder"):
                hash_path(path)
    with pytest.raises(StorageError, match="exists"):
        hash_path(tmp_path / "nothing")


def test_pipes_and_sockets_in_a_folder_are_no_part_of_its_content(tmp_path):
    folder = tree(tmp_path / "one", a="1")
    before = hash_path(folder)
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "end"))
        assert hash_path(folder) == before
