"""A catalogue that was only ever used as it should be shows no finding, whatever was done in which order."""

import pytest

import lignin as ln
from lignin.base.clock import now
from lignin.instance.fsck import examine
from lignin.instance.record import CatalogueRecorder
from lignin.recording import FileRef, Produced, RunKey, Started, Used

CONTENT = "a content that is long enough to have an origin"


@pytest.fixture
def track():
    return lambda: ln.track(key="script.py", kind="script", source_code="x = 1\n")


def found(instance):
    return [(f.kind.value, f.subject, f.problem) for f in examine(instance, rehash=100).findings]


def test_a_copy_that_is_first_used_after_its_like_was_made(instance, kept, track):
    copy = kept("b.txt", CONTENT)
    track()
    made = kept("a.txt", CONTENT)
    ln.finish()
    track()
    ln.Artifact.get(copy.uid).load()
    ln.finish()
    assert ln.Artifact.get(copy.uid).origin_id == made.id
    assert found(instance) == []


@pytest.mark.parametrize("permanent", [False, True])
def test_an_origin_that_is_deleted_hands_over_to_the_next(instance, kept, track, permanent):
    track()
    first, second = kept("a.txt", CONTENT), kept("b.txt", CONTENT)
    ln.finish()
    copy = kept("c.txt", CONTENT)
    assert ln.Artifact.get(copy.uid).origin_id == first.id
    first.delete(permanent=permanent)
    assert ln.Artifact.get(copy.uid).origin_id == second.id
    assert found(instance) == []


def test_an_origin_that_comes_back_from_the_trash(instance, kept, track):
    track()
    made = kept("a.txt", CONTENT)
    ln.finish()
    made.delete()
    copy = kept("c.txt", CONTENT)
    assert ln.Artifact.get(copy.uid).origin_id is None
    made.restore()
    assert ln.Artifact.get(copy.uid).origin_id == made.id
    assert found(instance) == []


def test_what_a_run_copied_is_no_origin_of_what_it_copied(instance, kept, track):
    raw = kept("raw.txt", CONTENT)
    track()
    raw.load()
    kept("raw.txt", CONTENT)
    kept("copy.txt", CONTENT)
    ln.finish()
    assert ln.Artifact.get(raw.uid).origin_id is None
    assert found(instance) == []


def test_a_rule_that_copies_a_file_is_no_origin_of_it(instance):
    run = RunKey(engine="snakemake", scope="s", id="1")
    content = "b3:" + "1" * 64
    raw, copy = (FileRef(uri=f"file:///elsewhere/{name}", host="node", size=100, mtime_ns=time, content_id=content) for name, time in (("raw", 1), ("copy", 2)))
    CatalogueRecorder(instance).record_many((Started(run=run, name="cp", at=now()), Used(run=run, ref=raw), Produced(run=run, ref=copy)))
    assert {a.key.rpartition("/")[2]: a.origin_id for a in ln.Artifact.all()} == {"raw": None, "copy": None}
    assert found(instance) == []


def test_nested_runs_that_make_and_make_again(instance, kept):
    @ln.step()
    def inner():
        kept("a.txt", CONTENT)
        kept("b.txt", CONTENT + "!").load()

    @ln.flow()
    def outer():
        inner()
        kept("a.txt", CONTENT).load()

    outer()
    outer()
    kept("c.txt", CONTENT + "!")
    assert found(instance) == []
