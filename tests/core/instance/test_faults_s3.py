"""An S3 server that fails, stays silent, lies or hangs up: retried where that helps, else a clear error; nothing half seen."""

import os
import shutil

import pytest

import lignin as ln
from lignin.base.errors import ContentChanged, LigninError, StorageError
from lignin.base.ports import use
from lignin.instance import init
from lignin.instance.fsck import examine
from lignin.storage import Root, cache_folder

SMALL, LARGE = 1000, 17_000_000


@pytest.fixture(scope="module")
def only_line(moto_server, failing):
    line = failing.FaultyStore(moto_server)
    yield line
    line.close()


@pytest.fixture
def line(only_line, monkeypatch):
    """The way to the server, which can be broken."""
    # As many attempts as a user gets, without the pauses between them.
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda _self, _context: 0.001)
    yield only_line
    only_line.heal()


@pytest.fixture
def bucket(moto_server, monkeypatch):
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "us-east-1"), ("EC2_METADATA_DISABLED", "true")):
        monkeypatch.setenv(f"AWS_{name}", value)
    name = f"faults-{os.urandom(6).hex()}"
    Root.parse(f"s3://{name}?endpoint_url={moto_server}").path().fs.mkdir(name)
    return name


@pytest.fixture
def instance(line, bucket, tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    opened = init(folder, storage=f"s3://{bucket}/data?endpoint_url={line.url}", name="test")
    yield opened
    opened.close()
    use("lignin.instance", None)


@pytest.fixture
def impatient(monkeypatch):
    """What a user can set who does not want to wait."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")


def made(tmp_path, size=SMALL):
    path = tmp_path / "a.bin"
    path.write_bytes(os.urandom(size))
    return ln.Artifact(path, key="a.bin")


def copies():
    return [path for path in cache_folder().rglob("*") if path.is_file() and "locks" not in path.parts]


def forget_copies():
    shutil.rmtree(cache_folder(), ignore_errors=True)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "in parts"])
def test_a_save_goes_through_failures_that_pass(instance, line, tmp_path, size):
    for kind, method, times in (("500", "", 2), ("503", "", 3), ("503", "PUT", 2), ("cut", "PUT", 2)):
        artifact = made(tmp_path, size)
        fault = line.fail(kind, method=method, times=times)
        artifact.save()
        assert fault.seen == times
        forget_copies()
        assert artifact.cache(verify=True).read_bytes() == (tmp_path / "a.bin").read_bytes()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "in parts"])
def test_a_save_that_can_not_be_done_stores_nothing_and_can_be_repeated(instance, line, tmp_path, impatient, size):
    for kind, method, told in (
        ("500", "", "Internal Server Error.*try again"),
        ("503", "", "Service Unavailable.*try again"),
        ("500", "PUT", "Nothing was stored"),
        ("403", "PUT", "access was denied.*keys"),
        ("cut", "PUT", "Nothing was stored"),
    )[0 if size == SMALL else 3 :]:
        artifact, before = made(tmp_path, size), ln.Artifact.all().count()
        line.fail(kind, method=method)
        with pytest.raises(StorageError, match=told):
            artifact.save()
        line.heal()
        assert artifact.id is None
        assert ln.Artifact.all().count() == before
        artifact.save()
        assert artifact.cache().read_bytes() == (tmp_path / "a.bin").read_bytes()
    assert examine(instance).findings == ()


def test_a_server_that_stays_silent_is_an_error_in_bounded_time(instance, line, tmp_path, impatient, monkeypatch):
    artifact = made(tmp_path)
    monkeypatch.setenv("LIGNIN_S3_TIMEOUT", "0.2")
    line.fail("silence")
    with pytest.raises(StorageError, match=r"Read timeout.*try again"):
        artifact.save()
    line.heal()
    monkeypatch.delenv("LIGNIN_S3_TIMEOUT")
    artifact.save()
    monkeypatch.setenv("LIGNIN_S3_TIMEOUT", "2")
    line.fail("silence", method="GET", times=1)
    assert artifact.cache().is_file()


def test_a_folder_whose_upload_breaks_off_is_not_seen(instance, line, tmp_path, impatient):
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(6):
        (folder / str(number)).write_bytes(os.urandom(100))
    artifact = ln.Artifact(folder, key="folder")
    line.fail("500", method="PUT")
    with pytest.raises(StorageError):
        artifact.save()
    line.heal()
    assert not ln.Artifact.all().exists()
    assert sorted(p.name for p in artifact.save().cache(verify=True).iterdir()) == [str(n) for n in range(6)]


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_a_download_goes_through_failures_that_pass(instance, line, tmp_path, size):
    artifact = made(tmp_path, size).save()
    for kind, method, times in (("500", "", 2), ("503", "GET", 2), ("cut", "GET", 2), ("truncate", "GET", 1), ("flip", "GET", 1), ("slow", "GET", 1)):
        forget_copies()
        fault = line.fail(kind, method=method, times=times)
        got = artifact.cache()
        assert fault.seen == times
        assert got.read_bytes() == (tmp_path / "a.bin").read_bytes()
        assert copies() == [got]


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_a_download_that_can_not_be_done_leaves_nothing_in_the_cache(instance, line, tmp_path, impatient, size):
    artifact = made(tmp_path, size).save()
    for kind in ("500", "503", "403", "cut", "truncate", "flip"):
        line.fail(kind, method="GET")
        with pytest.raises(StorageError):
            artifact.load()
        assert copies() == []
        line.heal()
    assert artifact.cache().read_bytes() == (tmp_path / "a.bin").read_bytes()


def test_a_stream_that_breaks_off_is_an_error_of_ours(instance, line, tmp_path, impatient):
    artifact = made(tmp_path).save()
    for kind in ("cut", "500"):
        fault = line.fail(kind, method="GET")
        with pytest.raises(StorageError, match=r"can't read s3://.*try again"), artifact.open() as stream:
            stream.read()
        assert fault.seen
        line.heal()
    with artifact.open() as stream:
        assert stream.read() == (tmp_path / "a.bin").read_bytes()


def test_a_deletion_that_can_not_be_done_says_what_is_left(instance, line, tmp_path, impatient):
    artifact = made(tmp_path).save()
    line.fail("500")
    with pytest.raises(StorageError, match=r"deleted for good, but its bytes still lie at"):
        artifact.delete(permanent=True)
    line.heal()
    assert not ln.Artifact.all().exists()
    # Who saves the same again finds what is there.
    assert ln.Artifact(tmp_path / "a.bin", key="a.bin").save().cache().is_file()


def test_a_file_in_place_is_registered_whole_or_not_at_all(instance, line, bucket, tmp_path, impatient):
    place = Root.parse(f"s3://{bucket}/raw/a.bin?endpoint_url={line.url}")
    place.path().write_bytes(os.urandom(SMALL))
    for kind in ("500", "cut", "truncate"):
        line.heal()
        line.fail(kind, method="GET")
        with pytest.raises((StorageError, ContentChanged)):
            ln.Artifact(place.text, key="a.bin").save()
    line.heal()
    assert not ln.Artifact.all().exists()
    assert ln.Artifact(place.text, key="a.bin").save().size == SMALL


def test_a_run_ends_even_if_its_log_can_not_be_stored(instance, line, tmp_path, capsys, impatient):

    @ln.flow()
    def work():
        print("said")
        line.fail("500")

    work()
    line.heal()
    run = ln.Run.all().one()
    assert (run.status, run.report_id) == ("completed", None)
    assert "log" in capsys.readouterr().err


@pytest.mark.parametrize("told", ["soon", "0", "-1", "inf"])
def test_a_timeout_that_is_none_is_refused(instance, tmp_path, monkeypatch, told):
    artifact = made(tmp_path)
    monkeypatch.setenv("LIGNIN_S3_TIMEOUT", told)
    with pytest.raises(LigninError, match="LIGNIN_S3_TIMEOUT is a number of seconds"):
        artifact.save()
