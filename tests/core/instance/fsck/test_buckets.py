"""A storage on S3 against the catalogue, in both directions, over the wire: on moto's server, and what servers may differ in on rclone's too."""

from datetime import UTC, datetime, timedelta

import pytest

import lignin as ln
from lignin.base.content import hash_path
from lignin.base.errors import BytesGone
from lignin.instance.fsck import Kind, examine, repair
from lignin.storage import Listing, Root, Seen, list_below, unfinished

on_moto = pytest.mark.parametrize("s3_root", ["moto"], indirect=True)


@pytest.fixture
def saved(s3_instance, tmp_path):
    """Saves bytes into the bucket; the artifact."""

    def save(key, data):
        source = tmp_path / "outside" / key
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(data)
        return ln.Artifact(source, key=key).save()

    return save


@pytest.fixture
def saved_folder(s3_instance, tmp_path):
    folder = tmp_path / "outside" / "f"
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_text("one")
    (folder / "deep" / "b").write_text("two")
    return ln.Artifact(folder, key="f").save()


def lost(instance):
    root = Root.parse(instance.config.storage_root)
    return list_below(root.path(".lignin/lost+found"))


def start_upload(path):
    """An upload in parts that its writer leaves to itself."""
    writer = path.fs.open(path.path, "wb", autocommit=False, block_size=5 * 2**20)
    writer.write(b"x" * (6 * 2**20))
    writer.flush()
    writer.closed = True


def test_a_bucket_that_was_used_as_it_should_is_clean(s3_instance, saved, saved_folder, kinds, at_once):
    saved("a.txt", b"one")
    saved("a.txt", b"two")
    saved("b.txt", b"one").delete(permanent=True)
    saved("c.txt", b"three").delete()
    report = examine(s3_instance, rehash=100, **at_once)
    assert report.findings == ()
    assert (report.counts["artifacts"], report.counts["unseen"], report.counts["read"], report.counts["objects"]) == (4, 0, 4, 4)


@on_moto
def test_lost_objects_are_recorded_as_gone_and_come_back_from_a_copy(s3_instance, saved, mended, tmp_path):
    saved("other.txt", b"stays")
    gone, copied = saved("a.txt", b"one"), saved("b.txt", b"the very same content, which is long enough")
    storage = ln.Storage(tmp_path / "second").save()
    ln.Artifact(tmp_path / "outside" / "b.txt", key="c.txt", storage=storage).save()
    for artifact in (gone, copied):
        artifact.path.unlink()
    report = mended(s3_instance)
    assert {f.subject: (f.kind, f.repaired) for f in report.findings} == {gone.uid: (Kind.MISSING, False), copied.uid: (Kind.MISSING, True)}
    with pytest.raises(BytesGone):
        ln.Artifact.get(gone.uid).load()
    assert ln.Artifact.get(copied.uid).load() == "the very same content, which is long enough"


@on_moto
@pytest.mark.parametrize(("data", "rehash"), [(b"longer than it was", 0), (b"ONE", 100)], ids=["other size", "other bytes"])
def test_wrong_bytes_move_to_lost_and_found_and_are_never_served(s3_instance, saved, mended, data, rehash):
    artifact = saved("a.txt", b"one")
    artifact.path.write_bytes(data)
    (finding,) = mended(s3_instance, rehash=rehash).findings
    assert (finding.kind, finding.subject, finding.repaired) == (Kind.WRONG, artifact.uid, False)
    assert [seen.size for seen in lost(s3_instance).objects.values()] == [len(data)]
    with pytest.raises(BytesGone):
        ln.Artifact.get(artifact.uid).load()
    assert saved("a.txt", b"one").load() == "one"


@on_moto
def test_a_folder_that_lost_an_object_is_wrong_and_comes_back_when_saved_again(s3_instance, saved_folder, mended, tmp_path):
    (saved_folder.path / "deep" / "b").unlink()
    (finding,) = mended(s3_instance).findings
    assert (finding.kind, finding.subject) == (Kind.WRONG, saved_folder.uid)
    again = ln.Artifact(tmp_path / "outside" / "f", key="f").save()
    assert hash_path(again.cache()).id == saved_folder.hash
    assert examine(s3_instance, rehash=100).findings == ()


