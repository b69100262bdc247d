"""Files on a web server are registered where they lie, read as recorded or not at all, and never written."""

import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import lignin as ln
from lignin.base.content import hash_bytes
from lignin.base.errors import (
    BytesGone,
    ContentChanged,
    LigninError,
    NotFound,
    StorageError,
    UsageError,
)
from lignin.instance import remote_source
from lignin.storage import cache_folder


class Handler(BaseHTTPRequestHandler):
    """Ranges, ETags, and the ways in which servers fail."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, *, body):
        site = self.server.site
        site.asked.append((self.command, self.path, self.headers.get("Range")))
        if site.errors:
            self.fail(site.errors.pop(0))
            return
        if self.path not in site.files:
            self.fail(404)
            return
        data, etag = site.files[self.path]
        if site.no_head and not body:
            self.fail(405)
            return
        begin = 0
        wanted = self.headers.get("Range")
        if wanted and self.headers.get("If-Range") in {None, etag}:
            begin = int(wanted.removeprefix("bytes=").partition("-")[0])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        if etag:
            self.send_header("ETag", etag)
        self.send_header("Last-Modified", formatdate(site.time, usegmt=True))
        if site.tells_size:
            self.send_header("Content-Length", str(len(data) - begin))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if body:
            end = begin + site.breaks_after if site.breaks_after else len(data)
            self.wfile.write(data[begin:end])
            self.close_connection = self.close_connection or end < len(data)

    def fail(self, code):
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Site:
    """What a server has, and how it behaves."""

    def __init__(self):
        self.files, self.errors, self.asked = {}, [], []
        self.tells_size, self.no_head, self.breaks_after, self.time = True, False, 0, time.time() - 1000

    def put(self, path, data, etag="auto"):
        self.files[path] = (data, f'"{hash_bytes(data)[3:19]}"' if etag == "auto" else etag)
        return self.url + path


@pytest.fixture
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.site = Site()
    server.site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.site
    server.shutdown()
    thread.join()
    server.server_close()


CSV = b"gene,count\nTP53,7\n"


def test_a_file_is_registered_where_it_lies_and_read_through_the_cache(instance, site):
    url = site.put("/data/counts.csv", CSV)
    artifact = ln.Artifact(url, key="counts.csv").save()
    assert (artifact.hash, artifact.size, str(artifact.path)) == (hash_bytes(CSV), len(CSV), url)
    assert (artifact.storage.root, artifact.storage.role, artifact.relpath) == (site.url, "location", "data/counts.csv")
    got = ln.Artifact.get(key="counts.csv")
    assert list(got.load()["count"]) == [7]
    assert got.cache().is_relative_to(cache_folder())
    assert got.open().count_rows() == 1
    site.files.clear()
    # The copy is what was recorded, whatever the server has by now.
    assert list(got.load()["count"]) == [7]
    assert ln.Artifact.get(key="counts.csv").suffix == ".csv"


def test_what_changed_there_is_never_served_as_what_was_recorded(sqlite_instance, site):
    artifact = ln.Artifact(site.put("/a.txt", b"one"), key="a.txt").save()
    site.put("/a.txt", b"two")
    for read in (artifact.load, artifact.cache, artifact.open):
        with pytest.raises(ContentChanged, match="other bytes"):
            read()
    new = ln.Artifact(site.url + "/a.txt", key="a.txt").save()
    assert (new.load(), new.versions.count()) == ("two", 2)
    with pytest.raises(BytesGone):
        ln.Artifact.get(artifact.uid).load()


def test_what_is_large_keeps_the_etag_of_its_server(sqlite_instance, site, monkeypatch):
    monkeypatch.setattr(remote_source, "READ_UP_TO", 4)
    url = site.put("/large.txt", b"hello", etag='"v1"')
    artifact = ln.Artifact(url, key="large.txt").save()
    assert artifact.hash == "etag:v1"
    assert not any(method == "GET" for method, *_ in site.asked)
    assert artifact.load() == "hello"
    site.put("/large.txt", b"HELLO", etag='"v2"')
    with pytest.raises(ContentChanged, match="no longer the object"):
        artifact.cache(verify=True)
    assert ln.Artifact(url, key="read.txt", read=True).save().hash == hash_bytes(b"HELLO")


def test_a_weak_etag_or_no_size_names_no_content_so_all_is_read(sqlite_instance, site, monkeypatch):
    monkeypatch.setattr(remote_source, "READ_UP_TO", 4)
    weak, none = site.put("/weak.txt", b"hello", etag='W/"v1"'), site.put("/none.txt", b"hello", etag=None)
    for url in (weak, none):
        assert ln.Artifact(url, key="x.txt").hash == hash_bytes(b"hello")
    with pytest.raises(UsageError, match="leave out read=False"):
        ln.Artifact(weak, key="x.txt", read=False)
    site.tells_size = False
    artifact = ln.Artifact(site.put("/chunks.txt", b"hello"), key="chunks.txt").save()
    assert (artifact.hash, artifact.size, artifact.load()) == (hash_bytes(b"hello"), 5, "hello")


def test_a_transfer_that_breaks_off_goes_on_where_it_ended(sqlite_instance, site):
    data = bytes(range(256)) * 8
    artifact = ln.Artifact(site.put("/a.bin", data), key="a.bin").save()
    site.breaks_after = 900
    site.asked.clear()
    assert artifact.cache().read_bytes() == data
    assert [wanted for *_, wanted in site.asked if wanted] == ["bytes=900-", "bytes=1800-"]
    url = site.put("/b.bin", data, etag=None)
    with pytest.raises(StorageError, match="broke off after 900 of 2048 bytes"):
        ln.Artifact(url, key="b.bin")


def test_a_server_that_is_busy_is_asked_again(sqlite_instance, site):
    url = site.put("/a.txt", b"hello")
    site.errors = [503, 500]
    assert ln.Artifact(url, key="a.txt").save().load() == "hello"
    site.no_head = True
    assert ln.Artifact(site.put("/b.txt", b"b"), key="b.txt").save().load() == "b"


def test_failures_are_clear_errors(sqlite_instance, site):
    with pytest.raises(NotFound, match="nothing at"):
        ln.Artifact(site.url + "/nothing.txt", key="nothing.txt")
    url = site.put("/a.txt", b"hello")
    site.errors = [500] * 9
    with pytest.raises(StorageError, match="the server answers 500"):
        ln.Artifact(url, key="a.txt")
    site.errors = [403, 403]
    with pytest.raises(StorageError, match="403"):
        ln.Artifact(url, key="a.txt")
    artifact = ln.Artifact(url, key="a.txt").save()
    site.files.clear()
    with pytest.raises(BytesGone, match=r"a\.txt"):
        artifact.load()
    with pytest.raises(StorageError, match="Check the URL"):
        ln.Artifact("http://127.0.0.1:9/a.txt", key="a.txt")


def test_nothing_is_written_to_a_web_server(sqlite_instance, site, tmp_path):
    artifact = ln.Artifact(site.put("/a.txt", b"hello"), key="a.txt").save()
    attempts = [
        lambda: ln.Storage(site.url + "/store").save(),
        lambda: ln.init(tmp_path / "new", storage="https://example.org/store"),
        lambda: artifact.move(storage=sqlite_instance.storage),
    ]
    for attempt in attempts:
        with pytest.raises(LigninError, match=r"only reads|can't be moved"):
            attempt()
    artifact.delete(permanent=True, storage=True)
    assert site.files
    assert {method for method, *_ in site.asked} <= {"GET", "HEAD"}


@pytest.mark.parametrize("url", [
    "https://", "https://example.org", "https://example.org:bad/x", "http://exa mple.org/x", "https://example.org/a\nb",
    "https://me:hunter2secret@example.org/a.txt", "https://example.org/a.txt?X-Amz-Signature=hunter2secret", "https://example.org/a.txt?token=hunter2secret",
])  # fmt: skip
def test_what_names_no_file_or_holds_a_secret_is_refused(sqlite_instance, url):
    with pytest.raises(UsageError) as caught:
        ln.Artifact(url, key="a.txt")
    assert "hunter2secret" not in str(caught.value)


def test_a_url_keeps_its_query_and_its_signs(sqlite_instance, site):
    for path in ("/get/a.txt?version=2&as=x", "/a//b%20c/d.txt", "/é.txt"):
        site.put(path if path != "/é.txt" else "/%C3%A9.txt", path.encode())
        artifact = ln.Artifact(site.url + path, key=f"x{len(path)}.txt").save()
        assert str(artifact.path) == site.url + path
        assert ln.Artifact.get(artifact.uid).load() == path
