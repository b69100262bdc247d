"""Where a storage is: what a user may write, and that no key comes in."""

import pytest

from lignin.base.errors import UsageError
from lignin.storage import Root, as_path


def test_a_folder_is_local(tmp_path):
    root = Root.parse(str(tmp_path))
    assert (root.url, root.kind, root.is_remote, root.text) == (str(tmp_path), "local", False, str(tmp_path))
    assert Root.parse(f"file://{tmp_path}/a%20b").url == f"{tmp_path}/a b"


@pytest.mark.parametrize("text", ["s3://bucket", "s3://bucket/a/b", "s3://b/x?endpoint_url=http://127.0.0.1:9000", "s3://b/x?endpoint_url=https://s3.example.org&region=eu-central-1"])
def test_a_bucket_is_read_and_written_alike(text):
    root = Root.parse(text)
    assert root.is_remote
    assert root.kind == "s3"
    assert root.text == text
    assert Root.parse(text.replace("?", "/?", 1) if "?" in text else text + "/") == root


def test_a_path_has_the_options_of_its_server():
    root = Root.parse("s3://bucket/p?endpoint_url=https://s3.example.org/&region=eu-central-1")
    path = root.path("a/b.csv")
    assert str(path) == "s3://bucket/p/a/b.csv"
    assert path.storage_options["client_kwargs"] == {"endpoint_url": "https://s3.example.org", "region_name": "eu-central-1"}
    assert as_path("/a", "b").as_posix() == "/a/b"


@pytest.mark.parametrize("text", [
    "s3://", "s3:///x", "s3://bucket/../x", "s3://bucket//x", "az://bucket/x", "gs://bucket?endpoint_url=http://x", "https://example.org/x",
    "s3://bucket?anon=true", "s3://bucket?endpoint_url=example.org", "s3://bucket?endpoint_url=http://x:bad", "s3://bucket?endpoint_url=ftp://x",
])  # fmt: skip
def test_what_names_no_place_is_refused(text):
    with pytest.raises(UsageError):
        Root.parse(text)


@pytest.mark.parametrize("text", [
    "s3://AKIAEXAMPLE:hunter2secret@bucket/x", "s3://bucket/x?secret=hunter2secret", "s3://bucket?endpoint_url=http://me:hunter2secret@host",
    "s3://bucket?endpoint_url=http://host/?aws_secret_access_key=hunter2secret",
])  # fmt: skip
def test_keys_are_refused_and_not_repeated(text):
    with pytest.raises(UsageError, match="AWS_ACCESS_KEY_ID") as caught:
        Root.parse(text)
    assert "hunter2secret" not in str(caught.value)


def test_a_file_may_have_a_question_mark_in_its_name():
    assert Root.parse_file("s3://bucket/what?.txt").url == "s3://bucket/what?.txt"
    root = Root.parse_file("s3://bucket/x.txt?endpoint_url=http://host:1")
    assert (root.url, root.endpoint) == ("s3://bucket/x.txt", "http://host:1")
