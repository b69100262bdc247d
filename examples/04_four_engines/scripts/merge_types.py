"""All cell types in one matrix; of each type every second cell is held out."""

import anndata as ad

types = [ad.read_h5ad(path) for path in snakemake.input.types]
adata = ad.concat(types, merge="same")
adata.obs["held_out"] = [n % 2 == 1 for part in types for n in range(part.n_obs)]
adata.write_h5ad(snakemake.output.cells, compression="gzip")
