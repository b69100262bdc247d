"""examples/06_nextflow_counts, run as its README says, with a real Nextflow."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ADAPTER = ROOT / "adapters" / "nextflow"
# Read here, before the tests' own environment hides what the user set.
CACHE = Path(os.environ.get("LIGNIN_TEST_NEXTFLOW", Path(sys.prefix) / "nextflow"))
REQUIRED = "LIGNIN_TEST_REQUIRE_NEXTFLOW" in os.environ
DEADLINE = 600


def program(name):
    """A program of the adapter's folder, as a module."""
    spec = importlib.util.spec_from_file_location(name, ADAPTER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def java():
    """The release of the Java on the PATH, 0 where there is none."""
    if shutil.which("java") is None:
        return 0
    found = re.search(r'version "(\d+)', subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr)
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def nextflow():
    """The released Nextflow that the tests of the adapter run, and the plug-in built."""
    reason = "Nextflow needs Java 17 or newer" if java() < 17 else "the plug-in is built by Maven" if shutil.which("mvn") is None else None
    if reason and REQUIRED:
        pytest.fail(reason)
    if reason:
        pytest.skip(f"{reason}, which is not here")
    build = program("build_plugin")
    if build.current() is None:
        build.build()
    # All versions, since the first that is asked for is what the adapter's tests take as theirs.
    return program("get_nextflow").get(CACHE)


@pytest.fixture(scope="module")
def ran(nextflow, tmp_path_factory):
    """The example's folder after pipeline and script, in a copy of `examples`, and a way to call what is on PATH."""
    top = tmp_path_factory.mktemp("examples")
    ignored = shutil.ignore_patterns("results", "work", ".nextflow*", ".snakemake", ".lignin")
    for name in ("01_snakemake_reads", "06_nextflow_counts"):
        shutil.copytree(ROOT / "examples" / name, top / name, ignore=ignored)
    programs = top / "bin"
    programs.mkdir()
    (programs / "nextflow").symlink_to(nextflow)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NXF_", "LIGNIN_"))}
    environment |= {
        "PATH": f"{programs}{os.pathsep}{environment['PATH']}", "NXF_HOME": str(top / "nxf"), "LIGNIN_HOME": str(top / "home"), "LC_ALL": "C.UTF-8",
        # As in this process: where the packages lie differs between an installed Lignin and a checkout.
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }

    def call(*command):
        done = subprocess.run(
            [sys.executable, *command], cwd=top / "06_nextflow_counts", env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    # In the folder above, as in the demo, so that the reads of the other example lie in it as well.
    subprocess.run([sys.executable, "-m", "lignin", "init"], cwd=top, env=environment, capture_output=True, check=True)
    call("-m", "lignin", "nextflow", "run", "main.nf")
    call("report.py")
    return top / "06_nextflow_counts", call


def test_the_table_counts_the_real_reads(ran):
    folder, _ = ran
    head, *rows = [line.split("\t") for line in (folder / "results" / "read_lengths.tsv").read_text().splitlines()]
    assert head == ["sample", "reads", "bases", "shortest", "longest"]
    assert [row[:2] for row in rows] == [["rep1", "700"], ["rep2", "700"], ["rep3", "700"]]
    assert all(int(low) <= int(bases) / int(reads) <= int(high) for _, reads, bases, low, high in rows)


def test_one_run_for_the_pipeline_and_each_of_its_tasks(ran):
    _, call = ran
    runs = json.loads(call("-m", "lignin", "list", "run", "--json", "--filter", "engine=nextflow"))
    assert sorted(run["name"].partition(" ")[0] for run in runs) == ["COUNT", "COUNT", "COUNT", "TABLE", "main.nf"]
    assert {run["status"] for run in runs} == {"completed"}
    (pipeline,) = [run for run in runs if run["parent"] is None]
    assert {run["parent"] for run in runs if run is not pipeline} == {pipeline["uid"]}


def test_lineage_leads_from_the_script_s_table_to_the_reads(ran):
    _, call = ran
    graph = json.loads(call("-m", "lignin", "lineage", "reports/read_lengths.parquet", "--json"))
    names = {node["name"] for node in graph["nodes"]}
    assert {f"01_snakemake_reads/data/rep{n}.fastq.gz" for n in (1, 2, 3)} < names
    assert sorted(node["name"].partition(" ")[0] for node in graph["nodes"] if node["type"] == "run" and node["engine"] == "nextflow") == ["COUNT", "COUNT", "COUNT", "TABLE"]
