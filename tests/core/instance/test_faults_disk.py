"""Full and read-only disks: a clear error, nothing half seen, what was told of as done stays, and the same call works when there is room."""

import ctypes
import os
import resource
import stat
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import pytest

import lignin as ln
from lignin.base.clock import now
from lignin.base.content import hash_path
from lignin.base.context import set_process_run
from lignin.base.errors import LigninError, StorageError
from lignin.base.ports import use
from lignin.instance import ingest, init, waiting_spools
from lignin.instance.fsck import examine
from lignin.recording import Ended, Guard, RunKey, RunStatus, Started
from lignin.recording.courier import Courier
from lignin.recording.spool import Spool
from lignin.storage import Wanted, cached

FULL = r"(No space left|File too large).*[Mm]ake room"


class Tmpfs:
    """A small disk of its own."""

    def __init__(self, folder):
        self.folder = folder
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", folder], check=True, capture_output=True)

    def fill(self):
        with (self.folder / "filler").open("wb", buffering=0) as stream, suppress(OSError):
            while True:
                stream.write(bytes(4096))

    def free(self):
        (self.folder / "filler").unlink()

    def close(self):
        subprocess.run(["umount", "-l", self.folder], check=True)


class Quota:
    """A disk on which no file can grow; as where a quota is used up, SQLite calls it an I/O error."""

    def __init__(self, folder):
        self.folder = folder

    def fill(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    def free(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def close(self):
        self.free()


@pytest.fixture(params=["full", "quota"])
def disk(request, tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        # Only who may mount has a disk of his own; the other kind of full is there for all.
        own = Tmpfs(folder) if request.param == "full" else Quota(folder)
    except (subprocess.CalledProcessError, OSError):
        own = Quota(folder)
    yield own
    own.close()


@pytest.fixture
def instance(disk, monkeypatch):
    yield from opened(disk.folder / "project", monkeypatch)


def opened(folder, monkeypatch):
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LIGNIN_VERBOSITY", "warning")
    made = init(folder, name="test")
    yield made
    monkeypatch.chdir("/")
    made.close()
    use("lignin.instance", None)


def sources(tmp_path):
    (tmp_path / "a.bin").write_bytes(os.urandom(300_000))
    (tmp_path / "folder").mkdir()
    for number in range(5):
        (tmp_path / "folder" / str(number)).write_bytes(os.urandom(60_000))
    return [
        ln.Artifact(tmp_path / "a.bin", key="a.bin"),
        ln.Artifact(tmp_path / "folder", key="folder"),
        ln.Artifact.from_dataframe(pd.DataFrame({"x": range(40_000)}), key="frame.parquet"),
    ]


def test_bytes_that_find_no_room_are_not_seen_and_are_saved_later(instance, disk, tmp_path):
    artifacts = sources(tmp_path)
    disk.fill()
    for artifact in artifacts:
        with pytest.raises(StorageError, match=FULL):
            artifact.save()
        assert artifact.id is None
    assert not ln.Artifact.all().exists()
    assert list(instance.config.folder.rglob("*.part")) == []
    disk.free()
    for artifact in artifacts:
        assert hash_path(Path(artifact.save().cache(verify=True))).id == artifact.hash
    assert examine(instance).findings == ()


def test_a_catalogue_without_room_loses_nothing(instance, disk, tmp_path):
    (tmp_path / "a.txt").write_text("one")
    kept, label = ln.Artifact(tmp_path / "a.txt", key="a.txt").save(), ln.ULabel(name="kept").save()
    label.description = "later"
    spool = Spool(tmp_path / "spool", engine="lignin")
    spool.record(Started(run=RunKey(engine="made", scope="s", id="1"), name="task", at=now()))
    spool.close()
    new, collection = ln.ULabel(name="new"), ln.Collection([kept], key="c")
    disk.fill()
    calls = [label.save, new.save, collection.save, lambda: kept.ulabels.add(label), kept.delete, lambda: ingest(instance, spool.path)]
    for call in calls:
        with pytest.raises(LigninError, match="Make room, then do it again"):
            call()
    assert [a.load() for a in ln.Artifact.all()] == ["one"]
    assert ln.ULabel.all().to_list("description") == [None]
    disk.free()
    for call in calls:
        call()
    assert sorted(ln.ULabel.all().to_list("name")) == ["kept", "new"]
    assert ln.ULabel.get(name="kept").description == "later"
    assert (ln.Run.all().count(), ln.Collection.all().count()) == (1, 1)
    assert examine(instance).findings == ()


def test_a_run_that_ends_on_a_full_disk_is_recorded_when_there_is_room(instance, disk, caplog, capsys, monkeypatch):
    monkeypatch.setenv("LIGNIN_HOME", str(disk.folder / "home"))
    ln.track(key="script.py", source_code="1")
    try:
        disk.fill()
        ln.finish()
    finally:
        disk.free()
        set_process_run(None)
    assert "room" in caplog.text + capsys.readouterr().err
    spools = waiting_spools(instance)
    for spool in spools:
        ingest(instance, spool)
    if not spools:
        ln.finish()
    assert [run.status for run in ln.Run.all()] == ["completed"]


def test_an_end_that_the_catalogue_can_not_take_waits_in_the_spool(instance, disk, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LIGNIN_HOME", str(tmp_path / "home"))

    @ln.flow()
    def work():
        disk.fill()
        return 7

    assert work() == 7
    disk.free()
    assert "lignin ingest --all" in capsys.readouterr().err
    assert [run.status for run in ln.Run.all()] == ["running"]
    for spool in waiting_spools(instance):
        ingest(instance, spool)
    assert [run.status for run in ln.Run.all()] == ["completed"]


def test_an_engine_does_not_notice_that_its_spool_is_full(disk, caplog):
    disk.fill()
    spool, key = Spool(disk.folder / "spool", engine="made"), RunKey(engine="made", scope="s", id="1")
    guard = Guard("made", strict=False)
    courier = Courier(spool, guard=guard)
    for _ in range(400):
        courier.record(Started(run=key, name="task", at=now()))
    assert guard.failures
    assert caplog.text.count("the pipeline goes on") == 1
    disk.free()
    courier.record(Ended(run=key, status=RunStatus.COMPLETED, at=now()))
    assert courier.flush(60)
    spool.close()
    lines = spool.path.read_bytes().splitlines()
    assert b'"ended"' in lines[-2]
    assert all(line.startswith(b"{") and line.endswith(b"}") for line in lines)


def test_a_copy_that_finds_no_room_in_the_cache_is_not_there(disk, tmp_path, monkeypatch):
    monkeypatch.setenv("LIGNIN_CACHE_DIR", str(disk.folder / "cache"))
    source = tmp_path / "a.bin"
    source.write_bytes(os.urandom(300_000))
    wanted = Wanted(content=hash_path(source).id, size=300_000, suffix=".bin")
    disk.fill()
    with pytest.raises(StorageError, match=r"(No space left|File too large)"):
        cached(source, wanted)
    assert list((disk.folder / "cache").rglob("*.bin*")) == []
    disk.free()
    assert cached(source, wanted).read_bytes() == source.read_bytes()


@contextmanager
def read_only(folder):
    """Make what is below `folder` read-only: by a mount where that is allowed, else by rights that count for root too."""
    if subprocess.run(["mount", "--bind", folder, folder], check=False, capture_output=True).returncode == 0:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", folder], check=True)
        return
    places = [folder, *folder.rglob("*")]
    modes = {place: stat.S_IMODE(place.stat().st_mode) for place in places}
    with without_override():
        for place, mode in modes.items():
            place.chmod(mode & ~0o222)
        try:
            yield
        finally:
            for place, mode in modes.items():
                place.chmod(mode)


@contextmanager
def without_override():
    """Take the right to pass over the rights of files from this thread, which root has."""
    libc = ctypes.CDLL(None)
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    before, sets[0] = sets[0], sets[0] & ~(1 << 1)
    assert libc.capset(header, sets) == 0
    try:
        yield
    finally:
        sets[0] = before
        assert libc.capset(header, sets) == 0


@pytest.fixture
def project(tmp_path, monkeypatch):
    yield from opened(tmp_path / "project", monkeypatch)


def test_a_read_only_storage_is_an_error_that_says_so(project, tmp_path):
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    kept, artifact = ln.Artifact(tmp_path / "a.txt", key="kept.txt").save(), ln.Artifact(tmp_path / "b.txt", key="b.txt")
    with read_only(project.config.folder / ".lignin" / "storage"):
        with pytest.raises(StorageError, match=r"(Read-only|Permission denied).*Nothing was stored. Look who may write"):
            artifact.save()
        assert kept.load() == "one"
        with pytest.raises(StorageError, match=r"its bytes still lie at"):
            kept.delete(permanent=True)
    assert artifact.save().cache().is_file()


def test_a_read_only_instance_says_what_it_lacks(project, tmp_path):
    (tmp_path / "a.txt").write_text("one")
    ln.Artifact(tmp_path / "a.txt", key="a.txt").save()
    project.close()
    use("lignin.instance", None)
    with read_only(project.config.folder):
        for call in (lambda: ln.Artifact.all().count(), ln.ULabel(name="x").save, lambda: ln.track(key="script.py", source_code="1")):
            with pytest.raises(LigninError, match=r"(read-only|can't be opened).*writ"):
                call()
        with pytest.raises(StorageError, match="Choose a folder that you may write"):
            init(project.config.folder / "below")
    use("lignin.instance", None)
    assert ln.ULabel(name="x").save().id
    assert ln.Artifact.get(key="a.txt").load() == "one"


def test_a_database_that_becomes_read_only_can_still_be_read(project):
    ln.ULabel(name="x").save()
    project.close()
    with project.database.reading() as session:
        session.connection().exec_driver_sql("pragma query_only=on")
    with pytest.raises(LigninError, match=r"it is read-only. Nothing was stored. Give yourself the right"):
        ln.ULabel(name="y").save()
    assert ln.ULabel.all().to_list("name") == ["x"]
    project.close()
    assert ln.ULabel(name="y").save().id


def test_a_read_only_cache_is_an_error_that_says_what_to_do(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("LIGNIN_CACHE_DIR", str(cache))
    source = tmp_path / "a.txt"
    source.write_text("one")
    with read_only(cache), pytest.raises(StorageError, match="LIGNIN_CACHE_DIR"):
        cached(source, Wanted(content=hash_path(source).id, size=3, suffix=".txt"))
