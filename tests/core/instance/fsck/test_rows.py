"""The catalogue against itself: families, producers, origins, references, the file."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

import lignin as ln
from lignin.base.clock import now
from lignin.instance.fsck import Kind, examine, examine_file, repair
from lignin.instance.open import open_instance
from lignin.instance.record import CatalogueRecorder
from lignin.recording import FileRef, Produced, RunKey, Started


def latest_of(instance, table, key):
    with instance.database.engine.connect() as connection:
        return connection.execute(text(f"select uid from {table} where key = :k and is_latest order by uid"), {"k": key}).scalars().all()


def test_a_family_without_a_latest_gets_its_newest(instance, kept, sql, mended):
    kept("a.txt", "one")
    newest = kept("a.txt", "two")
    sql(instance, "update artifact set is_latest = :no where key = 'a.txt'", no=False)
    (finding,) = mended(instance).findings
    assert (finding.kind, finding.subject, finding.repaired) == (Kind.LATEST, "key:a.txt", True)
    assert latest_of(instance, "artifact", "a.txt") == [newest.uid]


def test_a_family_with_two_latest_keeps_one(instance, kept, sql, mended):
    kept("a.txt", "one")
    newest = kept("a.txt", "two")
    sql(instance, "drop index uq_artifact_family_latest")
    sql(instance, "update artifact set is_latest = :yes where key = 'a.txt'", yes=True)
    assert [f.kind for f in mended(instance).findings] == [Kind.LATEST]
    assert latest_of(instance, "artifact", "a.txt") == [newest.uid]


def test_families_of_code_and_collections_are_looked_at_too(instance, kept, sql, mended):
    for code in ("x = 1\n", "x = 2\n"):
        ln.track(key="script.py", kind="script", source_code=code)
        ln.finish()
    ln.Collection([kept("a.txt", "one")], key="few").save()
    ln.Collection([kept("a.txt", "one"), kept("b.txt", "two")], key="few").save()
    before = {table: latest_of(instance, table, key) for table, key in (("transform", "script.py"), ("collection", "few"))}
    for table in ("transform", "collection"):
        sql(instance, f"update {table} set is_latest = :no", no=False)
    report = mended(instance)
    assert sorted(f.subject for f in report.findings if f.kind is Kind.LATEST) == ["code::script.py", "key:few"]
    assert {table: latest_of(instance, table, key) for table, key in (("transform", "script.py"), ("collection", "few"))} == before


def test_families_of_nameless_artifacts_and_of_places_are_looked_at_too(instance, kept, sql, mended):
    kept(None, "nameless")
    run = RunKey(engine="snakemake", scope="s", id="1")
    path = Path("out.txt").absolute()
    recorder = CatalogueRecorder(instance)
    recorder.record(Started(run=run, name="rule", at=now()))
    for content in ("one", "three"):
        path.write_text(content)
        ref = FileRef(uri=path.as_uri(), size=len(content), mtime_ns=path.stat().st_mtime_ns, content_id="b3:" + content.encode().hex().zfill(64))
        recorder.record(Produced(run=run, ref=ref))
    (before,) = latest_of(instance, "artifact", "out.txt")
    sql(instance, "update artifact set is_latest = :no", no=False)
    report = mended(instance)
    assert {f.subject.partition(":")[0] for f in report.findings if f.kind is Kind.LATEST} == {"uid", "loc"}
    assert latest_of(instance, "artifact", "out.txt") == [before]


def test_producers_follow_the_claims_again(instance, kept, sql, mended):
    ln.track(key="script.py", kind="script", source_code="x = 1\n")
    made = kept("a.txt", "one")
    run = ln.Run.get(made.run_id)
    ln.finish()
    unmade = kept("b.txt", "two")
    sql(instance, "update artifact set run_id = null where id = :id", id=made.id)
    sql(instance, "update artifact set run_id = :run where id = :id", id=unmade.id, run=run.id)
    report = mended(instance)
    assert {f.subject for f in report.findings if f.kind is Kind.PRODUCER} == {made.uid, unmade.uid}
    assert ln.Artifact.get(made.uid).run_id == run.id
    assert ln.Artifact.get(unmade.uid).run_id is None


def test_origins_follow_the_claims_again(instance, kept, sql, mended):
    content = "a content that is long enough not to be alike by chance"
    ln.track(key="script.py", kind="script", source_code="x = 1\n")
    made = kept("a.txt", content)
    ln.finish()
    copy, other = kept("copy.txt", content), kept("other.txt", "another content that is long enough")
    assert ln.Artifact.get(copy.uid).origin_id == made.id
    sql(instance, "update artifact set origin_id = null where id = :id", id=copy.id)
    sql(instance, "update artifact set origin_id = :made where id = :id", id=other.id, made=made.id)
    assert {f.subject for f in mended(instance).findings} == {copy.uid, other.uid}
    assert ln.Artifact.get(copy.uid).origin_id == made.id
    assert ln.Artifact.get(other.uid).origin_id is None


DANGLING = (
    ("update artifact set run_id = 999", "artifact.run_id", True),
    ("update artifact set branch_id = 999", "artifact.branch_id", True),
    ("update artifact set space_id = 999", "artifact.space_id", True),
    ("update run set transform_id = 999", "run.transform_id", True),
    ("insert into run_input (run_id, artifact_id, role) values (998, 999, '')", "run_input.artifact_id", True),
    ("insert into artifact_ulabel (artifact_id, ulabel_id) values (1, 999)", "artifact_ulabel.ulabel_id", True),
    ("update artifact set storage_id = 999", "artifact.storage_id", False),
    ("update collection_artifact set artifact_id = 999", "collection_artifact.artifact_id", False),
)


@pytest.mark.parametrize(("damage", "subject", "repairable"), DANGLING)
def test_references_that_lead_nowhere_are_found(instance, kept, sql, mended, damage, subject, repairable):
    ln.track(key="script.py", kind="script", source_code="x = 1\n")
    artifact = kept("a.txt", "one")
    ln.Collection([artifact], key="one").save()
    ln.finish()
    if instance.database.is_sqlite:
        with sqlite3.connect(instance.database.engine.url.database) as connection:
            connection.execute(damage)
    else:
        sql(instance, damage)
    found = [f for f in examine(instance).findings if f.kind is Kind.DANGLING]
    assert subject in {f.subject for f in found}
    assert {f.repairable for f in found if f.subject == subject} == {repairable}
    mended(instance, left=() if repairable else ("dangling",))
    if repairable:
        assert ln.Artifact.get(artifact.uid).load() == "one"


def test_an_index_that_disagrees_with_its_table_is_made_anew(sqlite_instance, kept, mended):
    for number in range(10):
        kept(f"{number}.txt", f"content {number}")
    sqlite_instance.close()
    with sqlite3.connect(sqlite_instance.database.engine.url.database) as connection:
        # Filled by another column than it will say it is of.
        connection.execute("pragma writable_schema = on")
        connection.execute("update sqlite_master set sql = replace(sql, '(\"key\")', '(uid)') where name = 'ix_artifact_key'")
        connection.execute("update sqlite_master set sql = replace(sql, '(key)', '(uid)') where name = 'ix_artifact_key'")
        connection.commit()
        connection.execute("pragma writable_schema = reset")
        connection.execute("reindex ix_artifact_key")
        connection.execute("pragma writable_schema = on")
        connection.execute("update sqlite_master set sql = replace(sql, '(uid)', '(key)') where name = 'ix_artifact_key'")
        connection.commit()
        connection.execute("pragma writable_schema = reset")
    report = mended(sqlite_instance)
    assert report.findings
    assert {(f.kind, f.repairable, f.repaired) for f in report.findings} == {(Kind.DATABASE, True, True)}
    assert ln.Artifact.get(key="3.txt").load() == "content 3"


def test_a_damaged_file_is_said_and_left_alone(sqlite_instance, kept):
    for number in range(200):
        kept(f"{number}.txt", f"content {number}")
    sqlite_instance.close()
    path = Path(sqlite_instance.database.engine.url.database)
    with sqlite3.connect(path) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    with path.open("r+b") as stream:
        # Pages in the middle; the first ones, with the schema, stay.
        stream.seek(path.stat().st_size // 2)
        stream.write(b"\xff" * 16384)
    opened = open_instance(sqlite_instance.config)
    report = repair(opened, examine(opened))
    opened.close()
    assert report.findings
    assert {(f.kind, f.repaired) for f in report.findings} == {(Kind.DATABASE, False)}
    assert any(not f.repairable for f in report.findings)


def test_a_file_that_cant_be_opened_is_said_too(sqlite_instance, kept):
    kept("a.txt", "one")
    sqlite_instance.close()
    path = Path(sqlite_instance.database.engine.url.database)
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    (finding,) = examine_file(sqlite_instance.config).findings
    assert (finding.kind, finding.subject, finding.repairable) == (Kind.DATABASE, str(path), False)


def test_notes_on_what_is_gone_are_found_and_removed(instance, sql, mended):
    gone, there = ln.ULabel(name="gone").save(), ln.ULabel(name="there").save()
    for label in (gone, there):
        label.notes.readme = "a page"
        label.notes.comment("a comment")
    sql(instance, "delete from ulabel where name = 'gone'")
    (finding,) = [f for f in examine(instance).findings if f.kind is Kind.DANGLING]
    assert (finding.subject, finding.problem) == ("note.target_id", "2 of its rows name a ULabel that is not there")
    mended(instance)
    assert not [f for f in examine(instance).findings if f.kind is Kind.DANGLING]
    assert there.notes.readme == "a page"
    assert there.notes.comments.count() == 1


def test_values_whose_feature_is_gone_are_found_and_removed(instance, kept, sql, mended):
    for name in ("gone", "there"):
        ln.Feature(name=name, dtype=int).save()
    artifact = kept("a.txt", "one", features={"gone": 1, "there": 2})
    if instance.database.is_sqlite:
        with sqlite3.connect(instance.database.engine.url.database) as connection:
            connection.execute("delete from feature where name = 'gone'")
    else:
        sql(instance, "delete from feature where name = 'gone'")
    assert artifact.features.get_values() == {"there": 2}
    assert "artifact_value.feature_id" in {f.subject for f in examine(instance).findings}
    mended(instance)
    assert not examine(instance).findings
    assert ln.Artifact.get(key="a.txt").features.get_values() == {"there": 2}
