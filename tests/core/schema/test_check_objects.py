"""AnnData, MuData and SpatialData against schemas of their slots."""

from importlib import import_module

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from lignin.base.errors import UsageError
from lignin.schema import (
    FeatureSpec,
    ProblemKind,
    SchemaSpec,
    Tables,
    Terms,
    check,
    drift,
    parse_slot,
    standardize,
)

GENES = Terms.of("bionty.Gene.ensembl_gene_id", ["ENSG00000139618", "ENSG00000141510", "ENSG00000157764"], synonyms={"BRAF": "ENSG00000157764"})


@pytest.fixture
def tables(species):
    return Tables({"Species": species, "bionty.Gene.ensembl_gene_id": GENES}, features=[FeatureSpec(name="species", dtype="cat[Species]")])


@pytest.fixture
def adata(penguins):
    """The penguins' measures as a matrix: what was measured of them are the variables."""
    obs = penguins[["species", "island", "sex"]].set_index(penguins.index.astype(str))
    names = ["ENSG00000139618", "ENSG00000141510.18", "BRAF"]
    found = ad.AnnData(sp.csr_matrix(np.ones((344, 3), dtype="float32")), obs=obs, var=pd.DataFrame({"n": [1, 2, 3]}, index=names))
    found.uns["study"] = {"pi": {"name": "Gorman"}, "years": [2007, 2008]}
    found.obsm["X_pca"] = np.zeros((344, 2))
    return found


SLOTS = {
    "obs": SchemaSpec(features=(FeatureSpec(name="species", dtype="cat[Species]"),), index=FeatureSpec(name="penguin", dtype=str)),
    "var.T": SchemaSpec(itype="bionty.Gene.ensembl_gene_id"),
    "var": SchemaSpec(features=(FeatureSpec(name="n", dtype=int),)),
    "uns:study": SchemaSpec(features=(FeatureSpec(name="years", dtype=list[int]),), flexible=True),
    "uns:study:pi": SchemaSpec(features=(FeatureSpec(name="name", dtype=str),)),
    "obsm:X_pca": SchemaSpec(features=(FeatureSpec(name="0", dtype=float), FeatureSpec(name="1", dtype=float))),
}


def test_every_slot_is_checked_by_its_schema(adata, tables):
    report = check(adata, SchemaSpec(slots=SLOTS, otype="AnnData"), registries=tables)
    assert report.ok, report
    assert {column.slot for column in report.checked} == set(SLOTS)
    genes = next(note for note in report.notes if note.slot == "var.T")
    assert (genes.kind, genes.count, genes.of) == (ProblemKind.UNREGISTERED, 2, 3)
    assert dict(genes.suggestions) == {"'BRAF'": ("ENSG00000157764",), "'ENSG00000141510.18'": ("ENSG00000141510",)}


def test_unknown_genes_are_refused_where_the_schema_says_so(adata, tables):
    strict = SchemaSpec(slots={"var.T": SchemaSpec(itype="bionty.Gene.ensembl_gene_id", maximal_set=True)})
    assert [(p.slot, p.kind) for p in check(adata, strict, registries=tables).problems] == [("var.T", ProblemKind.UNREGISTERED)]
    assert [p.kind for p in check(adata, strict).problems] == [ProblemKind.NO_VOCABULARY]


def test_lines_of_code_reach_into_the_object(adata, tables):
    adata.obs["species"] = adata.obs.species.astype("category").cat.rename_categories({"Gentoo": "Pygoscelis papua"})
    schema = SchemaSpec(slots={"obs": SLOTS["obs"]})
    problem = check(adata, schema, registries=tables).problems[0]
    assert problem.where == "obs · species"
    exec(problem.fix, {"adata": adata})
    assert check(adata, schema, registries=tables).ok


def test_a_slot_that_is_not_there_is_told_with_what_is(adata):
    schema = SchemaSpec(slots={"uns:nothing": SchemaSpec(), "rna:obs": SchemaSpec(), "_private": SchemaSpec()})
    problems = check(adata, schema).problems
    assert [(p.kind, p.slot) for p in problems] == [(ProblemKind.MISSING_SLOT, slot) for slot in schema.slots]
    assert "study" in problems[0].message


def test_what_lies_beside_the_data_is_a_slot_too(adata):
    schema = SchemaSpec(slots={"__external__": SchemaSpec(features=(FeatureSpec(name="dose", dtype=float),))})
    assert check(adata, schema, external={"dose": 3}).ok
    assert not check(adata, schema, external={"dose": "3"}).ok
    assert not check(adata, schema).ok


