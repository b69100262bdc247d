"""The mean read length of each sample, from the table that the pipeline published."""

import lignin as ln

ln.track()
table = ln.Artifact.get(key__endswith="results/read_lengths.tsv").load(index_col="sample")
table["mean"] = (table["bases"] / table["reads"]).round(1)
print(table.to_string())
ln.Artifact.from_dataframe(table.reset_index(), key="reports/read_lengths.parquet").save()
ln.finish()
