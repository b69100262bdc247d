"""examples/01_snakemake_reads, run as its README says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from lignin.recording import BadLine, RunStatus, fold, read_spool

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "01_snakemake_reads"


@pytest.fixture
def ran(tmp_path):
    """A copy of the example's folder after a run that was recorded, and the spool's folder."""
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("results", ".snakemake"))
    spool = tmp_path / "spool"
    environment = {
        **os.environ,
        "LIGNIN_SPOOL": str(spool),
        "LIGNIN_HOME": str(tmp_path / "home"),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "core"), str(ROOT / "adapters" / "snakemake")]),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--logger", "lignin", "--cores", "2"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, spool


def test_the_pipeline_gives_the_matrix_that_the_readme_describes_and_a_whole_record(ran):
    folder, spool = ran
    adata = ad.read_h5ad(folder / "results" / "counts.h5ad")
    assert adata.shape == (3, 62)
    assert list(adata.obs_names) == ["rep1", "rep2", "rep3"]
    assert list(adata.obs.columns) == ["reads", "kept", "counted"]
    assert list(adata.var.columns) == ["sequence", "total"]
    assert adata.X.dtype == np.float32
    assert np.allclose(np.expm1(adata.X).sum(axis=1), 1000, rtol=1e-4)
    assert adata.layers["counts"].sum(axis=1).tolist() == adata.obs["counted"].tolist()

    (path,) = spool.glob("*.jsonl")
    events = list(read_spool(path))
    assert not [event for event in events if isinstance(event, BadLine)]
    story = fold(events)
    assert {ended.status for ended in story.ended.values()} == {RunStatus.COMPLETED}
    names = sorted(started.name for started in story.started.values())
    assert names == sorted(["Snakefile", "all", *["filter_reads", "count_variants"] * 3, "merge_counts", "normalise", "top_variants"])
    assert all(claim.ref.content_id for claim in story.claims)
    made = {claim.ref.uri for claim in story.claims if claim.written}
    read = {claim.ref.uri for claim in story.claims if not claim.written}
    assert {Path(uri).name for uri in read - made} == {"rep1.fastq.gz", "rep2.fastq.gz", "rep3.fastq.gz"}
