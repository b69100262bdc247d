"""Files that move while they are read, odd names of files, and names that only look alike."""

import os
import unicodedata
from importlib import import_module
from pathlib import Path

import pytest

from lignin.base.content import hash_path
from lignin.base.errors import ContentChanged, UsageError
from lignin.instance import construct as construct_module

COMPOSED, APART = "größe é.txt", unicodedata.normalize("NFD", "größe é.txt")


def _grow(path):
    with path.open("a") as stream:
        stream.write("more")


def _rewrite(path):
    """The same size and, since it was told so, the same time; another file."""
    info = path.stat()
    draft = path.with_suffix(".new")
    draft.write_bytes(b"y" * info.st_size)
    os.utime(draft, ns=(info.st_atime_ns, info.st_mtime_ns))
    draft.replace(path)


@pytest.mark.parametrize("move", [_grow, Path.unlink, _rewrite, lambda path: os.truncate(path, 1)], ids=["grows", "goes", "is another", "shrinks"])
def test_a_file_that_moves_while_it_is_read_is_refused(refused, monkeypatch, tmp_path, move):
    path = tmp_path / "moving.txt"
    path.write_text("x" * 100)

    def read(source):
        content = hash_path(source)
        move(source)
        return content

    monkeypatch.setattr(construct_module, "hash_path", read)
    refused(lambda w: w.ln.Artifact(path, key="moving.txt").save(), "moving.txt")


@pytest.mark.parametrize("move", [_grow, Path.unlink, lambda path: os.truncate(path, 1)], ids=["grows", "goes", "shrinks"])
def test_a_file_that_moves_before_it_is_saved_is_refused(refused, tmp_path, move):
    path = tmp_path / "moving.txt"
    path.write_text("x" * 100)

    def act(w):
        artifact = w.ln.Artifact(path, key="moving.txt")
        move(path)
        artifact.save()

    refused(act, "moving.txt")


def test_a_folder_that_gets_a_file_while_it_is_read_is_refused(refused, monkeypatch, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("a")

    def read(source):
        content = hash_path(source)
        (folder / "b").write_text("b")
        return content

    monkeypatch.setattr(construct_module, "hash_path", read)
    refused(lambda w: w.ln.Artifact(folder, key="folder").save(), "changed while")


@pytest.mark.parametrize("name", [b"odd\xff.txt", b"\xed\xa0\x80.txt"])
def test_a_file_whose_name_no_database_takes_is_copied_and_not_registered_in_place(instance, tmp_path, name):
    ln = import_module("lignin")
    outside, inside = tmp_path / os.fsdecode(name), Path(instance.storage.root) / os.fsdecode(name)
    for path in (outside, inside):
        path.write_text("content")
    assert ln.Artifact(outside, key="odd.txt").save().load() == "content"
    with pytest.raises(UsageError, match="Rename"):
        ln.Artifact(inside, key="in place.txt").save()
    assert ln.Artifact.all().count() == 1


def test_links_that_lead_round_in_a_folder_are_kept_as_links(sqlite_instance):
    ln = import_module("lignin")
    folder = Path("round")
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "inner" / "up").symlink_to("..")
    (folder / "self").symlink_to(".")
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")
    artifact = ln.Artifact(folder, key="round").save()
    assert artifact.n_files == 5
    assert ln.Artifact(folder, key="round").save().uid == artifact.uid


def test_a_name_is_the_same_however_it_was_typed(instance, tmp_path):
    ln = import_module("lignin")
    (tmp_path / "a.txt").write_text("a")
    artifact = ln.Artifact(tmp_path / "a.txt", key=APART).save()
    assert artifact.key == COMPOSED
    assert ln.Artifact(tmp_path / "a.txt", key=COMPOSED).save().uid == artifact.uid
    for key in (COMPOSED, APART):
        assert ln.Artifact.get(key=key) == artifact
        assert ln.Artifact.filter(key__in=[key]).one() == artifact
    label = ln.ULabel(name=APART).save()
    assert ln.ULabel(name=COMPOSED).save().uid == label.uid
    assert ln.ULabel.get(name=APART) == label
    names = ["a", "A", "а", "ａ", "á", "a\u200d", "👩\u200d🔬", "می\u200cخواهم", "ß", "SS"]
    assert len({ln.ULabel(name=name).save().uid for name in names}) == len(names)


def test_a_name_that_is_taken_meanwhile_is_told(instance):
    ln = import_module("lignin")
    one, two = ln.ULabel(name="one").save(), ln.ULabel(name="two").save()
    two.name = "one"
    with pytest.raises(UsageError, match=f"a ULabel 'one' already.*{one.uid}"):
        two.save()
    kind = ln.ULabel(name="kind", is_type=True).save()
    two.name, two.type = "one", kind
    two.save()
    assert ln.ULabel.filter(name="one").count() == 2


def test_an_artifact_that_changed_is_no_longer_what_it_was_made_of(sqlite_instance):
    ln = import_module("lignin")
    Path("a.txt").write_text("a")
    artifact = ln.Artifact("a.txt", key="a.txt")
    Path("a.txt").write_text("b")
    with pytest.raises(ContentChanged, match=r"a\.txt"):
        artifact.save()
    assert ln.Artifact("a.txt", key="a.txt").save().load() == "b"
