"""A heap of events says the same in any order, however often each was told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lignin.recording import (
    Ended,
    FileRef,
    Produced,
    RefState,
    RunKey,
    RunStatus,
    Started,
    Used,
    fold,
)
from lignin.testing import canonical

RUN = RunKey(engine="e", scope="s", id="1")
OTHER = replace(RUN, id="2")
AT = datetime(2026, 1, 1, tzinfo=UTC)
REF = FileRef(uri="file:///a", host="h", size=1, mtime_ns=1)
READ = replace(REF, content_id="b3:1")


def told(events):
    story = fold(events)
    return canonical(story), frozenset(story.runs())


@given(st.data())
def test_order_and_repetition_do_not_matter(made_up, data):
    events = data.draw(st.lists(made_up.meeting | made_up.any, max_size=8))
    again = data.draw(st.permutations([*events, *data.draw(st.lists(st.sampled_from(events), max_size=4) if events else st.just([]))]))
    assert told(again) == told(events)


@given(st.data())
def test_sightings_of_one_file_merge_alike_in_any_order(made_up, data):
    sightings = [Used(run=RUN, ref=ref) for ref in data.draw(st.lists(made_up.sightings, min_size=2, max_size=5))]
    story = fold(sightings)
    assert fold(data.draw(st.permutations(sightings))).claims == story.claims
    assert len(story.claims) == 1 + ({claim.ref.state for claim in story.claims} == {RefState.CHANGED, RefState.TEMPORARY})


def test_the_later_telling_of_a_start_counts():
    first = Started(run=RUN, name="first", at=AT, parent=OTHER)
    later = Started(run=RUN, name="later", at=AT + timedelta(seconds=1))
    for events in ([first, later], [later, first]):
        story = fold(events)
        assert story.started[RUN] == later
        assert set(story.runs()) == {RUN, OTHER}


def test_what_the_engine_said_beats_what_silence_said():
    crashed = Ended(run=RUN, status=RunStatus.CRASHED, at=AT + timedelta(hours=1))
    failed = Ended(run=RUN, status=RunStatus.FAILED, at=AT)
    undone = Ended(run=RUN, status=RunStatus.ROLLED_BACK, at=AT)
    assert fold([crashed, failed]).ended[RUN] == failed
    assert fold([undone, failed, crashed]).ended[RUN] == undone


def test_a_sighting_with_content_completes_one_without():
    assert [c.ref for c in fold([Used(run=RUN, ref=READ), Used(run=RUN, ref=REF)]).claims] == [READ]


def test_a_rewritten_file_is_another_claim():
    assert len(fold([Produced(run=RUN, ref=REF), Produced(run=RUN, ref=replace(REF, mtime_ns=2))]).claims) == 2


def test_reading_and_writing_are_two_claims():
    assert len(fold([Produced(run=RUN, ref=REF), Used(run=RUN, ref=REF)]).claims) == 2


def test_a_temporary_file_stays_temporary_when_it_was_read():
    story = fold([Produced(run=RUN, ref=replace(REF, state=RefState.TEMPORARY)), Produced(run=RUN, ref=READ)])
    assert story.claims[0].ref == replace(READ, state=RefState.TEMPORARY)


def test_a_changed_file_claims_no_content_over_one_that_was_read():
    changed = replace(REF, state=RefState.CHANGED)
    assert fold([Produced(run=RUN, ref=changed), Produced(run=RUN, ref=REF)]).claims[0].ref == changed
    assert fold([Produced(run=RUN, ref=changed), Produced(run=RUN, ref=READ)]).claims[0].ref == READ


def test_a_file_that_somebody_missed_is_gone_though_somebody_read_it():
    missing = replace(REF, state=RefState.MISSING)
    assert fold([Produced(run=RUN, ref=READ), Produced(run=RUN, ref=missing)]).claims[0].ref == replace(READ, state=RefState.MISSING)
