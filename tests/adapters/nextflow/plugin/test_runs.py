"""What the plug-in writes of runs that go as they should, and that they go as they would without it."""

import re
from pathlib import Path

import pytest

TASKS = {"COUNT (s1)", "COUNT (s 2)", "RECOUNT (s1)", "RECOUNT (s 2)", "RETRIED", "IGNORED (lane 1)", "IGNORED (lane 2)", "IGNORED (lane 3)", "FOLDER", "STORED", "DOUBLED", "ODD", "MERGED"}  # fmt: skip
RELEASES = ("25.04.0", "25.05.0-edge")


def published(launch):
    """All that a run published, by path; links followed, the launch folder's own path left out.

    Which of two tasks ends first is nobody's choice, so neither is the order of the lines of what collects both.
    """
    found = {}
    for folder in ("results", "pubout", "store"):
        for path in sorted((launch / folder).rglob("*")):
            inside = path.rglob("*") if path.is_symlink() and path.is_dir() else [path]
            for each in inside:
                if each.is_file():
                    found[each.relative_to(launch).as_posix()] = sorted(each.read_text().replace(str(launch), "LAUNCH").splitlines())
    return found


@pytest.fixture(scope="module")
def plain(nextflow, new_launch):
    """The same run without the plug-in."""
    return nextflow.run(new_launch("plain"), "main.nf", "-output-dir", "pubout", name="first", observed=False)


@pytest.fixture(scope="module")
def at_once(nextflow, new_launch):
    """The ends of the range, at the same time in the same folder."""
    launch = new_launch("both")
    started = {}
    for version in RELEASES:
        name = "r" + re.sub(r"\W", "", version)
        args = ("main.nf", "-output-dir", f"{name}/pubout", "--outdir", f"{name}/results", "--store", f"{name}/store", "-name", name, "-w", f"{name}/work")
        started[version] = nextflow.start(launch, *args, version=version), name
    return {version: nextflow.finish(process, launch, name) for version, (process, name) in started.items()}


def test_a_run_ends_and_publishes_as_without_the_plug_in(first, plain):
    assert (first.code, plain.code) == (0, 0), first.output + plain.output
    assert published(first.launch) == published(plain.launch)
    assert plain.spool is None
    top = [{path.name for path in run.launch.iterdir() if not path.name.startswith(".nextflow.log")} for run in (first, plain)]
    assert top[0] - top[1] == {".lignin"}


def test_nothing_went_wrong_in_the_plug_in(first, resumed, failing, interrupted):
    assert not [line for run in (first, resumed, failing, interrupted) for line in run.output.splitlines() if "could not record" in line]
    assert "could not record" not in "".join(path.read_text() for path in first.launch.glob(".nextflow.log*"))


def test_every_line_says_which_run_it_is_of(first):
    assert [event["seq"] for event in first.events] == list(range(len(first.events)))
    assert {event["schema"] for event in first.events} == {1}
    (run,) = {tuple(event["run"].items()) for event in first.events}
    assert dict(run)["runName"] == "first"
    assert first.spool.name.startswith(f"{dict(run)['sessionId']}-first-")
    assert first.events[0]["type"] == "run.create"
    assert [event["type"] for event in first.events[-2:]] == ["run.complete", "run.exit"]


def test_a_run_says_what_it_ran(first):
    create, begin = first.one("run.create"), first.one("run.begin")
    assert create["nextflow"]["version"] == "25.04.4"
    assert create["commandLine"].endswith("run main.nf -output-dir pubout -name first")
    assert (create["launchDir"], create["workDir"], create["scriptFile"]) == tuple(str(first.launch / part) for part in ("", "work", "main.nf"))
    assert create["configFiles"][0]["path"] == str(first.launch / "nextflow.config")
    assert (create["resume"], create["stub"], create["preview"], create["profile"]) == (False, False, False, "standard")
    assert create["manifest"]["name"] == "lignin/eight"
    assert begin["params"]["outdir"] == "results"
    assert [Path(script["path"]).name for script in begin["scripts"]] == ["main.nf", "count.nf"]
    assert [Path(source["path"]).name for source in begin["bin"] + begin["templates"]] == ["tool.sh", "unused.sh"]
    assert all(re.fullmatch("[0-9a-f]{64}", source["sha256"]) for source in begin["scripts"] + begin["bin"] + create["configFiles"])


