"""Live: one workflow run three times, and what redun's database says of it."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lignin.recording import fold
from lignin.testing import AdapterContract
from lignin.testing.rules import canonical

_CONTENT = re.compile(r',"(content_id|n_files)":[^,}]*')


@dataclass(frozen=True, kw_only=True)
class Three:
    folder: Path
    first: Any
    read: Any
    after: Any
    cached: Any
    changed: Any


@pytest.fixture(scope="module")
def runs(make_runner) -> Three:
    redun = make_runner("everyday")
    workflow = redun.take("everyday")
    (redun.folder / "static.txt").write_text("static")
    first = redun.run("everyday.py", "main", "--n", "2", SHELL_PASSWORD="hunter2-password")
    assert first.code == 0, first.output[-3000:]
    read, after = redun.read(), redun.read(knows_live=True)
    cached = redun.run("everyday.py", "main", "--n", "2", SHELL_PASSWORD="hunter2-password")
    (redun.folder / "out" / "1.txt.dbl").unlink()
    workflow.write_text(workflow.read_text().replace('"a pair"', '"another pair"'))
    return Three(folder=redun.folder, first=first, read=read, after=after, cached=cached, changed=redun.run("everyday.py", "main", SHELL_PASSWORD="hunter2-password"))


class TestContract(AdapterContract):
    secrets = ("hunter2-token", "hunter2-password")

    @pytest.fixture(autouse=True)
    def _scenario(self, runs):
        self.told = runs.first.events

    def record(self, recorder):
        for event in self.told:
            recorder.record(event)


def test_one_run_for_the_execution_and_one_for_each_job(runs):
    first = runs.first
    assert first.code == 0, first.output
    (execution,) = first.executions
    assert (execution.name, execution.parent, dict(execution.params)) == ("everyday.main", None, {"n": 2})
    assert (execution.code.key, execution.info["command"][-3:]) == ("everyday.py::everyday.main", ["main", "--n", "2"])
    assert {"project", "user", "redun_version"} & {key for key, _ in execution.info["tags"]}
    assert execution.environment["redun"]
    assert first.status(execution.run) == "completed"
    main = first.start("everyday.main")
    assert main.parent == execution.run
    assert {s.parent for s in first.starts("everyday.double")} == {main.run}
    names = {name: len(first.starts(name)) for name in {s.name for s in first.story.started.values()}}
    # The same expression twice is one job, and so are equal calls at once; a task without provenance has none.
    assert names["everyday.make"] == 3
    assert not [name for name in names if name.startswith("redun.") or name.endswith("silent")]


def test_parameters_have_the_names_of_the_signature_and_no_secrets(runs):
    first = runs.first
    assert {"f": "out/0.txt", "factor": 2, "api_token": "***"} in [dict(s.params) for s in first.starts("everyday.double")]
    assert dict(first.start("everyday.report").params) == {
        "d": "out/dir", "numbers": [3, 2, 2, 1, 5],
    }  # fmt: skip
    assert dict(first.start("everyday.pair").params) == {"f": "out/1.txt", "missing": "no/such/file", "who": "nobody"}
    assert dict(first.start("everyday.unpack").params) == {"p": {"table": "out/pair.txt", "count": 1}, "where": "out/copy.txt"}
    assert dict(first.start("everyday.recover").params) == {"error": "ValueError('always')"}


def test_code_is_versioned_by_redun_with_its_source(runs):
    make = runs.first.starts("everyday.make")[0]
    assert (make.code.kind, make.code.key, make.code.hash) == ("task", "everyday.make", make.info["task_hash"])
    assert make.code.source.startswith("def make(n: int")
    assert make.code.reference.endswith("/.redun/redun.db")
    assert make.info["task_version"] == "1"
    assert make.info["tags"] == [["team", "x"]]


def test_files_are_inputs_and_outputs_where_they_were_read_and_made(runs):
    first = runs.first
    assert first.roles("everyday.gather", written=False) == {"0.txt.dbl": "files", "1.txt.dbl": "files"}
    assert first.roles("everyday.gather", written=True) == {"dir": ""}
    # A file that is not there and the folder where work is done are no data.
    assert first.roles("everyday.pair", written=False) == {"1.txt": "f"}
    assert first.roles("everyday.uncached", written=False) == {}
    assert first.roles("everyday.report", written=False) == {"dir": "d"}
    assert first.roles("everyday.pair", written=True) == {"pair.txt": "table"}
    doubles = [set(first.files(s.run, written=True)) for s in first.starts("everyday.double")]
    assert sorted(map(sorted, doubles)) == [["0.txt.dbl"], ["1.txt.dbl"]]
    assert all(c.ref.content_id for c in first.story.claims)


def test_the_deepest_job_made_a_file_and_its_callers_did_not(runs):
    first = runs.first
    assert first.roles("everyday.wrapper", written=True) == {}
    assert first.roles("everyday.main", written=True) == {}
    made = [set(first.files(s.run, written=True)) for s in first.starts("everyday.make")]
    assert {"7.txt"} in made


def test_a_file_that_was_rewritten_is_read_and_made_in_two_states(runs):
    run = runs.first.start("everyday.rewrite").run
    _, before = runs.first.files(run, written=False)["7.txt"]
    _, after = runs.first.files(run, written=True)["7.txt"]
    assert before.content_id != after.content_id


def test_helpers_of_redun_are_part_of_their_caller(runs):
    first = runs.first
    assert first.roles("everyday.shell", written=False) == {"0.txt": "f", "static.txt": ""}
    assert first.roles("everyday.shell", written=True) == {"script.txt": ""}
    (text,) = first.start("everyday.shell").info["shell"]
    assert "cat in.txt in.txt > out.txt" in text
    assert first.roles("everyday.unpack", written=False) == {"pair.txt": "p"}
    assert first.roles("everyday.unpack", written=True) == {"copy.txt": ""}


def test_a_caught_failure_is_one(runs):
    run = runs.first.start("everyday.failing").run
    ended = runs.first.story.ended[run]
    assert (ended.status.value, ended.error) == ("failed", "ValueError: always")
    assert runs.first.statuses("everyday.main") == ["completed"]


def test_an_import_tells_what_the_hooks_told(runs):
    live, read = canonical(_plain(runs.first.story)), canonical(_plain(runs.read.story))
    # An import hashes when it is ingested.
    told, found = ({_CONTENT.sub("", claim) for claim in door.pop("claims")} for door in (live, read))
    assert live == read
    # One file was rewritten since its first state, of which an import claims nothing.
    assert {c for c in told if "/7.txt" not in c} == {c for c in found if "/7.txt" not in c}
    assert sum("/7.txt" in c for c in told) == 3
    assert sorted('"state":"changed"' in c for c in found if "/7.txt" in c) == [False, True, True]


def test_an_import_after_a_live_run_has_nothing_to_add(runs):
    assert runs.after.code == 0, runs.after.output
    assert runs.after.events == []


def test_a_cached_job_points_at_the_run_that_computed_its_result(runs):
    first, cached = runs.first, runs.cached
    for name in ("everyday.pair", "everyday.gather", "everyday.shell", "everyday.later"):
        now = cached.starts(name)[0]
        assert cached.status(now.run) == "cached"
        assert cached.story.ended[now.run].reused in {s.run for s in first.starts(name)}
        assert cached.files(now.run, written=True) == {}
    assert cached.statuses("everyday.uncached") == ["completed"]
    assert cached.status(cached.executions[0].run) == "completed"


def test_a_deleted_output_and_a_changed_source_are_new_runs(runs):
    first, changed = runs.first, runs.changed
    assert sorted(changed.statuses("everyday.double")) == ["cached", "completed"]
    (made,) = [s for s in changed.starts("everyday.double") if changed.status(s.run) == "completed"]
    assert set(changed.files(made.run, written=True)) == {"1.txt.dbl"}
    assert changed.statuses("everyday.pair") == ["completed"]
    assert changed.start("everyday.pair").code.hash != first.start("everyday.pair").code.hash
    assert changed.start("everyday.pair").code.key == first.start("everyday.pair").code.key


def _plain(story):
    """The live door knows the process, too, and says so a microsecond later."""
    started = {run: replace(s, environment={}, at=s.at.replace(microsecond=0) if s.code.kind == "workflow" else s.at) for run, s in story.started.items()}
    whole = fold(())
    whole.started, whole.ended, whole.claims = started, story.ended, story.claims
    return whole
