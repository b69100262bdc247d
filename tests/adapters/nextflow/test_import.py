"""Runs that were made without the plug-in, from what Nextflow left behind."""

import json
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lignin.base.clock import from_iso
from lignin.base.errors import NotFound
from lignin.recording import MemoryRecorder, RunKey, dump
from lignin.testing import AdapterContract
from nextflow_lignin.account import gather
from nextflow_lignin.backfill import Sources, read, read_sources, tell_origins
from nextflow_lignin.history import amount, read_history
from nextflow_lignin.journal import Journal
from nextflow_lignin.lineage import read_lineage
from nextflow_lignin.sources import params_of
from nextflow_lignin.synthesise import _pipeline_word
from nextflow_lignin.tell import tell
from nextflow_lignin.trace import read_trace

SESSION = "e1595c50-3899-4bc0-9fb4-ce879a5dd263"
NEWER = "afcdf2b0-928c-494e-b1e4-a7d784b29b76"
UPPER = "972c8e0a9f3a244a798121af9570ff91"


@pytest.fixture(autouse=True)
def _zone(monkeypatch):
    """The history is in the zone of the machine, which was UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def stored(captured, tmp_path):
    """A launch folder with the lineage store, trace and history of a run and of it resumed, as `/launch` was."""
    launch = tmp_path / "launch"
    shutil.copytree(captured / "resumed" / "lineage", launch / ".lineage")
    (launch / ".nextflow").mkdir()
    shutil.copy(captured / "resumed" / "history", launch / ".nextflow" / "history")
    for path in launch.rglob(".data.json"):
        path.write_text(path.read_text().replace("/launch/", f"{launch}/"))
    (launch / "trace.txt").write_text((captured / "resumed" / "trace.txt").read_text().replace("/launch/", f"{launch}/"))
    # It was last written when the resumed run ended.
    written = datetime(2026, 11, 24, 8, 47, 6, tzinfo=UTC).timestamp()
    os.utime(launch / "trace.txt", (written, written))
    shutil.copytree(captured / "pipeline", launch, dirs_exist_ok=True)
    return launch


@pytest.fixture
def worked(captured, tmp_path):
    """A launch folder with work folders, traces and history, and no lineage store, of Nextflow 25.04.4."""
    launch, source = tmp_path / "worked", captured / "nextflow-25.04.4"
    (launch / ".nextflow").mkdir(parents=True)
    shutil.copytree(source / "pipeline", launch, dirs_exist_ok=True)
    first = [line for line in (source / "history").read_text().splitlines() if "\tfirst\t" in line]
    (launch / ".nextflow" / "history").write_text("\n".join(first) + "\n")
    shutil.copy(source / "first" / "trace.txt", launch / "trace-first.txt")
    for listing in sorted(source.glob("work/*/*/ls")):
        folder = launch / "work" / listing.parent.relative_to(source / "work")
        for line in listing.read_text().splitlines():
            _make(folder, line, launch)
        for name in ("command.sh", "command.err", "command.trace", "exitcode"):
            if (listing.parent / name).exists():
                shutil.copy(listing.parent / name, folder / f".{name}")
        parts = listing.parent / "command.run.parts"
        if parts.exists():
            shutil.copy(parts, folder / ".command.run")
    begun = datetime(2026, 11, 24, 11, 20, 24, tzinfo=UTC).timestamp()
    for path in launch.rglob("*"):
        os.utime(path, (begun, begun), follow_symlinks=False)
    for path in (*launch.glob("*.nf"), *launch.glob("modules/*"), *launch.glob("data/*")):
        os.utime(path, (begun - 1000, begun - 1000))
    return launch


def _make(folder, line, launch):
    words = line.rsplit(" ", 3) if " l " in line else line.rstrip().rsplit(" ", 2)
    place = folder / words[0]
    if words[1] == "d":
        place.mkdir(parents=True, exist_ok=True)
    elif words[1] == "l":
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(words[3].replace("/launch", str(launch)))
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x" * int(words[2]))


@pytest.fixture
def imported(told):
    def run(launch, since=None, **named):
        recorder = MemoryRecorder()
        read_sources(Sources.find(launch, **named), recorder=recorder, since=since)
        return told(recorder.events)

    return run


def of_run(outcome, told, session, name):
    """What was told of one run."""
    scopes = {session, f"{session}/{name}"}
    return told([e for e in outcome.events if e.run.scope in scopes and (e.run.scope != session or e.run.id == name)])


class TestImport(AdapterContract):
    """The lineage store, a trace and the history of four runs: failed ones, a whole one, and it resumed."""

    @pytest.fixture(autouse=True)
    def _stored(self, stored):
        type(self).launch = stored

    def record(self, recorder):
        read(str(self.launch), recorder=recorder, since=None, closing=True)


def test_a_lineage_store_tells_tasks_and_files(stored, imported, told):
    outcome = of_run(imported(stored), told, SESSION, "full1")
    assert outcome.status(outcome.pipeline.run) == "completed"
    assert outcome.pipeline.params == {"input": "sheet.csv", "outdir": "pubout"}
    upper = outcome.start("UPPER (s1)")
    assert (upper.params, upper.info["script"], upper.info["tag"]) == ({"id": "s1"}, "tr a-z A-Z < s1.txt > s1.upper.txt", "s1")
    assert upper.run == RunKey(engine="nextflow", scope=f"{SESSION}/full1", id=UPPER)
    assert outcome.files(upper.run, written=False) == {f"{stored}/data/s1.txt": "f"}
    written = outcome.files(upper.run, written=True)
    assert written[f"{stored}/work/97/{UPPER[2:]}/s1.upper.txt"] == ""
    assert written[f"{stored}/pubout/upper/s1.upper.txt"] == "published"
    assert set(outcome.files(outcome.pipeline.run, written=True).values()) == {"dirs", "flak index"}


def test_a_trace_tells_what_was_cached(stored, imported, told):
    outcome = of_run(imported(stored), told, SESSION, "full2")
    assert {status for statuses in outcome.statuses().values() for status in statuses} >= {"cached"}
    (flaky,) = outcome.starts("FLAKY")
    assert (flaky.info["attempt"], flaky.info["trace"]["realtime"]) == (2, 5)


def test_the_newer_form_of_the_store_says_the_same(stored, imported, told):
    flat = imported(stored)
    for path in (stored / ".lineage").rglob(".data.json"):
        record = json.loads(path.read_text())
        envelope = {name: record.pop(name) for name in ("version", "kind")}
        path.write_text(json.dumps({**envelope, "spec": record}))
    assert [dump(e) for e in imported(stored).events] == [dump(e) for e in flat.events]


def test_kinds_and_fields_that_nobody_knows_are_left_out(stored, imported):
    before = [dump(e) for e in imported(stored).events]
    for name, text in (("agent", '{"kind": "AgentRun", "version": "lineage/v9", "spec": {}}'), ("torn", '{"kind": "Task'), ("odd", "[1]")):
        (stored / ".lineage" / name).mkdir()
        (stored / ".lineage" / name / ".data.json").write_text(text)
    assert [dump(e) for e in imported(stored).events] == before


@pytest.mark.parametrize("kept", [("history",), ("history", "trace"), ("lineage",), ("lineage", "trace"), ("lineage", "history")])
def test_any_subset_names_the_same_runs(stored, imported, told, kept):
    whole = {started.run for started in imported(stored).story.started.values()}
    for name, path in (("history", stored / ".nextflow"), ("lineage", stored / ".lineage")):
        if name not in kept:
            shutil.rmtree(path)
    if "trace" not in kept:
        (stored / "trace.txt").unlink()
    outcome = imported(stored)
    found = {started.run for started in outcome.story.started.values()}
    assert found <= whole
    assert {run for run in found if "/" not in run.scope} >= {RunKey(engine="nextflow", scope=SESSION, id=name) for name in ("full1", "full2")}
    assert all(outcome.status(run) != "open" for run in found)


def test_work_folders_tell_inputs_outputs_and_scripts(worked, imported, told):
    outcome = imported(worked)
    upper = outcome.start("UPPER (s1)")
    assert upper.run.id == "7ee354d819872805db06ea5dd28c28b5"
    assert upper.info["script"].startswith("tr a-z A-Z < in/s1.txt")
    assert outcome.files(upper.run, written=False) == {f"{worked}/data/s1.txt": ""}
    assert outcome.files(upper.run, written=True) == {f"{worked}/work/7e/{upper.run.id[2:]}/s1.upper.txt": ""}
    assert outcome.statuses()["FLAKY"] == ["failed", "completed"]


def test_work_folders_and_history_do_without_a_trace(worked, imported):
    (worked / "trace-first.txt").unlink()
    outcome = imported(worked)
    assert {"UPPER (s1)", "DIR", "FLAKY"} <= set(outcome.statuses())


def test_import_and_plug_in_name_the_same_runs(worked, imported, told, lines_of):
    live = told(lines_of("first"))
    found = imported(worked)
    mine = {s.run for s in found.story.started.values()}
    # The trace of a run has no word of what was found in a `storeDir`; work folders of some tasks were not captured.
    assert live.pipeline.run in mine
    assert {run for run in mine if len(run.id) == 32} <= set(live.story.started)
    for run in mine & set(live.story.started):
        assert found.status(run) == live.status(run)


def test_tasks_have_the_code_that_the_plug_in_tells_while_the_scripts_are_unchanged(worked, imported, told, lines_of):
    live, found = told(lines_of("first")), imported(worked)
    # Of some tasks no work folder was captured: their hash is not known in full.
    codes = {run: started.code.hash for run, started in found.story.started.items() if len(run.id) == 32 and started.code}
    assert len(codes) > 5
    assert codes == {run: live.story.started[run].code.hash for run in codes}
    assert {found.story.started[run].code.key for run in codes} >= {"main.nf::DIR", "main.nf::FLAKY"}
    with (worked / "main.nf").open("a") as script:
        script.write("// something else by now\n")
    assert not [started for started in imported(worked).story.started.values() if "/" in started.run.scope and started.code]


def test_importing_after_the_plug_in_adds_nothing(worked, lines_of, told):
    lines = lines_of("first", at=str(worked))
    folder = worked / ".lignin" / "nextflow"
    folder.mkdir(parents=True)
    begun = int(from_iso(lines[0]["run"]["startedAt"]).timestamp() * 1000)
    spool = folder / f"{NEWER}-first-{begun}.jsonl"
    spool.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (run,) = gather(lines)
    with Journal(None) as journal:
        live = [dump(event) for event in tell(run, journal=journal, spool=spool)]
    recorder = MemoryRecorder()
    read(str(worked), recorder=recorder, since=None, closing=False)
    before, after = {e.run for e in told(recorder.events).events}, {dump(e) for e in recorder.events}
    assert after <= set(live), sorted(after - set(live))[:3]
    assert before == set(told(lines).story.started)


@pytest.fixture
def resumed_spool(worked, lines_of):
    """The spool of the resumed run alone, where the history and what is left of the first run lie."""
    lines = lines_of("resumed", at=str(worked))
    folder = worked / ".lignin" / "nextflow"
    folder.mkdir(parents=True)
    spool = folder / f"{NEWER}-resumed-{int(from_iso(lines[0]['run']['startedAt']).timestamp() * 1000)}.jsonl"
    spool.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return spool, gather(lines)[0]


def origins(outcome):
    return {outcome.story.started[run].name: ended.reused for run, ended in outcome.story.ended.items() if ended.status == "cached" and run.scope.endswith("/resumed")}


def test_the_history_names_the_run_that_computed_what_was_cached(resumed_spool, told):
    spool, run = resumed_spool
    with Journal(None) as journal:
        found = origins(told(list(tell(run, journal=journal, spool=spool))))
        assert "UPPER (s1)" in found
        assert {(key.scope, key.id in run.tasks) for key in found.values()} == {(f"{NEWER}/first", True)}
        # What is known once is told again, whatever became of the history.
        (spool.parents[2] / ".nextflow" / "history").unlink()
        assert origins(told(list(tell(run, journal=journal, spool=spool)))) == found


def test_a_time_at_which_no_run_of_the_session_went_on_names_none(resumed_spool, told):
    spool, run = resumed_spool
    history = spool.parents[2] / ".nextflow" / "history"
    line = history.read_text()
    history.write_text(line.replace("2026-11-24 11:", "2026-11-24 03:") + line.replace("\tfirst\t", "\tother\t").replace(NEWER, SESSION))
    with Journal(None) as journal:
        assert set(origins(told(list(tell(run, journal=journal, spool=spool)))).values()) == {None}


def test_a_run_that_left_no_spool_is_told_with_the_one_that_reused_it(resumed_spool, told):
    spool, run = resumed_spool
    with Journal(None) as journal:
        events = [*tell(run, journal=journal, spool=spool), *tell_origins(run, journal=journal)]
    outcome = told(events)
    for name, origin in origins(outcome).items():
        started = outcome.story.started[origin]
        assert (started.name, outcome.status(origin)) == (name, "completed")
        assert outcome.story.started[started.parent].info["run_name"] == "first"


def test_the_lineage_store_names_the_run_of_a_cached_task(stored, imported, told):
    (stored / ".nextflow" / "history").write_text("")
    outcome = of_run(imported(stored), told, SESSION, "full2")
    reused = [ended.reused for ended in outcome.story.ended.values() if ended.status == "cached"]
    assert reused
    assert {key.scope for key in reused if key is not None} == {f"{SESSION}/full1"}


def test_runs_before_a_moment_are_left_out(stored, imported):
    outcome = imported(stored, since=datetime(2026, 11, 24, 8, 47, tzinfo=UTC))
    assert {s.run.id for s in outcome.story.started.values() if "/" not in s.run.scope} == {"full2"}


def test_a_folder_without_a_run_is_an_error(tmp_path):
    with pytest.raises(NotFound, match="was not launched"):
        Sources.find(tmp_path)
    with pytest.raises(NotFound, match="there is no"):
        Sources.find(tmp_path, lineage=tmp_path / "nowhere")


def test_broken_files_are_read_as_far_as_they_go(stored, tmp_path):
    (tmp_path / "trace").write_bytes(b"task_id\thash\tname\tstatus\n1\tab/cdef12\tA\tCOMPLETED\n2\tab/cdef13\tB (x\ny)\tFAILED\n3\tab/c\xff")
    assert [row.name for row in read_trace(tmp_path / "trace")] == ["A"]
    (tmp_path / "empty").write_text("")
    assert read_trace(tmp_path / "empty") == []
    (tmp_path / "history").write_bytes(b"\n2026-11-24 08:46:43\t-\tx\n\xff\t\t\t\t\t\t\n2026-11-24 08:46:43\t1m 3s\tn\tOK\tabc\ts\tnextflow run x\n")
    (launch,) = read_history(tmp_path / "history")
    assert (launch.end - launch.at).total_seconds() == 63
    assert read_lineage(stored / "data").tasks == {}


@pytest.mark.parametrize(
    ("text", "value"), [("9.8s", 9800), ("1h 2m", 3_720_000), ("19ms", 19), ("102.7 KB", 105164), ("188 B", 188), ("6.5%", 6.5), ("12", 12), ("-", None), ("x", None)]
)
def test_amounts_as_nextflow_writes_them(text, value):
    assert amount(text) == value


def test_a_command_line_tells_its_pipeline_and_parameters():
    command = "nextflow run -resume main.nf -name x --reads 'a b.fq' --flag --n -1 --k=v -with-trace"
    assert _pipeline_word(command) == "main.nf"
    assert _pipeline_word("nextflow run -w /scratch org/pipe -r 1.0") == "org/pipe"
    assert params_of(command) == {"reads": "a b.fq", "flag": True, "n": "-1", "k": "v"}


def test_the_lock_of_a_session_is_only_asked_for(tmp_path, stored, imported, told):
    outcome = of_run(imported(stored), told, "168366c8-3404-4ae6-b8a2-1eef107e785e", "first")
    assert outcome.status(outcome.pipeline.run) == "crashed"
    assert Path(stored / ".nextflow" / "cache").exists() is False
