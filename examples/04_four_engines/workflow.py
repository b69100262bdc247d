"""Marker genes of each cell type, by the rank sum test, from the cells that are not held out. Plain redun."""

import anndata as ad
import numpy as np
import pandas as pd
from redun import File, task

redun_namespace = "pbmc"


@task()
def cell_types(cells: File) -> list[str]:
    """The types in the matrix, in alphabetical order."""
    return sorted(ad.read_h5ad(cells.path).obs["cell_type"].unique())


@task()
def rank_genes(cells: File, cell_type: str, top: int) -> File:
    """The genes that tell one type from the rest: the area under the ROC curve, and z of the rank sum."""
    adata = ad.read_h5ad(cells.path)
    adata = adata[~adata.obs["held_out"].to_numpy()]
    inside = (adata.obs["cell_type"] == cell_type).to_numpy()
    ranks = pd.DataFrame(adata.X.toarray(), columns=adata.var_names).rank()
    n, m = inside.sum(), (~inside).sum()
    u = ranks[inside].sum() - n * (n + 1) / 2
    # Ties, above all of zeros, make the variance smaller: n·m / (N·(N−1)) times the ranks' sum of squares.
    spread = ((ranks - ranks.mean()) ** 2).sum() * n * m / ((n + m) * (n + m - 1))
    table = pd.DataFrame({"cell_type": cell_type, "auc": u / (n * m), "z": (u - n * m / 2) / np.sqrt(spread)})
    table = table.rename_axis("gene").reset_index().sort_values(["z", "gene"], ascending=[False, True])
    result = File(f"results/markers/{cell_type}.csv")
    result.write(table.head(top).round(4).to_csv(index=False, lineterminator="\n"))
    return result


@task()
def rank_each(cells: File, types: list[str], top: int) -> list[File]:
    """One table per type."""
    return [rank_genes(cells, cell_type, top) for cell_type in types]


@task()
def merge_tables(tables: list[File]) -> File:
    """All tables in one."""
    result = File("results/markers.csv")
    result.write(pd.concat([pd.read_csv(table.path) for table in tables]).to_csv(index=False, lineterminator="\n"))
    return result


@task()
def markers(cells: File = File("results/cells.h5ad"), top: int = 10) -> File:
    """The marker genes of all cell types."""
    return merge_tables(rank_each(cells, cell_types(cells), top))