def test_a_run_says_how_it_ended(first):
    complete = first.one("run.complete")
    assert (complete["success"], complete["exit"], complete["errorMessage"]) == (True, 0, None)
    assert complete["stats"] == {"succeeded": 12, "cached": 0, "failed": 2, "ignored": 1, "retries": 1, "aborted": 0}
    assert first.one("run.exit")["completed"] is True


def test_no_secret_is_written(first):
    assert first.one("run.begin")["params"] | {"token": "***", "api_key": "***"} == first.one("run.begin")["params"]
    text = first.spool.read_text()
    assert [secret for secret in ("hunter2", "swordfish", '"abc"') if secret in text] == []


def test_a_process_is_told_once_for_each_of_its_names(first):
    processes = {event["name"]: event for event in first.of("process")}
    assert set(processes) == {"COUNT", "RECOUNT", "RETRIED", "IGNORED", "FOLDER", "STORED", "DOUBLED", "ODD", "MERGED"}
    assert processes["COUNT"]["sourceSha256"] == processes["RECOUNT"]["sourceSha256"]
    assert [processes[name]["source"] is None for name in ("COUNT", "RECOUNT")].count(True) == 1
    assert processes["COUNT"]["script"] == str(first.launch / "modules" / "count.nf")
    assert processes["DOUBLED"]["sourceType"] == "GROOVY"


def test_a_dynamic_directive_is_not_evaluated(first):
    directives = {event["name"]: event["directives"] for event in first.of("process")}
    assert set(directives["RETRIED"]["errorStrategy"]) == {"$type"}
    assert set(directives["IGNORED"]["tag"]) == {"$type"}
    assert directives["IGNORED"]["errorStrategy"] == "ignore"


def test_each_attempt_is_a_task_and_its_end_is_told(first):
    ends = first.of("task", state="complete")
    assert {event["name"] for event in ends} == TASKS
    assert len(ends) == 14
    assert {event["hash"] for event in ends} == {event["hash"] for event in first.of("task", state="submit")}
    failed, retried = sorted(first.of("task", state="complete", process="RETRIED"), key=lambda event: event["attempt"])
    assert (failed["attempt"], failed["exit"], failed["failed"], failed["errorAction"], failed["memory"]) == (1, 5, True, "RETRY", 32 << 20)
    assert failed["error"]["stderr"] == "not yet, password=***"
    assert (retried["attempt"], retried["exit"], retried["failed"], retried["memory"]) == (2, 0, False, 64 << 20)
    ignored = first.one("task", state="complete", name="IGNORED (lane 2)")
    assert (ignored["errorAction"], ignored["outputs"], ignored["tag"]) == ("IGNORE", [], "lane 2")
    assert first.one("task", state="complete", process="DOUBLED")["exit"] is None


def test_a_task_says_what_went_in_and_what_came_out(first):
    merged = first.one("task", state="complete", process="MERGED")
    assert [(e["param"], e["position"], e["stageName"], e["kind"]) for e in merged["inputs"]] == [
        ("part*.txt", 0, "part1.txt", "file"), ("part*.txt", 0, "part2.txt", "file"), ("genome", 1, "genome.fa", "file"),
    ]  # fmt: skip
    recounted = {out["path"] for event in first.of("task", state="complete", process="RECOUNT") for out in event["outputs"]}
    assert {e["source"] for e in merged["inputs"][:2]} == recounted
    assert merged["values"] == [{"param": "settings", "position": 2, "value": {"n": 42, "secret_key": "***"}}]
    assert merged["outputValues"] == [{"param": "about", "position": 0, "value": {"id": "merged", "n": 42}}]
    assert merged["outputs"][0]["path"] == f"{merged['workDir']}/merged.txt"
    assert "cat part*.txt genome.fa > merged.txt" in merged["script"]
    assert first.one("task", state="complete", process="FOLDER")["outputs"][0]["kind"] == "directory"
    assert first.one("task", state="complete", process="STORED")["outputs"][0]["path"] == str(first.launch / "store" / "index.txt")


