"""From a table of counts to AnnData: samples by variants, scaled to one depth, then log(1 + x)."""

import hashlib
import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

table = pd.read_csv(snakemake.input.table, sep="\t", index_col="sequence")
reports = pd.DataFrame([json.loads(Path(path).read_text()) for path in snakemake.input.reports]).set_index("sample")

counts = table.to_numpy().T.astype(np.float32)
depth = counts.sum(axis=1, keepdims=True)
matrix = np.log1p(counts / depth * snakemake.params.target_sum)

names = ["variant_" + hashlib.sha256(sequence.encode()).hexdigest()[:8] for sequence in table.index]
adata = ad.AnnData(
    X=matrix,
    obs=reports.loc[table.columns, ["reads", "kept"]].assign(counted=depth[:, 0].astype(int)),
    var=pd.DataFrame({"sequence": table.index.to_numpy(), "total": table.sum(axis=1).to_numpy()}, index=names),
    layers={"counts": counts},
    uns={"target_sum": snakemake.params.target_sum, "log1p": {"base": "e"}},
)
adata.write_h5ad(snakemake.output.matrix)
