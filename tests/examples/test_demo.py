"""The examples as `make demo` runs them, in one instance: 01_snakemake_reads, 02_prefect_normalise, 03_script_report, 04_four_engines, 06_nextflow_counts."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Read here, before the tests' own environment hides what the user set: a Nextflow that is there already.
CACHE = Path(os.environ.get("LIGNIN_TEST_NEXTFLOW", Path(sys.prefix) / "nextflow"))
REQUIRED = "LIGNIN_TEST_REQUIRE_NEXTFLOW" in os.environ


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder in which the demo ran, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LIGNIN_", "PREFECT_"))}
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py"), str(folder)],
        env={**environment, "COLUMNS": "80", "PATH": f"{os.environ['PATH']}{os.pathsep}{CACHE}"}, capture_output=True, text=True, timeout=1800, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


@pytest.fixture(scope="module")
def nextflow(demo):
    """Whether Nextflow took part; it must, but for a machine without Java."""
    why = re.findall("[Ll]eft out: (.*)", demo[1])
    assert not why or (not REQUIRED and all("needs Java 17" in reason for reason in why)), why
    return not why


def lignin(folder, *arguments, within="."):
    environment = {**os.environ, "LIGNIN_HOME": str(folder / ".home")}
    done = subprocess.run(
        [sys.executable, "-m", "lignin", *arguments], cwd=folder / within, env=environment, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def asked(folder, *arguments):
    return json.loads(lignin(folder, *arguments))


def test_one_graph_leads_from_the_last_file_to_the_reads(demo):
    graph = asked(demo[0], "lineage", "reports/samples.md", "--json")
    engines = Counter(node["engine"] for node in graph["nodes"] if node["type"] == "run")
    assert engines == {"snakemake": 8, "prefect": 3, None: 1}
    names = {node["name"] for node in graph["nodes"]}
    assert {f"01_snakemake_reads/data/rep{n}.fastq.gz" for n in (1, 2, 3)} < names
    ids = {node["id"] for node in graph["nodes"]}
    assert {end for edge in graph["edges"] for end in (edge["source"], edge["target"])} == ids


def test_every_job_task_and_workflow_is_one_run_that_ended_well(demo, nextflow):
    runs = asked(demo[0], "list", "run", "--json")
    more = {"nextflow": 15, None: 2} if nextflow else {None: 1}
    assert Counter(run["engine"] for run in runs) == {"snakemake": 19, "redun": 9, "prefect": 8, **more}
    assert {run["status"] for run in runs} == {"completed"}
    by_uid = {run["uid"]: run for run in runs}
    roots = [run for run in runs if run["parent"] is None]
    assert len(roots) == (9 if nextflow else 6)
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


def test_three_engines_meet_in_one_graph_that_reaches_the_data(demo):
    graph = asked(demo[0], "lineage", "04_four_engines/results/summary.md", "--json")
    runs = Counter((node["engine"], node["name"]) for node in graph["nodes"] if node["type"] == "run")
    assert runs == {
        ("snakemake", "filter_cells"): 1, ("snakemake", "drop_outliers"): 4, ("snakemake", "merge_types"): 1,
        ("redun", "pbmc.rank_genes"): 4, ("redun", "pbmc.merge_tables"): 1,
        ("prefect", "score_cells"): 1, ("prefect", "reduce"): 1, ("prefect", "summarise"): 1,
    }
    nodes = {node["id"]: node for node in graph["nodes"]}
    made = {edge["target"] for edge in graph["edges"]}
    assert [node["name"] for node in nodes.values() if node["id"] not in made] == ["04_four_engines/data/pbmc.h5ad"]
    # Each engine is joined to the one before it by the very file that the other wrote.
    for name, writer, readers in (("cells.h5ad", "snakemake", {"redun", "prefect"}), ("markers.csv", "redun", {"prefect"})):
        (file,) = (node["id"] for node in nodes.values() if node["name"] == f"04_four_engines/results/{name}")
        assert {nodes[edge["source"]]["engine"] for edge in graph["edges"] if edge["target"] == file} == {writer}
        assert {nodes[edge["target"]]["engine"] for edge in graph["edges"] if edge["source"] == file} == readers


def test_four_engines_meet_in_the_picture_that_is_printed(demo, nextflow):
    if not nextflow:
        assert "Three engines in one graph" in demo[1]
        return
    graph = asked(demo[0], "lineage", "04_four_engines/results/panel.tsv", "--json")
    runs = Counter((node["engine"], node["name"].partition(" ")[0]) for node in graph["nodes"] if node["type"] == "run")
    assert runs == {
        ("snakemake", "filter_cells"): 1, ("snakemake", "drop_outliers"): 4, ("snakemake", "merge_types"): 1,
        ("redun", "pbmc.rank_genes"): 4, ("redun", "pbmc.merge_tables"): 1, ("prefect", "score_cells"): 1,
        ("nextflow", "PICK_GENES"): 4, ("nextflow", "COUNT_TOLD"): 4, ("nextflow", "PANEL"): 1,
    }  # fmt: skip
    made = {edge["target"] for edge in graph["edges"]}
    assert [node["name"] for node in graph["nodes"] if node["id"] not in made] == ["04_four_engines/data/pbmc.h5ad"]
    picture = demo[1].partition("Four engines in one graph")[2].partition("What ran, newest first")[0]
    assert all(engine in picture for engine in ("snakemake", "redun", "prefect", "nextflow"))


def test_the_panel_holds_what_the_page_says(demo, nextflow):
    page = (demo[0] / "04_four_engines" / "results" / "summary.md").read_text(encoding="utf-8")
    counted = {row[0]: (row[1], row[2]) for row in re.findall(r"^\| (\w+) \| (\d+) of (\d+) \|", page, flags=re.MULTILINE)}
    panel = demo[0] / "04_four_engines" / "results" / "panel.tsv"
    rows = [line.split("\t") for line in panel.read_text().splitlines()[1:]] if nextflow else []
    assert {row[0]: (row[2], row[1]) for row in rows} == (counted if nextflow else {})
    assert all(len(row[3].split(",")) == 5 for row in rows)


def test_the_page_says_that_most_held_out_cells_are_told_by_their_markers(demo):
    page = (demo[0] / "04_four_engines" / "results" / "summary.md").read_text(encoding="utf-8")
    told, cells = map(int, re.search(r"^(\d+) of (\d+) are told", page, flags=re.MULTILINE).groups())
    assert cells == 135
    assert told > 0.8 * cells


def test_importing_what_was_recorded_live_adds_nothing(demo):
    def everything():
        return [asked(demo[0], "list", registry, "--json") for registry in ("run", "transform", "artifact")] + [
            asked(demo[0], "lineage", "04_four_engines/results/summary.md", "--json")
        ]

    before = everything()
    for engine in ("snakemake", "redun"):
        lignin(demo[0], "import", engine, within="04_four_engines")
    assert everything() == before


def test_the_demo_runs_the_commands_of_the_readmes(demo, nextflow):
    printed = [line.removeprefix("$ ") for line in demo[1].splitlines() if line.startswith("$ ")]
    for name in ("04_four_engines", "06_nextflow_counts"):
        readme = (ROOT / "examples" / name / "README.md").read_text(encoding="utf-8")
        first, *more = re.findall(r"^```bash\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
        assert not nextflow or [line for line in first.splitlines()[2:] if line not in printed] == []
        assert [block.split("\n")[:2] for block in more] == [["lignin import snakemake", "lignin import redun"]] * (name == "04_four_engines")