def test_a_matrix_is_no_table_unless_its_columns_are_numbered(adata):
    with pytest.raises(UsageError, match="no frame, array or dictionary"):
        check(adata, SchemaSpec(slots={"X": SchemaSpec()}))
    with pytest.raises(UsageError, match="turned round"):
        check(adata, SchemaSpec(slots={"uns:study.T": SchemaSpec()}))
    with pytest.raises(UsageError, match="no slot"):
        parse_slot("obs::a")


def test_a_backed_object_is_checked_where_it_lies(adata, tables, tmp_path):
    adata.obs = adata.obs.fillna("unknown")
    adata.write_h5ad(tmp_path / "penguins.h5ad")
    backed = ad.read_h5ad(tmp_path / "penguins.h5ad", backed="r")
    schema = SchemaSpec(slots={name: SLOTS[name] for name in ("obs", "var", "var.T")})
    try:
        assert check(backed, schema, registries=tables).ok
        with pytest.raises(UsageError, match="in_place"):
            standardize(backed, schema, registries=tables)
    finally:
        backed.file.close()


def test_an_object_is_standardized_as_a_copy_unless_asked(adata, tables):
    adata.obs["species"] = adata.obs.species.replace("Gentoo", "Pygoscelis papua")
    schema = SchemaSpec(slots={"obs": SLOTS["obs"], "uns:study": SchemaSpec(features=(FeatureSpec(name="years", dtype=list[str], coerce=True),))})
    done = standardize(adata, schema, registries=tables)
    assert [(c.slot, c.column, c.what, c.count) for c in done.changes] == [("obs", "species", "renamed", 124), ("uns:study", "years", "converted", 1)]
    assert check(done.data, schema, registries=tables).ok
    assert done.data.uns["study"]["years"] == ["2007", "2008"]
    assert "Pygoscelis papua" in set(adata.obs.species)
    assert adata.uns["study"]["years"] == [2007, 2008]
    assert standardize(adata, schema, registries=tables, in_place=True).data is adata
    assert check(adata, schema, registries=tables).ok


def test_a_modality_has_slots_of_its_own(adata, tables):
    mudata = import_module("mudata")
    with mudata.set_options(pull_on_update=False):
        mdata = mudata.MuData({"rna": adata, "prot": ad.AnnData(np.ones((344, 1)), obs=pd.DataFrame(index=adata.obs_names), var=pd.DataFrame(index=["CD4"]))})
    schema = SchemaSpec(slots={"rna:obs": SLOTS["obs"], "rna:var.T": SLOTS["var.T"], "prot": SchemaSpec(slots={"obs": SchemaSpec(features=(FeatureSpec(name="dose", dtype=int),))})})
    report = check(mdata, schema, registries=tables)
    assert [(p.slot, p.kind) for p in report.problems] == [("prot:obs", ProblemKind.MISSING_COLUMN)]
    assert {column.slot for column in report.checked} == {"rna:obs", "rna:var.T"}
    assert [table.slot for table in drift(mdata, mdata).tables] == ["obs", "var", "rna:obs", "rna:var", "prot:obs", "prot:var"]


def test_tables_and_attributes_of_spatial_data_are_slots(adata, tables):
    spatialdata = import_module("spatialdata")
    sdata = spatialdata.SpatialData(tables={"birds": adata})
    sdata.attrs["sample"] = {"place": "Torgersen"}
    schema = SchemaSpec(slots={
        "tables:birds:obs": SLOTS["obs"], "birds:var.T": SLOTS["var.T"], "attrs:sample": SchemaSpec(features=(FeatureSpec(name="place", dtype=int),)),
    })
    report = check(sdata, schema, registries=tables)
    assert [(p.slot, p.column) for p in report.problems] == [("attrs:sample", "place")]
    assert {column.slot for column in report.checked} == set(schema.slots)


def test_drift_of_an_object_is_that_of_its_frames(adata):
    later = adata[:300].copy()
    later.obs["batch"] = "b1"
    later.var_names = ["ENSG00000139618", "new", "BRAF"]
    found = drift(adata, later)
    obs, var = found.tables
    assert (obs.slot, obs.rows, obs.names_vanished) == ("obs", (344, 300), 44)
    assert (var.slot, var.names_appeared, var.names_vanished) == ("var", 1, 1)
    assert [c.name for c in obs.columns if c.types[0] is None] == ["batch"]
