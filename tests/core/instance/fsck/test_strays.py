"""What lies in storage and no record names."""

from pathlib import Path

import lignin as ln
from lignin.instance.fsck import Kind, examine, repair


def lost(root):
    return sorted(path for path in (root / ".lignin" / "lost+found").rglob("*") if path.is_file())


def test_orphans_move_to_lost_and_found_and_are_never_deleted(instance, kept, sql, aged, mended):
    kept("a.txt", "one")
    artifact = kept("b.txt", "two")
    place, root = Path(artifact.path), Path(ln.Storage.get(role="managed").root)
    sql(instance, "delete from artifact where id = :id", id=artifact.id)
    aged(place)
    (finding,) = mended(instance).findings
    assert (finding.kind, finding.subject, finding.repaired) == (Kind.ORPHAN, str(place), True)
    (moved,) = lost(root)
    assert moved.read_text() == "two"
    assert ln.Artifact.get(key="a.txt").load() == "one"


def test_young_strays_are_left_alone(instance, kept, sql, kinds, at_once):
    artifact = kept("b.txt", "two")
    sql(instance, "delete from artifact where id = :id", id=artifact.id)
    assert kinds(instance) == []
    assert kinds(instance, **at_once) == ["orphan"]


def test_unfinished_copies_of_files_and_folders_move_away(instance, kept, aged, mended):
    place = Path(kept("a.txt", "one").path)
    file, folder = place.with_name(f".{place.name}.abc123.part"), place.with_name(f".{'0' * 62}.abc123.part")
    file.write_text("on")
    folder.mkdir()
    (folder / "x").write_text("x")
    aged(file)
    aged(folder)
    assert [f.kind for f in mended(instance).findings] == [Kind.DRAFT, Kind.DRAFT]
    assert not file.exists()
    assert not folder.exists()


def test_a_folder_that_is_still_being_filled_is_young(instance, kept, aged, kinds):
    place = Path(kept("a.txt", "one").path)
    folder = place.with_name(f".{'0' * 62}.abc123.part")
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "x").write_text("x")
    aged(folder)
    (folder / "deep" / "x").write_text("xx")
    assert kinds(instance) == []


def test_what_is_in_the_trash_is_no_stray(instance, kept, aged, kinds):
    artifact = kept("a.txt", "one")
    aged(artifact.path)
    artifact.delete()
    assert kinds(instance) == []


def test_what_is_not_named_as_lignin_names_is_left_alone(instance, kept, aged, kinds):
    place = Path(kept("a.txt", "one").path)
    for path in (place.parents[1] / "notes.txt", place.with_name("notes.txt"), place.parents[1] / "zz" / ("0" * 62)):
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
        aged(path)
    assert kinds(instance) == []


def test_an_orphan_that_is_saved_again_meanwhile_stays(instance, kept, sql, aged):
    artifact = kept("b.txt", "two")
    place = Path(artifact.path)
    sql(instance, "delete from artifact where id = :id", id=artifact.id)
    aged(place)
    report = examine(instance)
    assert [f.kind for f in report.findings] == [Kind.ORPHAN]
    again = kept("b.txt", "two")
    repair(instance, report)
    assert again.load() == "two"


def test_storage_in_the_instance_folder_itself_shows_no_strays(instance, aged, kinds, tmp_path):
    root = Path.cwd()
    ln.Storage(root).save()
    source = tmp_path / "b.txt"
    source.write_text("b")
    artifact = ln.Artifact(source, key="b.txt", storage=ln.Storage.get(root=str(root))).save()
    assert Path(artifact.path).is_relative_to(root / ".lignin")
    aged(root / ".lignin")
    assert kinds(instance) == []


def test_instances_that_share_a_storage_leave_each_others_bytes_alone(instance, aged, mended, sql, tmp_path):
    shared = tmp_path / "shared"
    storage = ln.Storage(shared).save()
    source = tmp_path / "b.txt"
    source.write_text("b")
    own, lost_one = (ln.Artifact(source, key=f"{name}.txt", storage=storage).save() for name in ("own", "lost"))
    theirs = shared / ".lignin" / "another12345" / "ab" / ("0" * 62)
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    sql(instance, "delete from artifact")
    aged(shared)
    assert own.path == lost_one.path
    (finding,) = mended(instance).findings
    assert finding.subject == str(own.path)
    assert theirs.read_text() == "theirs"
