"""Keeps cells in which enough genes are seen, then genes that are seen in enough of these cells."""

import anndata as ad

adata = ad.read_h5ad(snakemake.input.cells)
adata.obs["n_genes"] = adata.X.getnnz(axis=1)
adata = adata[adata.obs["n_genes"] >= snakemake.params.min_genes]
kept = adata[:, adata.X.getnnz(axis=0) >= snakemake.params.min_cells].copy()
kept.write_h5ad(snakemake.output.cells, compression="gzip")
