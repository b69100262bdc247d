"""A uid that named one thing never comes to name another, and whoever asks for a deleted one is told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

import lignin as ln
from lignin.base.errors import NotFound
from lignin.base.settings import host_name
from lignin.instance.beginning import _after
from lignin.instance.copies.tables import catalogue_tables
from lignin.instance.record import CatalogueRecorder
from lignin.recording import Code, FileRef, Produced, RunKey, Started

AT = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def saved(content, **options):
    Path("file.txt").write_text(content)
    return ln.Artifact("file.txt", **options).save()


def told(instance, run, content, *, mtime):
    key = RunKey(engine="e", scope="w", id=run)
    ref = FileRef(uri=f"file://{Path.cwd()}/report.tsv", host=host_name(), size=64, mtime_ns=mtime, content_id=content and "b3:" + content * 64)
    CatalogueRecorder(instance).record_many([Started(run=key, name=run, at=AT), Produced(run=key, ref=ref)])


def test_the_version_after_a_deleted_one_has_another_uid(instance):
    one, two = saved("one", key="a.txt"), saved("two", key="a.txt")
    two.delete(permanent=True)
    three = saved("three", key="a.txt")
    assert (one.version, two.version, three.version) == ("0000", "0001", "0002")
    three.delete(permanent=True)
    assert saved("four", revises=one).version == "0003"


def test_the_same_holds_for_collections(instance):
    one = saved("one", key="a.txt")
    saved("two", key="a.txt").delete(permanent=True)
    Path("b.txt").write_text("three")
    made = ln.Artifact("b.txt", key="a.txt").save()
    assert made.version == "0002"
    first = ln.Collection([one], key="set").save()
    second = ln.Collection([one, made], key="set").save()
    second.delete(permanent=True)
    third = ln.Collection([made], key="set").save()
    assert (first.version, third.version) == ("0000", "0002")


def test_the_same_holds_for_files_that_engines_tell_of(instance):
    told(instance, "a", "a", mtime=1)
    told(instance, "b", "b", mtime=2)
    ln.Artifact.get(uid__endswith="0001").delete(permanent=True)
    told(instance, "c", "c", mtime=3)
    assert sorted(artifact.version for artifact in ln.Artifact.filter(key="report.tsv")) == ["0000", "0002"]


def test_a_pinned_transform_that_was_deleted_goes_on_with_its_next_version(instance):
    def track(source):
        code = Code(key="script.py", kind="script", hash=source * 8, source=source)
        return instance.start_run(code=code, transform_uid="Abcdefghijkl").transform

    first = track("one")
    assert first.uid == "Abcdefghijkl0000"
    for run in first.runs:
        run.delete(permanent=True)
    first.delete(permanent=True)
    assert track("two").uid == "Abcdefghijkl0001"


def test_who_asks_for_what_was_deleted_is_told_so(instance):
    one = saved("one", key="a.txt")
    one.delete(permanent=True)
    for asked in (one.uid, one.stem_uid, one.uid[:8]):
        with pytest.raises(NotFound, match=rf"^Artifact {one.uid} \(a\.txt\) was deleted for good on \d{{4}}-.* UTC by \w+\.$"):
            ln.Artifact.get(asked)
    with pytest.raises(NotFound, match="there is no Run for"):
        ln.Run.get(one.uid)
    label = ln.ULabel(name="gone").save()
    label.delete(permanent=True)
    with pytest.raises(NotFound, match=rf"ULabel {label.uid} \(gone\) was deleted for good"):
        ln.ULabel.get(label.uid)


def test_a_version_that_turned_out_to_be_another_says_which(instance):
    told(instance, "a", "a", mtime=1)
    told(instance, "b", None, mtime=2)
    unread = ln.Artifact.get(uid__endswith="0001")
    told(instance, "b", "a", mtime=2)
    kept = ln.Artifact.get(key="report.tsv")
    with pytest.raises(NotFound, match=f"^Artifact {unread.uid} turned out to be the same as {kept.uid}; use that one"):
        ln.Artifact.get(unread.uid)
    told(instance, "c", "c", mtime=3)
    assert ln.Artifact.get(key="report.tsv").version == "0002"


def test_what_names_things_is_compared_byte_by_byte_on_every_server(instance):
    if instance.database.is_sqlite:
        return
    columns = {(table.name, column.name) for table in catalogue_tables() for column in table.c if column.name in {"uid", "key", "hash", "family", "relpath", "stem"}}
    with instance.database.engine.connect() as connection:
        found = connection.execute(text("select table_name, column_name from information_schema.columns where table_schema = 'public' and collation_name = 'C'"))
        assert columns <= set(found.tuples())


@given(TEXTS, TEXTS)
def test_a_range_holds_just_the_texts_that_begin_with_its_prefix(prefix, other):
    after = _after(prefix) if prefix else None
    for value in (prefix + other, other):
        code = value.encode()
        assert (prefix.encode() <= code and (after is None or code < after.encode())) is value.startswith(prefix)


@pytest.mark.parametrize("prefix", ["a", "A_", "100%", "\ud7ff", "\U0010ffff", "x\U0010ffff"])
def test_texts_are_found_by_their_beginning_with_case_and_all(instance, prefix):
    keys = [f"{prefix}1.txt", f"{prefix}/2.txt", f"{prefix.swapcase()}3.txt" if prefix.swapcase() != prefix else "other.txt", "zz.txt"]
    for key in keys:
        saved(key, key=key)
    assert {artifact.key for artifact in ln.Artifact.filter(key__startswith=prefix)} == {key for key in keys if key.startswith(prefix)}


def test_a_uid_is_found_through_an_index(sqlite_instance):
    instance = sqlite_instance
    with instance.database.engine.connect() as connection:
        statement = str(ln.Artifact.filter(uid__startswith="abcd").statement().compile(connection, compile_kwargs={"literal_binds": True}))
        plan = " ".join(row[3] for row in connection.exec_driver_sql(f"explain query plan {statement}"))
    assert "USING INDEX" in plan and "uid>" in plan, plan