def test_odd_names_arrive_as_they_are(first):
    odd = first.one("task", state="complete", process="ODD")
    assert {Path(out["path"]).name for out in odd["outputs"]} == {"a (b) 'c' é.mv", "drop.tsv", "keep.tsv"}
    assert [e["source"] for e in first.one("task", state="complete", name="COUNT (s 2)")["inputs"]] == [str(first.launch / "data" / "s 2.txt")]


def test_every_published_file_is_told_with_its_source(first):
    told = {Path(event["target"]).relative_to(first.launch).as_posix(): event for event in first.of("publish")}
    assert set(told) == {
        "results/linked/tree", "results/copied/tree", "results/moved/a (b) 'c' é.mv", "results/renamed/keep.tsv", "results/counts/s1.count",
        "results/counts/s 2.count", "pubout/table/s1.count", "pubout/table/s 2.count", "pubout/table/index.csv", "pubout/merged/merged.txt",
        "pubout/retried/retried.txt",
    }  # fmt: skip
    assert told["pubout/table/index.csv"]["source"] is None
    assert told["results/linked/tree"]["isDir"] is True
    assert told["results/renamed/keep.tsv"]["size"] == 2
    assert told["results/moved/a (b) 'c' é.mv"]["source"].endswith("/a (b) 'c' é.mv")
    outputs = {event["name"]: event for event in first.of("output")}
    assert outputs["merged"]["value"] == [{"id": "merged", "n": 42}, {"$path": str(first.launch / "pubout/merged/merged.txt")}]
    assert outputs["counts"]["index"] == str(first.launch / "pubout/table/index.csv")


def test_the_reader_is_started_and_waited_for(first, reader):
    args = reader.with_name("lignin.args").read_text().split()
    assert args == ["nextflow", "ingest", "--follow", str(first.spool), "--parent-pid", str(first.one("run.create")["pid"])]
    assert reader.with_name("lignin.lines").read_text().split() == [str(len(first.events))]
    assert first.spool.with_name(first.spool.name + ".log").read_text() == ""


def test_a_resumed_run_tells_what_it_did_not_do_again(first, resumed):
    assert resumed.code == 0
    cached = {event["name"]: event for event in resumed.of("task", state="cached")}
    assert set(cached) >= {"COUNT (s1)", "RECOUNT (s 2)", "RETRIED", "FOLDER", "DOUBLED", "MERGED", "IGNORED (lane 1)"}
    origin = {event["hash"] for event in first.of("task", state="complete")}
    assert {event["hash"] for event in cached.values()} <= origin
    assert (cached["RETRIED"]["attempt"], cached["RETRIED"]["memory"]) == (2, 64 << 20)
    assert "attempt 2" in cached["RETRIED"]["script"]
    assert cached["MERGED"]["inputs"] == first.one("task", state="complete", process="MERGED")["inputs"]
    stored = resumed.one("task", state="stored")
    assert (stored["process"], stored["hash"], stored["workDir"], stored["trace"]) == ("STORED", None, None, {})
    # What was moved is gone, and what failed is done again.
    assert {event["process"] for event in resumed.of("task", state="complete")} == {"ODD", "IGNORED"}
    assert resumed.events[0]["resume"] is True
    assert resumed.events[0]["run"]["sessionId"] == first.events[0]["run"]["sessionId"]


@pytest.mark.parametrize("version", RELEASES)
def test_one_binary_serves_every_release_and_runs_side_by_side(at_once, first, version):
    run = at_once[version]
    assert run.code == 0, run.output
    assert "could not record" not in run.output
    assert run.events[0]["nextflow"]["version"] == version
    assert {event["name"] for event in run.of("task", state="complete")} == TASKS
    assert {event["run"]["runName"] for event in run.events} == {run.events[0]["run"]["runName"]}
    for kind in ("process", "publish", "output", "run.begin", "run.complete", "run.exit"):
        assert len(run.of(kind)) == len(first.of(kind)), kind
        assert {tuple(sorted(event)) for event in run.of(kind)} == {tuple(sorted(event)) for event in first.of(kind)}
