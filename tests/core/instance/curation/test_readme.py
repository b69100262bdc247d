"""What the README that this project was born from shows of datasets runs as it stands there."""

import warnings
from datetime import date

import anndata as ad
import pandas as pd

import lignin as ln


def test_lakehouse_as_a_feature_store_and_beyond_tables(instance, capsys, define_cells, genes):
    ln.Feature(name="gc_content", dtype=float).save()
    ln.Feature(name="experiment_note", dtype=str).save()
    ln.Feature(name="experiment_date", dtype=date, coerce=True).save()
    df = pd.DataFrame({
        "sequence_str": ["ACGT", "TGCA"],
        "gc_content": [0.55, 0.54],
        "experiment_note": ["Looks great", "Ok"],
        "experiment_date": [date(2025, 10, 24), date(2025, 10, 25)],
    })
    ln.Artifact.from_dataframe(df, key="my_datasets/sequences.parquet").save()
    ln.Artifact.from_dataframe(df, key="my_datasets/sequences.parquet", schema="valid_features").save()
    # Where the incumbent says nothing of the fourth column.
    assert "! 1 of 4 columns is not registered as features, and was not checked\n    sequence_str" in capsys.readouterr().err
    ln.Feature(name="sequence_str", dtype=str).save()
    artifact = ln.Artifact.from_dataframe(df, key="my_datasets/sequences.parquet", schema="valid_features").save()
    text = artifact.describe()
    assert "columns (4)" in text
    assert all(line in text for line in ("experiment_date  date", "experiment_note  str", "gc_content       float", "sequence_str     str"))
    assert [found.key for found in ln.Artifact.filter(schema__name="valid_features")] == ["my_datasets/sequences.parquet"]

    define_cells()
    genes["ensembl_gene_id"] = [f"ENSG{i:011d}" for i in range(30)]
    ln.Artifact.from_dataframe(genes, key="vocabularies/bionty.Gene.parquet").save()
    with warnings.catch_warnings():
        # anndata's own, of row names that are numbers.
        warnings.simplefilter("ignore")
        adata = ad.AnnData(
            X=pd.DataFrame([[1] * 10] * 21).values,
            obs=pd.DataFrame({"cell_type_by_model": ["T cell", "B cell", "NK cell"] * 7}),
            var=pd.DataFrame(index=[f"ENSG{i:011d}" for i in range(10)]),
        )
    artifact = ln.Artifact.from_anndata(adata, key="my_datasets/scrna.h5ad", schema="ensembl_gene_ids_and_valid_features_in_obs")
    assert "my_datasets/scrna.h5ad (not saved yet)" in artifact.describe()
    assert artifact.save().n_observations == 21
    assert "cell_type_by_model  cat[ULabel]  T cell, B cell, NK cell" in artifact.describe()
