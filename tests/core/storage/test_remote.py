"""Objects on S3 are whole and as expected, or not there: on two servers, over the wire."""

import os

import pytest

from lignin.base.content import hash_path
from lignin.base.errors import ContentChanged, StorageError, UsageError
from lignin.storage import Root, check_writable, fetch, hash_whole, look, put, remove


@pytest.fixture
def root(s3_root):
    return Root.parse(s3_root)


def a_folder(place):
    (place / "deep" / "er").mkdir(parents=True)
    (place / "a b+c%20?#[x]*.txt").write_text("odd name")
    (place / "deep" / "b").write_bytes(b"")
    (place / "deep" / "er" / "é").write_bytes(os.urandom(100_000))
    (place / "link").symlink_to(place / "deep" / "er" / "é")
    return place


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
    assert look(target) is None


def test_a_folder_comes_back_as_it_went(root, tmp_path):
    source = a_folder(tmp_path / "source")
    content, target = hash_path(source), root.path(".lignin/ab/cd.zarr")
    put(source, target, expected=content.id)
    seen = look(target)
    assert (seen.size, seen.n_files, seen.is_folder) == (content.size, 4, True)
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
    right = hash_path(source)
    put(source, target, expected=right.id)
    source.write_bytes(os.urandom(size))
    with pytest.raises(ContentChanged):
        put(source, target, expected="b3:0")
    assert hash_whole(target) == right


def test_a_changed_folder_stores_nothing(root, tmp_path):
    source = a_folder(tmp_path / "source")
    with pytest.raises(ContentChanged):
        put(source, root.path("x"), expected="b3d:0")
    assert look(root.path("x")) is None


def test_what_lies_there_is_replaced_when_it_is_something_else(root, tmp_path):
    source, target = tmp_path / "source", root.path("x")
    for text in ("one", "two"):
        source.write_text(text)
        put(source, target, expected=hash_path(source).id)
    assert target.read_text() == "two"


def test_a_half_uploaded_folder_is_completed_by_the_next_try(root, tmp_path):
    source, target = a_folder(tmp_path / "source"), root.path("x")
    put(source / "deep" / "er" / "é", target / "deep/er/é", expected=hash_path(source / "deep" / "er" / "é").id)
    put(source, target, expected=hash_path(source).id)
    assert hash_whole(target) == hash_path(source)


def test_removing_takes_names_as_they_are(root, tmp_path):
    source = tmp_path / "source"
    source.write_text("x")
    for name in ("a*", "ab", "a[bc]", "folder/x", "folder2/x"):
        put(source, root.path(name), expected=hash_path(source).id)
    for name in ("a*", "a[bc]", "folder", "nothing"):
        remove(root.path(name))
    left = [name for name in ("a*", "ab", "a[bc]", "folder/x", "folder2/x") if look(root.path(name))]
    assert left == ["ab", "folder2/x"]


def test_a_folder_with_a_loop_is_refused_before_anything_is_sent(root, tmp_path):
    source = a_folder(tmp_path / "source")
    (source / "deep" / "up").symlink_to("..")
    with pytest.raises(UsageError, match="no links"):
        put(source, root.path("x"), expected=hash_path(source).id)
    assert look(root.path("x")) is None


def test_a_place_that_can_be_written_is_left_as_it_was(root):
    check_writable(root.path())
    assert look(root.path()) is None


def test_a_bucket_that_is_not_there_is_a_clear_error(root, tmp_path):
    source, nowhere = tmp_path / "source", Root(url="s3://lignin-no-such-bucket/x", endpoint=root.endpoint)
    source.write_text("x")
    with pytest.raises(StorageError, match="no bucket 'lignin-no-such-bucket'"):
        check_writable(nowhere.path())
    with pytest.raises(StorageError, match="Nothing was stored"):
        put(source, nowhere.path("x"), expected=hash_path(source).id)
    with pytest.raises(StorageError, match="nothing there"):
        fetch(root.path("nothing"), tmp_path / "back")


def test_a_server_that_does_not_answer_is_a_clear_error(s3_root, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    nowhere = Root(url="s3://bucket/x", endpoint="http://127.0.0.1:9")
    with pytest.raises(StorageError, match="Check the endpoint"):
        look(nowhere.path())


def test_wrong_keys_are_a_clear_error(rclone_server, monkeypatch):
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "wrong")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(StorageError, match="access was denied"):
        # Of another region, so that no connection with the right keys is at hand.
        look(Root(url="s3://some-bucket/x", endpoint=rclone_server, region="eu-west-1").path())


def test_no_keys_at_all_are_a_clear_error(moto_server, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StorageError, match=r"(?i)credentials"):
        look(Root(url="s3://some-other-bucket/x", endpoint=moto_server, region="us-east-1").path())
