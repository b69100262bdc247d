"""Curators: check, mend, register, save."""

import pandas as pd
import polars as pl
import pytest

import lignin as ln
from lignin.base.errors import NotFound, UsageError, ValidationError

CELLS = "ensembl_gene_ids_and_valid_features_in_obs"


@pytest.fixture
def mixed(penguins):
    """Penguins of which some are named otherwise."""
    penguins["species"] = penguins["species"].replace({"Gentoo": "gentoo"}).mask(penguins.index < 3, "Emperor")
    return penguins


def test_a_frame_is_mended_and_saved(instance, mixed, define_penguins, capsys):
    curator = ln.curators.DataFrameCurator(mixed, define_penguins())
    with pytest.raises(ValidationError, match="2 values are not in ULabel"):
        curator.validate()
    assert curator.cat.non_validated == {"species": ["gentoo", "Emperor"]}
    curator.cat.standardize("species")
    assert curator.cat.non_validated == {"species": ["Emperor"]}
    curator.cat.add_new_from("species", description="seen on an excursion")
    assert curator.cat.non_validated == {}
    assert ln.ULabel.get(name="Emperor").description == "seen on an excursion"
    assert curator.validate().ok
    artifact = curator.save_artifact(key="penguins.parquet", description="penguins")
    assert (artifact.schema.name, artifact.description) == ("penguins", "penguins")
    assert set(artifact.load()["species"]) == {"Adelie", "Chinstrap", "Gentoo", "Emperor"}
    told = capsys.readouterr().err
    assert "✓ species: renamed 124 values" in told
    assert "✓ registered 1 new in ULabel: 'Emperor'" in told


def test_synonyms_and_other_spellings_are_not_registered_as_new(sqlite_instance, mixed, define_penguins, capsys):
    curator = ln.curators.DataFrameCurator(mixed, define_penguins())
    curator.cat.add_new_from("all")
    assert "1 of 'species' are synonyms of terms, and were not registered" in capsys.readouterr().err
    assert ln.ULabel.filter(name="gentoo").count() == 0
    assert curator.cat.non_validated == {"species": ["gentoo"]}


def test_polars_frames_and_files_are_mended_too(sqlite_instance, mixed, define_penguins):
    schema = define_penguins()
    curator = ln.curators.DataFrameCurator(pl.from_pandas(mixed), schema)
    curator.cat.standardize("all")
    curator.cat.add_new_from("species")
    assert isinstance(curator.dataset, pl.DataFrame)
    assert curator.save_artifact(key="a.parquet").schema == schema
    mixed.to_csv("penguins.csv", index=False)
    curator = ln.curators.DataFrameCurator("penguins.csv", schema)
    assert curator.cat.non_validated == {"species": ["gentoo"]}
    curator.cat.standardize("species")
    assert curator.save_artifact(key="b.parquet").schema == schema


def test_an_artifact_is_annotated_or_gets_a_mended_version(instance, mixed, penguins, define_penguins):
    artifact = ln.Artifact.from_dataframe(mixed, key="penguins.parquet").save()
    schema = define_penguins()
    curator = ln.curators.DataFrameCurator(artifact, schema)
    curator.cat.add_new_from("species")
    curator.cat.standardize("species")
    mended = curator.save_artifact()
    assert (mended.key, mended.stem_uid, mended.is_latest, mended.schema) == (artifact.key, artifact.stem_uid, True, schema)
    again = ln.curators.DataFrameCurator(ln.Artifact.get(mended.uid), schema).save_artifact(description="checked")
    assert (again, again.description, again.schemas.count()) == (mended, "checked", 1)
    with pytest.raises(UsageError, match="key can't be given"):
        ln.curators.DataFrameCurator(again, schema).save_artifact(key="other.parquet")


def test_defaults_and_conversions_are_made(sqlite_instance):
    features = [ln.Feature(name="day", dtype="date", coerce=True).save(), ln.Feature(name="unit", dtype=str, default_value="mg", nullable=False).save()]
    curator = ln.curators.DataFrameCurator(pd.DataFrame({"day": ["2025-10-24"]}), ln.Schema(features, name="s").save())
    assert [str(p.kind) for p in curator.report.problems] == ["missing column"]
    curator.standardize()
    artifact = curator.save_artifact(key="a.parquet")
    assert artifact.load().to_dict("list") == {"day": [pd.Timestamp("2025-10-24").date()], "unit": ["mg"]}


