"""AnnData, MuData and SpatialData: each part is checked by the schema of its slot, wherever the object lies."""

import importlib
import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import lignin as ln
from lignin.base.errors import FormatError, UsageError, ValidationError

CELLS = "ensembl_gene_ids_and_valid_features_in_obs"


@pytest.fixture
def gene_table(sqlite_instance, genes):
    return ln.Artifact.from_dataframe(genes, key="vocabularies/bionty.Gene.parquet").save()


def test_without_a_table_of_genes_the_schema_says_so_instead_of_passing(sqlite_instance, cells, define_cells):
    define_cells()
    with pytest.raises(ValidationError, match=r"there is no vocabulary bionty\.Gene\.ensembl_gene_id here") as e:
        ln.Artifact.from_anndata(cells, key="scrna.h5ad", schema=CELLS)
    assert e.value.report.problems[0].fix.startswith('ln.Artifact.from_dataframe(table, key="vocabularies/bionty.Gene.parquet").save()')


def test_a_named_table_of_genes_is_what_they_are_checked_by(instance, cells, genes, define_cells, capsys):
    define_cells()
    genes.to_csv("genes.csv", index=False)
    ln.Artifact("genes.csv", key="vocabularies/bionty.Gene.csv").save()
    artifact = ln.Artifact.from_anndata(cells, key="scrna.h5ad", schema=CELLS).save()
    assert f"✓ valid by '{CELLS}': obs: 1 column, var.T: 10 identifiers" in capsys.readouterr().err
    text = artifact.describe()
    assert "└── cell_type_by_model  cat[ULabel]  T cell, B cell, NK cell" in text
    assert "var.T (10 of bionty.Gene.ensembl_gene_id)" in text
    assert {schema.itype for schema in artifact.schemas.all()} == {None, "bionty.Gene.ensembl_gene_id"}
    cells.var_names = [*cells.var_names[:-1], "ENSG99"]
    ln.Artifact.from_anndata(cells, key="scrna.h5ad", schema=CELLS).save()
    assert "! var.T: 1 of 10 identifiers is not known as bionty.Gene.ensembl_gene_id" in capsys.readouterr().err


def test_a_table_is_filtered_by_its_columns_and_useless_without_them(sqlite_instance, cells, gene_table):
    for name, field, fits in (("human", "ensembl_gene_id[organism__name='human']", True), ("mouse", "ensembl_gene_id[organism__name='mouse']", False)):
        schema = ln.Schema(slots={"var.T": ln.Schema(itype=f"bionty.Gene.{field}", maximal_set=True).save()}, name=name).save()
        if fits:
            ln.Artifact.from_anndata(cells, key=f"{name}.h5ad", schema=schema).save()
        else:
            with pytest.raises(ValidationError, match="10 of 10 identifiers are not known"):
                ln.Artifact.from_anndata(cells, key=f"{name}.h5ad", schema=schema)
    schema = ln.Schema(slots={"var.T": ln.Schema(itype="bionty.Gene.entrez_id").save()}).save()
    with pytest.raises(ValidationError, match=r"no vocabulary bionty\.Gene\.entrez_id"):
        ln.Artifact.from_anndata(cells, key="a.h5ad", schema=schema)


def test_terms_of_a_named_table_are_values_as_texts(sqlite_instance, cells):
    table = pd.DataFrame({"name": ["T cell", "B cell", "NK cell"], "synonyms": ["T lymphocyte|T-cell", None, None]})
    ln.Artifact.from_dataframe(table, key="vocabularies/bionty.CellType.parquet").save()
    ln.Feature(name="cell_type_by_model", dtype="cat[bionty.CellType]").save()
    schema = ln.Schema(slots={"obs": ln.Schema(itype=ln.Feature).save()}).save()
    artifact = ln.Artifact.from_anndata(cells, key="a.h5ad", schema=schema).save()
    assert "cat[bionty.CellType]  T cell, B cell, NK cell" in artifact.describe()
    cells.obs["cell_type_by_model"] = "T lymphocyte"
    with pytest.raises(ValidationError, match="did you mean 'T cell'"):
        ln.Artifact.from_anndata(cells, key="a.h5ad", schema=schema)


@pytest.mark.parametrize("suffix", ["h5ad", "zarr"])
def test_files_of_cells_are_checked_without_their_matrices(sqlite_instance, cells, gene_table, define_cells, suffix):
    define_cells()
    path = sqlite_instance.config.folder / f"cells.{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cells.write_h5ad(path) if suffix == "h5ad" else cells.write_zarr(path)
    artifact = ln.Artifact(path, key=path.name, schema=CELLS).save()
    assert {schema.n_members for schema in artifact.schemas.all()} == {1, 10}
    if suffix == "h5ad":
        backed = ad.read_h5ad(path, backed="r")
        assert ln.Artifact.from_anndata(backed, key="backed.h5ad", schema=CELLS).save().schemas.count() == 2
        backed.file.close()


def test_an_object_or_a_file_of_another_kind_is_refused(sqlite_instance, penguins, cells, define_cells):
    define_cells()
    with pytest.raises(ValidationError, match="there is no obs in this DataFrame"):
        ln.Artifact.from_dataframe(penguins, key="a.parquet", schema=ln.Schema(slots={"obs": ln.Schema(itype=ln.Feature).save()}).save())
    with pytest.raises(FormatError, match="not of a AnnData"):
        ln.Artifact.from_dataframe(cells, key="a.h5ad", schema="valid_features")
    with pytest.raises(UsageError):
        ln.Artifact.from_anndata(cells, key="a.h5ad", schema="valid_features")


