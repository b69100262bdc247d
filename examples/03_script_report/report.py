"""One page about the samples: what the two pipelines before it found, in a table and a line of text."""

from pathlib import Path

import pandas as pd

import lignin as ln

ln.track(params={"digits": 3})

# A file that a pipeline wrote is found by its path in the instance's folder.
diversity = ln.Artifact.get(key__endswith="02_prefect_normalise/results/diversity.csv").load(index_col="sample")
scores = ln.Artifact.get(key__endswith="02_prefect_normalise/results/scores.csv").load(index_col="sample")

table = diversity.join(scores.round(3)).sort_values("shannon", ascending=False)
table["kept_fraction"] = (table["kept"] / table["reads"]).round(3)
print(table.to_string())

page = Path("report.md")
page.write_text(
    f"# Samples\n\nMost diverse: {table.index[0]}, Shannon's index {table['shannon'].iloc[0]:.3f} nats.\n\n"
    + "\n".join(f"- {sample}: {row.observed:.0f} variants in {row.kept:.0f} reads" for sample, row in table.iterrows())
    + "\n",
    encoding="utf-8",
)

ln.Artifact.from_dataframe(pd.DataFrame(table).reset_index(), key="reports/samples.parquet").save()
ln.Artifact(page, key="reports/samples.md", description="One page about the samples").save()
ln.finish()
