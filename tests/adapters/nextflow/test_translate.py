"""From what Nextflow says to events, on captures of a real one."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lignin.recording import RunKey, dump
from lignin.testing import AdapterContract
from lignin.testing.rules import canonical
from nextflow_lignin.account import gather, hash_in_path
from nextflow_lignin.lines import plain, read_lines
from nextflow_lignin.translate import Closing, Context

FLAKY_1, FLAKY_2 = "9fe968b215b8ea8f8c35cd8f3ef04347", "3465a254d6c18377c7a43a43a534cd8b"
UPPER_1 = "7ee354d819872805db06ea5dd28c28b5"


def closing(lines):
    return Context(closing=Closing(at=gather(lines)[0].last))


def data_of(lines):
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


class TestFirstRun(AdapterContract):
    """A capture with a failure, a retry, an ignored failure, files in and out and a secret parameter."""

    secrets = ("'abc'", '"abc"')

    @pytest.fixture(autouse=True)
    def _capture(self, lines_of, told):
        type(self).given = told(lines_of("first")).events

    def record(self, recorder):
        for event in self.given:
            recorder.record(event)


class TestResumedRun(AdapterContract):
    """Cached tasks, whose origins are known."""

    @pytest.fixture(autouse=True)
    def _capture(self, lines_of, told):
        lines = lines_of("resumed")
        first = RunKey(engine="nextflow", scope=lines[0]["run"]["sessionId"] + "/first", id=UPPER_1)
        type(self).given = told(lines, Context(origins={UPPER_1: first})).events

    def record(self, recorder):
        for event in self.given:
            recorder.record(event)


def test_each_attempt_is_a_run_with_its_end(lines_of, told):
    outcome = told(lines_of("first"))
    assert outcome.status(outcome.pipeline.run) == "completed"
    assert outcome.statuses() == {
        "DIR": ["completed"], "FLAKY": ["failed", "completed"], "JOIN": ["completed"], "MANY": ["completed"],
        "MAYFAIL (m1)": ["completed"], "MAYFAIL (m2)": ["failed"], "MAYFAIL (m3)": ["completed"], "NATIVE": ["completed"],
        "SHOUT (s1)": ["completed"], "SHOUT (s2)": ["completed"], "STORED": ["completed"], "UPPER (s1)": ["completed"], "UPPER (s2)": ["completed"],
    }  # fmt: skip
    first, second = outcome.starts("FLAKY")
    assert (first.info["attempt"], first.info["hash"], "retry_of" in first.info) == (1, FLAKY_1, False)
    assert (second.info["attempt"], second.info["hash"], second.info["retry_of"]) == (2, FLAKY_2, FLAKY_1)
    assert outcome.start("MAYFAIL (m2)").info["error_action"] == "IGNORE"
    assert outcome.start("JOIN").parent == outcome.pipeline.run


def test_a_run_tells_its_params_and_what_it_is(lines_of, told):
    started = told(lines_of("first")).pipeline
    assert started.params == {"secret_token": "***", "greeting": "hello", "sheet": "/launch/sheet.csv", "break_at": "none", "nap": 0, "outdir": "pub"}
    assert started.run == RunKey(engine="nextflow", scope="afcdf2b0-928c-494e-b1e4-a7d784b29b76", id="first")
    assert (started.name, started.info["run_name"], started.info["stats"]["succeeded"]) == ("main.nf", "first", 12)
    assert (started.code.kind, started.code.key, started.code.reference) == ("workflow", "main.nf", "file:///launch")
    assert started.environment["nextflow"] == "25.04.4"


def test_a_task_tells_values_script_and_metrics(lines_of, told):
    started = told(lines_of("first")).start("UPPER (s1)")
    assert started.params == {"id": "s1"}
    assert started.info["script"].startswith("tr a-z A-Z < in/s1.txt")
    assert (started.info["process"], started.info["tag"], started.info["exit"], started.info["trace"]["rchar"]) == ("UPPER", "s1", 0, 105116)
    assert (started.code.kind, started.code.key) == ("task", "main.nf::UPPER")


def test_files_are_joined_to_the_task_that_made_them(lines_of, told):
    outcome = told(lines_of("first"))
    upper = outcome.start("UPPER (s1)").run
    assert outcome.files(upper, written=False) == {"/launch/data/s1.txt": "f"}
    assert outcome.files(upper, written=True) == {
        f"/launch/work/7e/{UPPER_1[2:]}/s1.upper.txt": "", "/launch/pubout/upper/s1.upper.txt": "published", "/launch/pub/up/s1.upper.txt": "published",
    }  # fmt: skip
    join = outcome.start("JOIN").run
    assert set(outcome.files(join, written=False).values()) == {"x*.txt", "ref"}
    assert "/launch/pubout/joined/join.txt" in outcome.files(join, written=True)


def test_workflow_outputs_are_those_of_the_pipeline(lines_of, told):
    outcome = told(lines_of("first"))
    assert outcome.files(outcome.pipeline.run, written=True) == {
        "/launch/pubout/flaky/flaky.txt": "flaky", "/launch/pubout/joined/join.txt": "joined", "/launch/pubout/upper/index.csv": "upper index",
        "/launch/pubout/upper/s1.upper.txt": "upper", "/launch/pubout/upper/s2.upper.txt": "upper",
    }  # fmt: skip


def test_odd_names_and_absent_optional_outputs(lines_of, told):
    outcome = told(lines_of("first"))
    many = outcome.files(outcome.start("MANY").run, written=True)
    assert "/launch/pub/moved/a%20b.mv" in many
    assert not any("never" in path for path in many)
    assert outcome.files(outcome.start("UPPER (s2)").run, written=False) == {"/launch/data/s%202.txt": "f"}


def test_cached_tasks_point_at_their_origin(lines_of, told):
    first = told(lines_of("first"))
    origins = {s.info["hash"]: s.run for s in first.story.started.values() if "hash" in s.info}
    outcome = told(lines_of("resumed"), Context(origins=origins, resumed_from="first"))
    upper = outcome.start("UPPER (s1)")
    assert (outcome.status(upper.run), outcome.story.ended[upper.run].reused) == ("cached", origins[UPPER_1])
    assert outcome.pipeline.info["resumed_from"] == "first"
    assert outcome.statuses()["STORED"] == ["skipped"]
    (flaky,) = outcome.starts("FLAKY")
    assert (flaky.info["attempt"], "retry_of" in flaky.info) == (2, False)


def test_a_cached_task_of_unknown_origin_names_none(lines_of, told):
    outcome = told(lines_of("resumed"))
    upper = outcome.start("UPPER (s1)").run
    assert (outcome.status(upper), outcome.story.ended[upper].reused) == ("cached", None)


def test_files_of_stubs_are_no_data(lines_of, told):
    outcome = told(lines_of("stub"))
    assert outcome.pipeline.info["stub"] is True
    assert outcome.status(outcome.pipeline.run) == "completed"
    assert not [claim for claim in outcome.story.claims if claim.written]
    assert not [claim for claim in outcome.story.claims if "/work/" in claim.ref.uri]


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("failing", "failed", "JOIN"), ("script-error", "failed", ""), ("script-error-v2", "failed", ""), ("sigint", "cancelled", "SIGINT"),
        ("edge/missing-output", "failed", ""), ("edge/unknown-script-variable", "failed", ""), ("edge/publish-fails", "failed", ""),
        ("edge/finish", "failed", ""), ("edge/ignored-then-failed", "failed", ""), ("edge/dynamic-retry", "completed", None),
        ("edge/dynamic-retry-resumed", "completed", None), ("edge/error-in-completion-handler", "failed", ""),
    ],
)  # fmt: skip
def test_each_way_to_end_is_told(lines_of, told, name, status, said):
    lines = lines_of(name)
    context = None if any(line["type"] == "run.complete" for line in lines) else closing(lines)
    outcome = told(lines, context)
    run = outcome.pipeline.run
    assert outcome.status(run) == status
    error = outcome.error(run)
    assert error is None if said is None else said in (error or "") and error
    assert all(outcome.status(started.run) != "open" for started in outcome.story.started.values())


def test_a_killed_run_crashes_with_its_open_tasks(lines_of, told):
    lines = lines_of("sigkill")
    outcome = told(lines, closing(lines))
    assert outcome.status(outcome.pipeline.run) == "crashed"
    assert outcome.statuses()["JOIN"] == ["crashed"]
    assert outcome.status(outcome.start("UPPER (s1)").run) == "cached"


def test_what_is_under_way_has_no_end(lines_of, told):
    outcome = told(lines_of("sigkill"))
    assert outcome.status(outcome.pipeline.run) == "open"
    assert outcome.statuses()["JOIN"] == ["open"]


def test_an_interrupted_task_is_cancelled(lines_of, told):
    assert told(lines_of("sigint")).statuses()["JOIN"] == ["cancelled"]


@pytest.mark.parametrize(("code", "status"), [(0, "completed"), (3, "failed")])
def test_where_a_script_exits_the_exit_code_decides(lines_of, told, code, status):
    lines = lines_of("edge/exit-in-script")
    outcome = told(lines, Context(closing=Closing(at=gather(lines)[0].last, code=code)))
    assert outcome.status(outcome.pipeline.run) == status


def test_a_missing_output_fails_a_task_that_exits_with_0(lines_of, told):
    outcome = told(lines_of("edge/missing-output"))
    failed = [s for s in outcome.story.started.values() if outcome.status(s.run) == "failed" and "/" in s.run.scope]
    assert [s.info["exit"] for s in failed] == [0] * len(failed) != []


def test_a_second_end_that_says_something_else_is_noted(lines_of, told):
    lines = lines_of("first")
    again = {**lines[-1], "seq": 1000, "success": False, "errorMessage": "late"}
    outcome = told([*lines, again])
    assert outcome.status(outcome.pipeline.run) == "completed"
    assert "late" in outcome.pipeline.info["notes"][0]
    assert "notes" not in told([*lines, {**lines[-1], "seq": 1000}]).pipeline.info


def test_fuller_tellings_replace_earlier_ones(lines_of, told):
    lines = lines_of("first")
    whole = told(lines)
    for cut in range(5, len(lines), 20):
        both = told([*told(lines[:cut]).events, *whole.events])
        assert canonical(both.story)["started"] == canonical(whole.story)["started"]
        assert canonical(both.story)["ended"] == canonical(whole.story)["ended"]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_order_and_repetition_of_lines_change_nothing(lines_of, told, seed):
    lines = lines_of("first")
    shuffled = [*lines, *random.Random(seed).sample(lines, 20)]
    random.Random(seed).shuffle(shuffled)
    assert [dump(e) for e in told(shuffled).events] == [dump(e) for e in told(lines).events]


def test_a_spool_cut_at_any_byte_loses_its_last_line_only(lines_of):
    data = data_of(lines_of("edge/exit-in-script") * 2)
    for cut in range(len(data)):
        lines, bad = read_lines(data[:cut])
        whole = data[:cut].count(b"\n")
        assert whole <= len(lines) <= whole + 1
        assert len(bad) <= 1 and all(line.torn for line in bad)
        assert len(lines) == whole or data[cut : cut + 1] == b"\n"


def test_a_spool_cut_at_any_line_translates(lines_of, told):
    lines = lines_of("first")
    for cut in range(1, len(lines), 3):
        outcome = told(lines[:cut], closing(lines[:cut]))
        assert all(outcome.status(started.run) != "open" for started in outcome.story.started.values())


@pytest.mark.parametrize("line", ["[]", "7", '{"type": 3}', '{"schema": 2, "type": "task"}', '{"schema": 1, "type": "task", "run": {}}', "\x00", "{" * 5000])
def test_lines_of_another_kind_are_named(lines_of, line):
    data = data_of(lines_of("edge/exit-in-script"))
    lines, bad = read_lines(data + line.encode() + b"\n")
    assert len(lines) == data.count(b"\n")
    assert [problem.torn for problem in bad] == [False]


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_fields_of_any_other_type_break_nothing(lines_of, told, data):
    lines = [dict(line) for line in lines_of("edge/finish")]
    odd = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=3), st.none(), max_size=2))
    for _ in range(6):
        line = data.draw(st.sampled_from(lines))
        name = data.draw(st.sampled_from(sorted(set(line) - {"schema", "type", "run", "t", "seq"}) or ["x"]))
        line[name] = data.draw(odd)
    for event in told(lines, closing(lines)).events:
        dump(event)


def test_values_come_out_as_people_read_them():
    value = {"$$x": 1, "p": {"$path": "/a"}, "m": {"$type": "nextflow.util.MemoryUnit", "$text": "1 GB"}, "c": {"$type": "Closure"}, "l": {"$truncated": 9, "$head": [1]}}
    assert plain(value) == {"$x": 1, "p": "/a", "m": "1 GB", "c": "<Closure>", "l": [1, "… of 9"]}


def test_the_hash_of_a_task_stands_in_its_paths():
    assert hash_in_path(f"/w/7e/{UPPER_1[2:]}/a/b.txt") == UPPER_1
    assert hash_in_path(f"s3://b/work/7e/{UPPER_1[2:]}") == UPPER_1
    assert hash_in_path(f"/w/tmp/7e/{UPPER_1[2:]}/b.txt") is None
    assert hash_in_path("/w/data/x") is None


def test_tasks_may_end_after_the_pipeline_did(lines_of, told):
    lines = lines_of("edge/publish-fails")
    outcome = told(lines, Context())
    assert outcome.status(outcome.pipeline.run) == "failed"
    assert "open" in {outcome.status(s.run) for s in outcome.story.started.values()}
    last = {**lines[-1], "seq": 1000, "type": "run.exit"}
    over = told([*lines, last], Context())
    assert {outcome.status(s.run) for s in over.story.started.values()} >= {"failed"}
    assert "open" not in {over.status(s.run) for s in over.story.started.values()}
