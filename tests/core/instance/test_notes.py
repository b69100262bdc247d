"""Notes on any record: versions of a page, comments, and what becomes of them."""

import pytest

import lignin as ln
from lignin.base.errors import Locked, NotFound, UsageError
from lignin.model import Note


def test_a_page_has_versions_and_the_same_text_is_none(instance):
    label = ln.ULabel(name="batch 7").save()
    assert label.notes.readme is None
    label.notes.readme = "# Batch 7\n\nFrozen in May."
    first = label.notes.write("# Batch 7\n\nFrozen in May.")
    label.notes.readme = "# Batch 7\n\nThawed in June."
    assert label.notes.readme.endswith("June.")
    assert [note.content[-5:] for note in label.notes.versions()] == ["June.", " May."]
    assert label.notes.versions()[1].uid == first.uid
    # Another record of the same id elsewhere has none of them.
    assert ln.Project(name="P").save().notes.readme is None


def test_comments_come_in_their_order_and_anything_takes_them(instance):
    records = [ln.Feature(name="dose", dtype="float"), ln.Record(name="S1"), ln.Reference(name="Paper"), ln.Project(name="P"), ln.Transform(key="a.py")]
    for record in records:
        record.save()
        for text in ("first", "second"):
            record.notes.comment(text)
        assert [note.content for note in record.notes.comments] == ["first", "second"]
    assert ln.User.get(handle=records[0].created_by.handle).notes.comment("hello").created_by_id == instance.user_id
    assert ln.Branch.get(name="main").notes.readme is None


def test_describe_tells_the_first_line_and_asks_no_more_for_it(instance):
    label = ln.ULabel(name="batch 7").save()
    assert "notes" not in label.describe()
    label.notes.comment("Where is it?")
    assert "notes: 1 comment" in label.describe()
    label.notes.readme = "\n# Batch 7\n\nFrozen in May."
    assert "notes: # Batch 7 (1 comment)" in " ".join(label.describe().replace("…", "").split())


def test_what_is_no_note_is_refused(instance):
    label = ln.ULabel(name="batch 7").save()
    for wrong in ("", "  \n", None, 5, "a\0b", "\ud800"):
        with pytest.raises(UsageError):
            label.notes.write(wrong)
    with pytest.raises(UsageError, match="save this ULabel"):
        ln.ULabel(name="new").notes.comment("x")
    note = label.notes.comment("x")
    with pytest.raises(UsageError, match="no notes of its own"):
        note.notes.comment("y")
    note.content = "z"
    with pytest.raises(UsageError):
        note.save()
    label.is_locked = True
    label.save()
    with pytest.raises(Locked):
        label.notes.comment("y")


def test_notes_go_with_their_record_and_not_before(instance):
    label, other = ln.ULabel(name="a").save(), ln.ULabel(name="b").save()
    for one in (label, other):
        one.notes.readme = "# Page"
    gone = ln.ULabel.get(name="a")
    label.delete()
    assert gone.notes.readme == "# Page"
    gone.delete(permanent=True)
    assert [note.target_id for note in Note.all()] == [other.id]
    with pytest.raises(NotFound, match="deleted"):
        label.notes.comment("too late")


def test_secrets_are_taken_out_of_notes(instance):
    label = ln.ULabel(name="a").save()
    label.notes.comment("connect with postgresql://me:hunter2secret@db/x")
    assert "hunter2secret" not in label.notes.comments.one().content
