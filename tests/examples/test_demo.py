"""The examples as `make demo` runs them: 01_snakemake_reads, 02_prefect_normalise, 03_script_report in one instance."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder in which the demo ran, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LIGNIN_", "PREFECT_"))}
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py"), str(folder)],
        env={**environment, "COLUMNS": "80"}, capture_output=True, text=True, timeout=600, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def asked(folder, *arguments):
    environment = {**os.environ, "LIGNIN_HOME": str(folder / ".home")}
    done = subprocess.run([sys.executable, "-m", "lignin", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_one_graph_leads_from_the_last_file_to_the_reads(demo):
    graph = asked(demo[0], "lineage", "reports/samples.md", "--json")
    engines = Counter(node["engine"] for node in graph["nodes"] if node["type"] == "run")
    assert engines == {"snakemake": 8, "prefect": 3, None: 1}
    names = {node["name"] for node in graph["nodes"]}
    assert {f"01_snakemake_reads/data/rep{n}.fastq.gz" for n in (1, 2, 3)} < names
    ids = {node["id"] for node in graph["nodes"]}
    assert {end for edge in graph["edges"] for end in (edge["source"], edge["target"])} == ids


def test_every_job_task_and_workflow_is_one_run_that_ended_well(demo):
    runs = asked(demo[0], "list", "run", "--json")
    assert Counter(run["engine"] for run in runs) == {"snakemake": 11, "prefect": 4, None: 1}
    assert {run["status"] for run in runs} == {"completed"}
    by_uid = {run["uid"]: run for run in runs}
    roots = [run for run in runs if run["parent"] is None]
    assert len(roots) == 3
    assert all(run["parent"] in by_uid for run in runs if run["parent"] is not None)


def test_parameters_stand_by_their_names(demo):
    normalise = asked(demo[0], "list", "run", "--filter", "name=normalise", "--filter", "engine=snakemake", "--json")
    assert [run["params"] for run in normalise] == [{"target_sum": 1000}]


def test_every_file_is_known_by_its_content(demo):
    artifacts = asked(demo[0], "list", "artifact", "--json")
    assert all(artifact["hash"].startswith("b3:") for artifact in artifacts)
    assert all(artifact["is_latest"] for artifact in artifacts)


def test_the_tree_is_printed_and_the_page_is_written(demo):
    folder, printed = demo
    assert "← ✓ normalise  snakemake" in printed
    assert (folder.parent / "lineage.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")
