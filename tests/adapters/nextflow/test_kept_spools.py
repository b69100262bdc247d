"""What the plug-in really wrote of the pipeline in `plugin/pipeline`, read without a Nextflow."""

import json
import os
import random
from pathlib import Path

import pytest

from lignin.base.clock import from_iso
from lignin.model import Artifact, Run
from nextflow_lignin.account import gather
from nextflow_lignin.ingest import ingest_spool
from nextflow_lignin.lines import read_lines
from nextflow_lignin.translate import Closing, Context

SPOOLS = Path(__file__).parent / "spools"


def kept(name, at="/launch"):
    """The lines of a spool; `at` moves `/launch`."""
    lines, bad = read_lines((SPOOLS / f"{name}.jsonl").read_bytes().replace(b"/launch", at.encode()))
    assert bad == []
    return lines


@pytest.fixture
def look(told):
    """What a kept spool says; of a run without an end, that its process is gone."""

    def read(name):
        lines = kept(name)
        (run,) = gather(lines)
        return told(lines, None if run.exit else Context(closing=Closing(at=run.last)))

    return read


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("first", "completed", None), ("resumed", "completed", None), ("failing", "failed", "MERGED"), ("sigint", "cancelled", "SIGINT"),
        ("sigkill", "crashed", "without a word"), ("stub", "completed", None), ("preview", "completed", None), ("script-error", "failed", "no such reference"),
    ],
)  # fmt: skip
def test_each_run_ends_as_it_did(look, name, status, said):
    outcome = look(name)
    assert outcome.status(outcome.pipeline.run) == status
    assert said is None or said in outcome.error(outcome.pipeline.run)
    assert "open" not in {outcome.status(started.run) for started in outcome.story.started.values()}


def test_each_attempt_is_a_run(look):
    assert look("first").statuses() == {
        "COUNT (s 2)": ["completed"], "COUNT (s1)": ["completed"], "RECOUNT (s 2)": ["completed"], "RECOUNT (s1)": ["completed"],
        "IGNORED (lane 1)": ["completed"], "IGNORED (lane 2)": ["failed"], "IGNORED (lane 3)": ["completed"], "RETRIED": ["failed", "completed"],
        "FOLDER": ["completed"], "STORED": ["completed"], "DOUBLED": ["completed"], "ODD": ["completed"], "MERGED": ["completed"],
    }  # fmt: skip


@pytest.mark.parametrize(("name", "status"), [("failing", "failed"), ("sigint", "cancelled"), ("sigkill", "crashed")])
def test_the_task_that_was_under_way_ends_with_the_run(look, name, status):
    statuses = look(name).statuses()
    assert statuses["MERGED"] == [status]
    assert statuses["COUNT (s1)"] == ["cached"]
    assert statuses["STORED"] == ["skipped"]


def test_aliases_share_their_code_and_a_stub_has_its_process_s(look):
    first, stub = look("first"), look("stub")
    codes = {outcome.start(name).code.hash for outcome in (first, stub) for name in ("COUNT (s1)", "RECOUNT (s1)")}
    assert len(codes) == 1
    assert [claim for claim in stub.story.claims if claim.written] == []


def test_files_are_published_by_copy_link_and_move(look):
    outcome = look("first")
    folder = outcome.files(outcome.start("FOLDER").run, written=True)
    assert {path for path, role in folder.items() if role == "published"} == {"/launch/results/linked/tree", "/launch/results/copied/tree"}
    odd = {path.rpartition("/")[2]: role for path, role in outcome.files(outcome.start("ODD").run, written=True).items() if "/results/" in path}
    assert odd == {"a%20%28b%29%20%27c%27%20%C3%A9.mv": "published", "keep.tsv": "published"}
    assert not any("never" in claim.ref.uri for claim in outcome.story.claims)


def test_a_file_that_many_tasks_read_is_one_file(look):
    outcome = look("first")
    readers = {claim.run for claim in outcome.story.claims if not claim.written and claim.ref.uri.endswith("/data/genome.fa")}
    assert {outcome.start(name).run for name in ("ODD", "MERGED")} <= readers
    assert len({claim.ref for claim in outcome.story.claims if claim.ref.uri.endswith("/data/genome.fa")}) == 1


def test_two_runs_of_one_folder_keep_apart_in_whatever_order(told):
    lines = [*kept("first"), *kept("stub"), *kept("script-error")]
    random.Random(1).shuffle(lines)
    runs = {run.name: run for run in gather(lines)}
    assert {name: len(run.tasks) for name, run in runs.items()} == {"first": 14, "stub": 13, "script-error": 0}


@pytest.fixture
def spool_of(sqlite_instance):
    """Writes a kept spool into the launch folder, with the files that it speaks of."""
    launch = Path.cwd()

    def write(name, session=None, *, files=True):
        lines = kept(name, at=str(launch))
        for line in lines if session else ():
            line["run"]["sessionId"] = session
        run = lines[0]["run"]
        # Of this machine, which may look.
        lines[0]["host"] = None
        begun = from_iso(run["startedAt"]).timestamp()
        path = launch / ".lignin" / "nextflow" / f"{run['sessionId']}-{run['runName']}-{int(begun * 1000)}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in lines:
            if line["type"] == "publish":
                # Of other files of that name.
                line.update(size=None, mtime=None)
            for file in (*line.get("inputs", ()), *line.get("outputs", ()), *([{"path": line["target"], "kind": "file"}] if line["type"] == "publish" else ())):
                place = Path(file["path"])
                if files and file["kind"] != "directory" and not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_text(f"{place.name} " * 5)
                    os.utime(place, (begun - 60, begun - 60))
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return path

    return write


def test_an_older_session_that_is_resumed_names_its_own_runs_as_origins(spool_of, sqlite_instance):
    spool_of("first")
    spool_of("failing", "00000000-1111-2222-3333-444444444444")
    ingest_spool(spool_of("resumed"))
    cached = [run for run in sqlite_instance.query(Run) if run.status == "cached"]
    assert {run.origin.scope.rpartition("/")[2] for run in cached} == {"first"}
    assert {run.name for run in cached} == {run.origin.name for run in cached}


def test_work_folders_that_are_gone_leave_what_was_published(spool_of, sqlite_instance):
    spool = spool_of("first")
    for path in sorted(Path("work").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert ingest_spool(spool).delivered
    files = sqlite_instance.query(Artifact)
    gone = [file for file in files if file.key.startswith("work/")]
    assert gone
    assert {(file.hash, file.state) for file in gone} == {(None, "gone")}
    merged = next(file for file in files if file.key == "pubout/merged/merged.txt")
    assert (merged.run.name, merged.hash[:3]) == ("MERGED", "b3:")
    assert {run.status for run in sqlite_instance.query(Run)} == {"completed", "failed"}
