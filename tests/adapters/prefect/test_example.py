"""The example, run as its README says, into an instance of its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "02_prefect_normalise"


def lignin(folder, *arguments):
    command = [sys.executable, "-m", "lignin", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def example(run_scenario, prefect_server, tmp_path_factory):
    root = tmp_path_factory.mktemp("examples")
    folder = root / "02_prefect_normalise"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("results"))
    matrix = root / "01_snakemake_reads" / "results" / "counts.h5ad"
    matrix.parent.mkdir(parents=True)
    counts = np.random.default_rng(1).poisson(3, (3, 40)).astype(np.float32)
    obs = pd.DataFrame({"reads": [9, 9, 9], "kept": [8, 8, 8]}, index=["rep1", "rep2", "rep3"])
    ad.AnnData(X=np.log1p(counts), obs=obs, layers={"counts": counts}).write_h5ad(matrix)
    lignin(root, "init")
    spool = {"LIGNIN_SPOOL": str(root / ".lignin" / "spool")}
    recorded = run_scenario(str(folder / "flow"), folder, PREFECT_API_URL=prefect_server, PREFECT_PLUGINS_ENABLED="1", **spool)
    assert recorded.exit_code == 0, recorded.output
    return folder


def test_it_writes_what_its_readme_lists(example):
    listed = {line.split("`")[1] for line in (example / "README.md").read_text().splitlines() if line.startswith("| `results/")}
    assert {f"results/{path.name}" for path in (example / "results").iterdir()} == listed
    scores = pd.read_csv(example / "results" / "scores.csv", index_col="sample")
    assert list(scores.columns) == ["PC1", "PC2"]
    assert np.allclose(scores.sum(), 0, atol=1e-5)


def test_its_runs_are_in_the_catalogue_when_it_ends(example):
    runs = json.loads(lignin(example, "list", "run", "engine=prefect", "--json"))
    assert len(runs) == 4
    assert {run["status"] for run in runs} == {"completed"}


def test_its_results_lead_back_to_the_matrix(example):
    (scores,) = json.loads(lignin(example, "list", "artifact", "key__endswith=scores.csv", "--json"))
    lineage = lignin(example, "lineage", scores["uid"])
    assert "variable.parquet" in lineage
    assert "counts.h5ad" in lineage