def test_terms_are_completed_in_a_prompt(sqlite_instance, penguins, define_penguins):
    assert ln.curators.DataFrameCurator(penguins, define_penguins()).cat.lookup().species.gentoo.name == "Gentoo"


def test_terms_go_to_the_type_that_the_feature_names(sqlite_instance):
    drug = ln.Record(name="Drug", is_type=True).save()
    ln.Record(name="DMSO", type=drug).save()
    ln.Feature(name="drug", dtype=drug).save()
    curator = ln.curators.DataFrameCurator(pd.DataFrame({"drug": ["DMSO", "IFNG"]}), "valid_features")
    curator.cat.add_new_from("drug")
    assert ln.Record.get(name="IFNG").type == drug
    assert curator.validate().ok


def test_cells_by_slot_with_a_table_of_genes_for_this_time(sqlite_instance, cells, genes, define_cells):
    define_cells()
    cells.obs["cell_type_by_model"] = cells.obs["cell_type_by_model"].replace({"NK cell": "nk cell", "B cell": "neuron"})
    curator = ln.curators.AnnDataCurator(cells, CELLS, tables={"bionty.Gene.ensembl_gene_id": genes["ensembl_gene_id"]})
    assert list(curator.slots) == ["obs", "var.T"]
    assert curator.slots["obs"].cat.non_validated == {"cell_type_by_model": ["neuron", "nk cell"]}
    curator.slots["obs"].cat.standardize("cell_type_by_model")
    curator.slots["obs"].cat.add_new_from("cell_type_by_model")
    assert curator.validate().ok
    assert curator.slots["obs"].report.checked[0].n_terms == 3
    artifact = curator.save_artifact(key="cells.h5ad")
    assert artifact.schemas.count() == 2
    path = artifact.cache()
    assert ln.curators.AnnDataCurator(path, CELLS, tables={"bionty.Gene.ensembl_gene_id": list(genes["ensembl_gene_id"])}).validate().ok


def test_what_can_not_be_done_is_said(sqlite_instance, penguins, cells, define_penguins):
    schema = define_penguins()
    with pytest.raises(UsageError, match="has no slots, which AnnDataCurator needs"):
        ln.curators.AnnDataCurator(cells, schema)
    with pytest.raises(UsageError, match="has slots, and a table has none"):
        ln.curators.DataFrameCurator(penguins, CELLS)
    with pytest.raises(NotFound):
        ln.curators.DataFrameCurator(penguins, "no such")
    curator = ln.curators.DataFrameCurator(penguins, schema)
    with pytest.raises(UsageError, match=r"'year' is no column whose labels are terms\. Those are: 'species'"):
        curator.cat.standardize("year")
    with pytest.raises(UsageError, match="the terms as texts"):
        ln.curators.DataFrameCurator(penguins, schema, tables={"bionty.Gene": [1, 2]})
    assert "not checked yet" in repr(ln.curators.DataFrameCurator(penguins, schema))
    assert repr(curator) == "DataFrameCurator('penguins', valid)"


def test_drift_of_artifacts_files_and_frames(sqlite_instance, penguins, cells):
    old = ln.Artifact.from_dataframe(penguins[penguins.species != "Gentoo"], key="p.parquet").save()
    new = ln.Artifact.from_dataframe(penguins.drop(columns="sex"), key="p.parquet").save()
    found = ln.drift(old, new)
    assert found.tables[0].rows == (220, 344)
    assert {column.name: column for column in found.changed}["species"].appeared == ("Gentoo",)
    assert "sex: removed" in str(found)
    assert len(found.to_dataframe()) == 8
    assert str(ln.drift(old.cache(), penguins.drop(columns="sex"))) == str(found)
    h5ad = ln.Artifact.from_anndata(cells, key="c.h5ad").save()
    assert not ln.drift(h5ad, cells).tables[0].names_appeared
