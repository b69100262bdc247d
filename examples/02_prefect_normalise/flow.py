"""From counts of sequence variants to components and a diversity table. Plain Prefect, nothing else."""

import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from prefect import flow, task

COUNTS = Path(__file__).parent / ".." / "01_snakemake_reads" / "results" / "counts.h5ad"


@task
def select_variable(counts: Path, results: Path, n_variants: int) -> Path:
    """Keep the variants whose log abundance differs most between samples."""
    adata = ad.read_h5ad(counts)
    order = np.argsort(-adata.X.var(axis=0), kind="stable")[:n_variants]
    chosen = sorted(order)
    table = pd.DataFrame(adata.X[:, chosen], index=adata.obs_names, columns=adata.var_names[chosen])
    path = results / "variable.parquet"
    table.rename_axis("sample").to_parquet(path)
    return path


@task
def reduce(variable: Path, results: Path, n_components: int) -> dict[str, Path]:
    """Principal components, by singular value decomposition of the centred table."""
    table = pd.read_parquet(variable)
    centred = table.to_numpy(dtype=float) - table.to_numpy(dtype=float).mean(axis=0)
    left, values, right = np.linalg.svd(centred, full_matrices=False)
    # The sign of a component is arbitrary: the largest loading is made positive.
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    names = [f"PC{i + 1}" for i in range(min(n_components, len(values)))]
    kept = slice(0, len(names))
    paths = {"scores": results / "scores.csv", "loadings": results / "loadings.parquet"}
    scores = pd.DataFrame((left * values * signs)[:, kept], index=table.index, columns=names)
    scores.round(6).to_csv(paths["scores"])
    loadings = pd.DataFrame((right * signs[:, None]).T[:, kept], index=table.columns, columns=names)
    loadings.rename_axis("variant").to_parquet(paths["loadings"])
    return paths


@task
def diversity(counts: Path, results: Path) -> Path:
    """Reads, observed variants and Shannon's index (in nats) of each sample."""
    adata = ad.read_h5ad(counts)
    observed = pd.DataFrame(adata.layers["counts"], index=adata.obs_names, columns=adata.var_names)
    share = observed.div(observed.sum(axis=1), axis=0)
    shannon = -(share * np.log(share.where(share > 0, 1.0))).sum(axis=1)
    table = pd.DataFrame(
        {
            "reads": adata.obs["reads"],
            "kept": adata.obs["kept"],
            "observed": (observed > 0).sum(axis=1),
            "shannon": shannon.round(6),
        }
    )
    path = results / "diversity.csv"
    table.rename_axis("sample").to_csv(path)
    return path


@flow(name="normalise")
def normalise(counts: Path, results: Path = Path("results"), n_variants: int = 30, n_components: int = 2) -> dict[str, Path]:
    """Variable variants, their principal components, and the diversity of each sample."""
    results.mkdir(parents=True, exist_ok=True)
    diversities = diversity.submit(counts, results)
    variable = select_variable(counts, results, n_variants)
    return {"variable": variable, "diversity": diversities.result(), **reduce(variable, results, n_components)}


if __name__ == "__main__":
    normalise(counts=Path(sys.argv[1]) if len(sys.argv) > 1 else COUNTS)