def test_modalities_have_slots_of_their_own(sqlite_instance, cells, define_cells):
    define_cells()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mudata = importlib.import_module("mudata")
        proteins = ad.AnnData(np.ones((21, 2)), obs=pd.DataFrame(index=cells.obs_names), var=pd.DataFrame({"panel": ["a", "b"]}, index=["CD3", "CD19"]))
        mdata = mudata.MuData({"rna": cells, "prot": proteins})
    ln.Feature(name="panel", dtype="cat").save()
    by_name = ln.Schema(itype=ln.Feature).save()
    schema = ln.Schema(slots={"rna:obs": by_name, "prot:var": by_name}, name="citeseq", otype="MuData").save()
    artifact = ln.Artifact.from_mudata(mdata, key="citeseq.h5mu", schema=schema).save()
    text = artifact.describe()
    assert "prot:var (1)" in text
    assert "panel  cat  a, b" in text
    path = sqlite_instance.config.folder / "more.h5mu"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mdata.write_h5mu(path)
    assert ln.Artifact(path, schema=schema).save().schemas.count() == 2
    mdata["prot"].var["panel"] = [1, 2]
    with pytest.raises(ValidationError, match="prot:var · panel"):
        ln.Artifact.from_mudata(mdata, key="citeseq.h5mu", schema=schema)


def test_tables_and_attributes_of_images(sqlite_instance):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdata = importlib.import_module("spatialdata.datasets").blobs(length=32)
        sdata["table"].obs["region"] = sdata["table"].obs["region"].astype("category")
        sdata.attrs["sample"] = {"organism": "human", "age": 7}
        for name, dtype in (("organism", str), ("age", int), ("region", "cat"), ("instance_id", int)):
            ln.Feature(name=name, dtype=dtype).save()
        by_name = ln.Schema(itype=ln.Feature).save()
        schema = ln.Schema(slots={"tables:table:obs": by_name, "attrs:sample": by_name}, name="spatial").save()
        artifact = ln.Artifact.from_spatialdata(sdata, key="blobs.zarr", schema=schema).save()
        assert "tables:table:obs (2)" in artifact.describe()
        assert ln.curators.SpatialDataCurator(artifact, schema).validate().ok
        sdata.attrs["sample"]["age"] = "old"
        with pytest.raises(ValidationError, match="attrs:sample · age"):
            ln.Artifact.from_spatialdata(sdata, key="blobs.zarr", schema=schema)


def spoil(store, folder):
    """Overwrite all chunks below a folder of a store, so that who reads them fails."""
    chunks = [path for path in (store / folder).rglob("*") if path.is_file() and path.name not in {"zarr.json", ".zarray", ".zattrs", ".zgroup"}]
    assert chunks
    for path in chunks:
        path.write_bytes(b"no chunk")


@pytest.mark.parametrize("kind", ["AnnData", "MuData", "SpatialData"])
def test_of_a_store_no_matrix_is_read_and_frames_come_in_pieces(sqlite_instance, cells, define_cells, monkeypatch, kind):
    define_cells()
    monkeypatch.setattr("lignin.formats.stored.PIECE", 4)
    cells.layers["counts"] = cells.X.copy()
    path = sqlite_instance.config.folder / "store.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        match kind:
            case "AnnData":
                cells.write_zarr(path)
                inside, slot = "", "obs"
            case "MuData":
                importlib.import_module("mudata").MuData({"rna": cells}).write_zarr(path)
                inside, slot = "mod/rna/", "rna:obs"
            case _:
                importlib.import_module("spatialdata").SpatialData(tables={"table": cells}).write(path)
                inside, slot = "tables/table/", "tables:table:obs"
    spoil(path, f"{inside}X")
    spoil(path, f"{inside}layers")
    by_name = ln.Schema(itype=ln.Feature).save()
    schema = ln.Schema(slots={slot: by_name, f"{slot[:-3]}var": by_name}).save()
    artifact = ln.Artifact(path, key="store.zarr", schema=schema).save()
    assert (artifact.otype, artifact.schemas.count()) == (kind, 1)
    strict = ln.Schema(slots={slot: ln.Schema([ln.Feature(name="batch", dtype=int).save()], name="batches").save()}).save()
    with pytest.raises(ValidationError, match=f"{slot} · batch: 1 of 1 required columns is missing"):
        ln.Artifact(path, schema=strict)
    gone = ln.Schema(slots={"nothing:obs": by_name}).save()
    with pytest.raises(ValidationError, match=f"there is no nothing:obs in this {kind}"):
        ln.Artifact(path, schema=gone)
    found = ln.drift(path, path)
    assert slot in {table.slot for table in found.tables}
    assert found.changed == ()


@pytest.mark.parametrize("suffix", ["h5mu", "zarr"])
def test_frames_that_a_mudata_joins_are_those_of_its_file(sqlite_instance, cells, define_cells, suffix):
    define_cells()
    path = sqlite_instance.config.folder / f"joined.{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mudata = importlib.import_module("mudata")
        proteins = ad.AnnData(np.ones((20, 2)), obs=pd.DataFrame({"dose": range(20)}, index=cells.obs_names[1:]), var=pd.DataFrame(index=["CD3", "CD19"]))
        mdata = mudata.MuData({"rna": cells, "prot": proteins})
        mdata.obs["donor"] = "d1"
        mdata.write_h5mu(path) if suffix == "h5mu" else mdata.write_zarr(path)
        again = mudata.read_h5mu(path) if suffix == "h5mu" else mudata.read_zarr(path)
    known = importlib.import_module("lignin.formats").format_there(path, f".{suffix}")
    with known.parts(path) as parts:
        pd.testing.assert_frame_equal(parts.obs, again.obs)
        pd.testing.assert_frame_equal(parts.var, again.var)
        assert list(parts.mod) == ["rna", "prot"]
