"""Where the plug-in cannot write as it would, and runs that do nothing: the pipeline never notices."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from lignin.base.redact import is_secret_name, redact_text


def test_a_launch_folder_that_takes_no_spool_gives_way_to_the_home_of_nextflow(nextflow, new_launch, read_events):
    launch = new_launch("refusing")
    # Not a folder, so that root too is refused.
    (launch / ".lignin").write_text("")
    run = nextflow.run(launch, "main.nf", "-preview", "-output-dir", "pubout", name="preview")
    assert run.code == 0, run.output
    (spool,) = (nextflow.home / "lignin" / "nextflow").glob("*-preview-*.jsonl")
    events = read_events(spool)
    assert events[0]["preview"] is True
    assert {event["type"] for event in events} == {"run.create", "process", "run.begin", "run.complete", "run.exit"}
    assert (launch / ".lignin").read_text() == ""


def test_a_full_disk_loses_nothing_and_leaves_no_torn_line(nextflow, new_launch, read_events):
    isolate = ("unshare", "--user", "--map-root-user", "--mount")
    if shutil.which("unshare") is None or subprocess.run([*isolate, "true"], capture_output=True, check=False).returncode:
        isolate = ("unshare", "--mount")
        if shutil.which("unshare") is None or subprocess.run([*isolate, "true"], capture_output=True, check=False).returncode:
            pytest.skip("a small file system of its own needs user namespaces, which this machine does not give")
    launch = new_launch("full")
    small = launch / "small"
    small.mkdir()
    # The small disk is seen by the run alone; what is on it is saved before it goes.
    script = 'mount -t tmpfs -o size=16k tmpfs small && "$@"; code=$?; cp small/*.jsonl . ; exit $code'
    run = nextflow.run(
        launch, "main.nf", "-stub-run", "-output-dir", "pubout", name="stub",
        env={"LIGNIN_NEXTFLOW_SPOOL": str(small)}, before=(*isolate, "sh", "-c", script, "sh"),
    )  # fmt: skip
    assert run.code == 0, run.output
    assert run.output.count("cannot write") == 1
    (begin,) = launch.glob("*.jsonl")
    (rest,) = (nextflow.home / "lignin" / "nextflow").glob("*-stub-*.jsonl")
    assert begin.name == rest.name
    assert begin.read_bytes().endswith(b"\n")
    assert 0 < begin.stat().st_size <= 16 << 10
    events = read_events(begin) + read_events(rest)
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert events[0]["stub"] is True
    assert events[-1]["type"] == "run.exit"
    ends = [event for event in events if event.get("state") == "complete"]
    assert {event["process"] for event in ends if not event["stub"]} == {"DOUBLED", "STORED"}
    assert {event["process"] for event in ends if event["stub"]} == {"COUNT", "RECOUNT", "RETRIED", "IGNORED", "FOLDER", "ODD", "MERGED"}
    assert (launch / "pubout" / "merged" / "merged.txt").exists()


def test_both_sides_take_the_same_for_a_secret():
    cases = (Path(__file__).parents[4] / "adapters/nextflow/nf-lignin/src/test/resources/redaction.tsv").read_text(encoding="utf-8")
    rows = [line.replace("\\n", "\n").replace("\\t", "\v").split("\t") for line in cases.splitlines() if not line.startswith("#")]
    rows = [[cell.replace("\v", "\t") for cell in row] for row in rows]
    assert [name for kind, name, secret in rows if kind == "N" and is_secret_name(name) != (secret == "true")] == []
    assert [text for kind, text, clean in rows if kind == "T" and redact_text(text) != clean] == []


def test_the_plug_in_has_the_version_of_the_package(plugin_folder):
    declared = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())["project"]["version"]
    assert plugin_folder.name == f"nf-lignin-{declared}"
    manifest = (plugin_folder / "classes" / "META-INF" / "MANIFEST.MF").read_text()
    assert f"Plugin-Version: {declared}\n" in manifest
    listed = (plugin_folder / "classes" / "META-INF" / "extensions.idx").read_text().split()
    assert [name for name in listed if not (plugin_folder / "classes" / (name.replace(".", "/") + ".class")).exists()] == []