def test_objects_and_folders_that_no_record_names_move_away_and_back(s3_instance, saved, saved_folder, sql, mended, kinds, at_once):
    artifact = saved("a.txt", b"one")
    for record in (artifact, saved_folder):
        sql(s3_instance, "update artifact set relpath = 'elsewhere', state = 'gone' where id = :id", id=record.id)
    assert kinds(s3_instance) == []
    assert [f.kind for f in mended(s3_instance, **at_once).findings] == [Kind.ORPHAN, Kind.ORPHAN]
    assert len(lost(s3_instance).names) == 3
    for record in (artifact, saved_folder):
        sql(s3_instance, "update artifact set relpath = :place, state = 'stored' where id = :id", id=record.id, place=record.relpath)
    assert [(f.kind, f.repaired) for f in mended(s3_instance).findings] == [(Kind.MISSING, True)] * 2
    assert hash_path(ln.Artifact.get(saved_folder.uid).cache()).id == saved_folder.hash


@on_moto
def test_an_orphan_that_is_saved_again_meanwhile_stays(s3_instance, saved, sql, at_once):
    artifact = saved("a.txt", b"one")
    sql(s3_instance, "delete from artifact where id = :id", id=artifact.id)
    report = examine(s3_instance, **at_once)
    assert [f.kind for f in report.findings] == [Kind.ORPHAN]
    again = saved("a.txt", b"one")
    repair(s3_instance, report)
    assert again.load() == "one"
    assert lost(s3_instance).names == ()


def test_uploads_that_never_ended_are_named_and_given_up(s3_instance, saved, mended, at_once):
    artifact = saved("a.txt", b"one")
    root = Root.parse(s3_instance.config.storage_root)
    theirs, ours = root.path("theirs.bin"), artifact.path.parent / ("0" * 62 + ".bin")
    for path in (theirs, ours):
        start_upload(path)
    (upload,) = [u for u in unfinished(root.path()) if u.name != "theirs.bin"]
    assert datetime.now(UTC) - upload.moved_at < timedelta(minutes=5)
    assert examine(s3_instance).findings == ()
    (finding,) = mended(s3_instance, **at_once).findings
    assert (finding.kind, finding.subject, finding.repaired) == (Kind.UPLOAD, str(ours), True)
    assert [u.name for u in unfinished(root.path())] == ["theirs.bin"]


@on_moto
def test_a_folder_into_which_an_upload_goes_on_is_no_stray(s3_instance, saved):
    artifact = saved("a.txt", b"one")
    folder = artifact.path.parent / ("0" * 62)
    (folder / "first").write_bytes(b"1")
    start_upload(folder / "large.bin")
    # The part came a moment ago, and so did the file; with a grace that both are past, each is found.
    assert [f.kind for f in examine(s3_instance).findings] == []
    assert sorted(f.kind for f in examine(s3_instance, grace=timedelta(0)).findings) == [Kind.ORPHAN, Kind.UPLOAD]


@on_moto
def test_an_object_in_place_that_changed_is_recorded_as_overwritten(s3_instance, mended):
    root = Root.parse(s3_instance.config.storage_root)
    kept, changed = root.path("raw/kept.txt"), root.path("raw/changed.txt")
    for path in (kept, changed):
        path.write_bytes(b"as it was")
    etags = [ln.Artifact(str(path), key=path.name, read=False).save() for path in (kept, changed)]
    assert all(artifact.hash.startswith("etag:") for artifact in etags)
    changed.write_bytes(b"As It Was")
    (finding,) = mended(s3_instance).findings
    assert (finding.kind, finding.subject, finding.repaired) == (Kind.OVERWRITTEN, etags[1].uid, True)
    assert etags[0].load() == "as it was"


@on_moto
def test_a_server_that_does_not_answer_says_nothing_about_its_artifacts(s3_instance, saved, monkeypatch):
    artifact = saved("a.txt", b"one")
    monkeypatch.setattr("lignin.instance.fsck.places.root_of", lambda storage: Root(url=storage.root, endpoint="http://127.0.0.1:9"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    report = repair(s3_instance, examine(s3_instance, rehash=100))
    assert [(f.kind, f.repaired) for f in report.findings] == [(Kind.UNREACHABLE, False)]
    assert report.counts["unseen"] == 1
    assert artifact.load() == "one"


@on_moto
def test_an_empty_bucket_is_not_believed(s3_instance, saved):
    artifact = saved("a.txt", b"one")
    artifact.path.fs.rm_file(artifact.path.path)
    assert [f.kind for f in examine(s3_instance).findings] == [Kind.UNREACHABLE]


def test_a_listing_finds_what_lies_below_a_name_and_not_beside_it():
    names = ("a", "a.b/x", "a/x", "a/y/z", "ab")
    listing = Listing(names=names, objects={name: Seen(size=1, mtime_ns=5, is_folder=False, etag=name) for name in names})
    assert [name for name, _ in listing.below("a")] == ["a/x", "a/y/z"]
    assert listing.seen("a.b") == Seen(size=1, mtime_ns=5, is_folder=True, n_files=1)
    assert listing.seen("c") is None
