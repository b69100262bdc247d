"""Payloads that a real Snakemake gave, and the events they became: kept, so that a change shows."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lignin.recording import FileRef, RefState, RunKey, RunStatus, dump, fold, load
from snakemake_lignin.translate import (
    CodeText,
    Job,
    Sighting,
    Workflow,
    end_job,
    end_workflow,
    job_key,
    start_job,
    start_workflow,
)

CAPTURED = json.loads((Path(__file__).parent / "payloads" / "trim_and_count.json").read_text())
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _code(fields):
    return fields and CodeText(**{**fields, "more": tuple(fields["more"])})


def _sightings(items):
    return tuple(Sighting(ref=FileRef(**{**i["ref"], "state": RefState(i["ref"]["state"])}), role=i["role"]) for i in items)


def _moment(fields):
    return {**fields, "at": datetime.fromisoformat(fields["at"])}


def _translate(captured):
    """Call what was called, with what was given."""
    args, options = captured["args"], captured["options"]
    match captured["call"]:
        case "start_workflow":
            return (start_workflow(Workflow(**_moment({**args[0], "code": _code(args[0]["code"])}))),)
        case "start_job":
            return start_job(Job(**_moment({**args[0], "code": _code(args[0]["code"]), "inputs": _sightings(args[0]["inputs"])})))
        case "end_job":
            files = {name: _sightings(options.pop(name, ())) for name in ("outputs", "late_inputs")}
            return end_job(RunKey(**args[0]), RunStatus(args[1]), **_moment(options), **files)
        case "end_workflow":
            return (end_workflow(args[0], RunStatus(args[1]), **_moment(options)),)


@pytest.mark.parametrize("captured", CAPTURED, ids=[f"{i}-{c['call']}" for i, c in enumerate(CAPTURED)])
def test_captured_payloads_give_the_events_they_gave(captured):
    assert [json.loads(dump(event)) for event in _translate({**captured, "options": dict(captured["options"])})] == captured["events"]


def test_order_and_repetition_of_events_change_nothing():
    events = [load(json.dumps(line)) for captured in CAPTURED for line in captured["events"]]
    expected = fold(events)
    for seed in range(20):
        shuffled = events * 2
        random.Random(seed).shuffle(shuffled)
        story = fold(shuffled)
        assert story.started == expected.started
        assert story.ended == expected.ended
        assert set(story.claims) == set(expected.claims)


def test_the_captured_story_is_a_success_with_one_failed_attempt():
    story = fold(load(json.dumps(line)) for captured in CAPTURED for line in captured["events"])
    statuses = {(story.started[run].name, run.attempt): ended.status.value for run, ended in story.ended.items()}
    assert statuses == {
        ("Snakefile", 1): "completed",
        ("trim", 1): "completed",
        ("count", 1): "failed",
        ("count", 2): "completed",
        ("all", 1): "completed",
    }


def test_files_that_are_not_there_at_the_start_are_not_claimed_then():
    gone = Sighting(ref=FileRef(uri="file:///x", host="h", state=RefState.MISSING), role="r")
    assert len(start_job(Job(workflow="w", id=1, attempt=1, rule="r", at=NOON, inputs=(gone,)))) == 1
    used, ended = end_job(job_key("w", 1, attempt=1), RunStatus.COMPLETED, at=NOON, late_inputs=(gone,))
    assert (used.ref, used.role, ended.status) == (gone.ref, "r", RunStatus.COMPLETED)


def test_secrets_are_redacted_in_params_code_and_errors():
    started, *_ = start_job(
        Job(workflow="w", id=1, attempt=1, rule="r", at=NOON, params={"password": "hush hush"}, code=CodeText(key="k", text="curl --token abcdefgh1234 x"))
    )
    ended = end_workflow("w", RunStatus.FAILED, at=NOON, error="failed: curl --token abcdefgh1234 x")
    assert started.params == {"password": "***"}
    assert "abcdefgh" not in started.code.source + ended.error


def test_a_version_of_code_depends_on_its_environment_too():
    hashes = {
        start_job(Job(workflow="w", id=1, attempt=1, rule="r", at=NOON, code=CodeText(key="k", text="bwa mem", more=more)))[0].code.hash
        for more in ((), ("bwa=0.7.17",), ("bwa=0.7.18",))
    }
    assert len(hashes) == 3
