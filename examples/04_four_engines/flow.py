"""Do the markers tell the types of cells that were held out? Scores, a table and a page. Plain Prefect."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from prefect import flow, task


@task
def score_cells(cells: Path, markers: Path, results: Path) -> Path:
    """For each held-out cell and type, the mean of the type's markers, each in standard deviations."""
    adata = ad.read_h5ad(cells)
    adata = adata[adata.obs["held_out"].to_numpy()]
    values = pd.DataFrame(adata.X.toarray(), index=adata.obs_names, columns=adata.var_names).astype(float)
    values = (values - values.mean()) / values.std(ddof=0).replace(0, 1)
    genes = pd.read_csv(markers).groupby("cell_type")["gene"].apply(list)
    scores = pd.DataFrame({cell_type: values[names].mean(axis=1) for cell_type, names in genes.items()})
    scores.insert(0, "cell_type", adata.obs["cell_type"].astype(str))
    path = results / "scores.csv"
    scores.round(4).rename_axis("cell").to_csv(path)
    return path


@task
def reduce(cells: Path, results: Path, n_components: int) -> Path:
    """The held-out cells' principal components."""
    adata = ad.read_h5ad(cells)
    adata = adata[adata.obs["held_out"].to_numpy()]
    values = adata.X.toarray().astype(float)
    left, lengths, right = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    # The sign of a component is arbitrary: the largest loading is made positive.
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    names = [f"PC{i + 1}" for i in range(n_components)]
    table = pd.DataFrame((left * lengths * signs)[:, :n_components], index=adata.obs_names, columns=names)
    path = results / "components.csv"
    table.round(4).rename_axis("cell").to_csv(path)
    return path


@task
def summarise(scores: Path, components: Path, results: Path) -> Path:
    """A page: how often the best score names the cell's own type, and where each type lies."""
    table = pd.read_csv(scores, index_col="cell")
    truth = table.pop("cell_type")
    hit = table.idxmax(axis=1) == truth
    centres = pd.read_csv(components, index_col="cell").groupby(truth).mean().round(2)
    lines = [f"| {name} | {hit[truth == name].sum()} of {(truth == name).sum()} | {', '.join(map(str, centre))} |"
             for name, centre in zip(centres.index, centres.to_numpy().tolist(), strict=True)]
    path = results / "summary.md"
    path.write_text(
        f"# Held-out cells\n\n{hit.sum()} of {len(hit)} are told by their markers ({hit.mean():.0%}).\n\n"
        "| cell type | told | centre |\n|---|---|---|\n" + "\n".join(lines) + "\n",
        encoding="utf-8",
    )
    return path


@flow(name="check_markers")
def check_markers(cells: Path, markers: Path, results: Path = Path("results"), n_components: int = 2) -> Path:
    """Scores and components of the held-out cells, and a page about them."""
    components = reduce.submit(cells, results, n_components)
    scores = score_cells(cells, markers, results)
    return summarise(scores, components.result(), results)


if __name__ == "__main__":
    check_markers(cells=Path("results/cells.h5ad"), markers=Path("results/markers.csv"))
