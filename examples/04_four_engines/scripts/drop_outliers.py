"""The cells of one type whose number of genes is near the type's median, in median absolute deviations."""

import anndata as ad

adata = ad.read_h5ad(snakemake.input.cells)
adata = adata[adata.obs["bulk_labels"].isin(snakemake.params.labels)]
distance = (adata.obs["n_genes"] - adata.obs["n_genes"].median()).abs()
kept = adata[distance <= snakemake.params.max_deviation * distance.median()].copy()
kept.obs["cell_type"] = snakemake.wildcards.cell_type
kept.write_h5ad(snakemake.output.cells, compression="gzip")
