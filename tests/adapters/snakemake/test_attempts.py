from datetime import UTC, datetime

import pytest

from lignin.recording import RunStatus
from snakemake_lignin.attempts import (
    Attempts,
    Member,
    judge_group,
    judge_workflow,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_each_start_of_a_job_is_another_attempt():
    attempts = Attempts()
    for number in (1, 2, 3):
        assert attempts.begin(7, NOON) is None
        attempt, before = attempts.detail(7, NOON)
        assert (attempt.number, before) == (number, None)
        attempts.end(attempt, RunStatus.FAILED if number < 3 else RunStatus.COMPLETED)
    assert attempts.all_well


def test_a_start_without_an_end_before_it_hands_back_the_attempt_that_nobody_ended():
    attempts = Attempts()
    attempts.begin(7, NOON)
    first, _ = attempts.detail(7, NOON)
    assert attempts.begin(7, NOON) is first
    assert attempts.open[7].number == 2


def test_members_of_a_group_start_with_their_details():
    attempts = Attempts()
    first, before = attempts.detail(3, NOON)
    second, unended = attempts.detail(3, NOON)
    assert (first.number, before) == (1, None)
    assert (second.number, unended) == (2, first)


def _member(number, *needs, made):
    return Member(id=number, needs=frozenset(needs), made=made)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([_member(1, made=True), _member(2, 1, made=False), _member(3, 2, made=False)], ["rolled back", "failed", "skipped"]),
        ([_member(1, made=False), _member(2, 1, made=False)], ["failed", "skipped"]),
        ([_member(1, made=None), _member(2, 1, made=False)], ["failed", "failed"]),
        ([_member(1, 9, made=True), _member(2, 9, made=True)], ["rolled back", "rolled back"]),
    ],
    ids=["middle", "first", "pipe", "none"],
)
def test_a_failed_group_is_judged_by_the_files_its_members_made(members, expected):
    verdicts = judge_group(members)
    assert [verdicts[m.id].value for m in members] == expected


def _attempts(*statuses):
    attempts = Attempts()
    for number, status in enumerate(statuses):
        attempt, _ = attempts.detail(number, NOON)
        attempts.end(attempt, status)
    return attempts


@pytest.mark.parametrize(
    ("statuses", "error", "stopped", "unfinished", "expected"),
    [
        ([], None, False, False, "completed"),
        ([RunStatus.COMPLETED, RunStatus.SKIPPED], None, False, False, "completed"),
        ([RunStatus.COMPLETED, RunStatus.FAILED], None, False, False, "failed"),
        ([RunStatus.COMPLETED], "WorkflowError", False, False, "failed"),
        ([RunStatus.COMPLETED], None, False, True, "crashed"),
        ([RunStatus.CANCELLED], "WorkflowError", True, True, "cancelled"),
        ([RunStatus.COMPLETED], None, True, False, "completed"),
    ],
)
def test_the_end_of_a_workflow_is_judged_from_its_jobs(statuses, error, stopped, unfinished, expected):
    assert judge_workflow(_attempts(*statuses), error=error, stopped=stopped, unfinished=unfinished).value == expected
