"""Objects of each format become artifacts, and come back as they were: loaded, or opened and read in part."""

import gzip
import warnings
from pathlib import Path

import anndata as ad
import mudata
import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import pytest
import scipy.sparse as sp
import tifffile
import zarr

import lignin as ln
from lignin.base.errors import FormatError, UsageError
from lignin.instance.fsck import examine

FRAME = pl.DataFrame({"gene": ["TP53", "MYC", "KRAS"], "count": [1, 2, 3]})


def adata(n=4, prefix="g"):
    made = ad.AnnData(
        sp.csr_matrix(np.arange(n * 3, dtype="float32").reshape(n, 3)),
        obs=pd.DataFrame({"type": (list("ab") * n)[:n]}, index=[f"c{i}" for i in range(n)]),
        var=pd.DataFrame(index=[f"{prefix}{i}" for i in (1, 2, 3)]),
    )
    made.layers["dense"] = np.ones((n, 3), dtype="float32")
    return made


@pytest.mark.parametrize("suffix", ["", ".parquet", ".csv", ".tsv", ".csv.gz", ".ipc"])
@pytest.mark.parametrize("make", [lambda f: f, lambda f: f.lazy()], ids=["eager", "lazy"])
def test_a_polars_frame_comes_back(sqlite_instance, suffix, make):
    key = f"counts{suffix}" if suffix else None
    artifact = ln.Artifact.from_dataframe(make(FRAME), key=key).save()
    assert (artifact.otype, artifact.suffix, artifact.n_observations, artifact.kind) == ("DataFrame", suffix or ".parquet", 3, "dataset")
    loaded = artifact.load()
    assert isinstance(loaded, pd.DataFrame)
    assert loaded.to_dict("list") == FRAME.to_dict(as_series=False)
    assert artifact.load(engine="polars").equals(FRAME)
    scan = artifact.open(engine="polars")
    assert isinstance(scan, pl.LazyFrame)
    assert scan.filter(pl.col("count") > 1).select("gene").collect()["gene"].to_list() == ["MYC", "KRAS"]
    assert artifact.open().to_table().num_rows == artifact.open(engine="pyarrow").count_rows() == 3
    assert ln.Artifact.from_dataframe(make(FRAME), key=key).save().uid == artifact.uid


def test_a_polars_frame_is_the_same_file_under_gzip_whenever_it_is_written(sqlite_instance):
    artifact = ln.Artifact.from_dataframe(FRAME, key="counts.tsv.gz").save()
    assert gzip.decompress(artifact.path.read_bytes()).decode().splitlines()[0] == "gene\tcount"


def test_a_lazy_frame_that_fails_makes_no_artifact(sqlite_instance):
    with pytest.raises(FormatError, match="nowhere"):
        ln.Artifact.from_dataframe(FRAME.lazy().select("nowhere"), key="a.parquet")


def test_frames_of_polars_are_joined_as_those_of_pandas(sqlite_instance):
    parts = [ln.Artifact.from_dataframe(f, key=f"{i}.parquet").save() for i, f in enumerate((FRAME, FRAME.with_columns(x=pl.lit(1))))]
    collection = ln.Collection(parts, key="all").save()
    assert collection.load(engine="polars")["x"].to_list() == [None] * 3 + [1] * 3
    assert collection.load(engine="polars", join="inner").columns == ["gene", "count"]
    assert len(collection.load()) == 6


@pytest.mark.parametrize("key", ["cells.h5ad", "cells.zarr"])
def test_an_opened_anndata_reads_what_is_sliced(sqlite_instance, key):
    made = adata()
    opened = ln.Artifact.from_anndata(made, key=key).save().open()
    assert list(opened.obs["type"]) == list("abab")
    assert type(opened.X).__name__.strip("_") == "CSRDataset"
    assert opened[[3, 0], ["g3", "g1"]].to_memory().layers["dense"].tolist() == [[1, 1], [1, 1]]
    part = opened[opened.obs["type"] == "b"].to_memory()
    assert (part.X.toarray() == made.X.toarray()[[1, 3]]).all()
    assert part.layers["dense"].shape == (2, 3)


def test_an_anndata_is_written_as_asked_and_one_that_is_backed_too(sqlite_instance):
    store = ln.Artifact.from_anndata(adata(), format="anndata.zarr").save()
    assert store.suffix == ".anndata.zarr"
    backed = ln.Artifact.from_anndata(adata(), key="cells.h5ad").save().open()
    again = ln.Artifact.from_anndata(backed, key="again.h5ad").save()
    assert again.load().obs_names.to_list() == ["c0", "c1", "c2", "c3"]
    assert ln.Artifact.from_anndata(str(store.path), key="by/path.anndata.zarr").n_observations == 4


@pytest.mark.parametrize("key", ["cells.h5mu", "cells.mudata.zarr"])
def test_a_mudata_comes_back(sqlite_instance, key):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        made = mudata.MuData({"rna": adata(), "protein": adata(prefix="p")})
    artifact = ln.Artifact.from_mudata(made, key=key).save()
    assert (artifact.otype, artifact.n_observations, artifact.kind) == ("MuData", 4, "dataset")
    assert (artifact.load()["rna"].X.toarray() == made["rna"].X.toarray()).all()
    opened = artifact.open()
    assert (opened.isbacked if key.endswith(".h5mu") else "mod" in opened)
    by_path = ln.Artifact.from_mudata(artifact.path, key=f"path/{key}")
    assert (by_path.otype, by_path.n_observations, by_path.hash) == ("MuData", 4, artifact.hash)
    assert made["rna"].obs["type"].dtype == object


def test_a_zarr_store_is_known_by_what_it_says_of_itself(sqlite_instance):
    Path(ln.Artifact.from_anndata(adata(), key="saved.zarr").save().path).rename("a.zarr")
    assert ln.Artifact("a.zarr", key="a.zarr").save().otype == "AnnData"
    with pytest.raises(FormatError, match="AnnData"):
        ln.Artifact.from_mudata("a.zarr", key="b.zarr")
    group = zarr.open_group("plain.zarr", mode="w")
    group.create_array("x", data=np.arange(6).reshape(2, 3))
    plain = ln.Artifact("plain.zarr", key="plain.zarr").save()
    assert plain.otype is None
    assert plain.open()["x"][1].tolist() == [3, 4, 5]
    assert plain.load()["x"].shape == (2, 3)
    with pytest.raises(ValueError, match="read"):
        plain.open()["x"][0] = 1
    zarr.create_array("array.zarr", data=np.ones(3))
    assert ln.Artifact("array.zarr", key="array.zarr").save().load().sum() == 3


def test_yaml_is_read_safely(sqlite_instance):
    Path("a.yaml").write_text("genes: [TP53, MYC]\n")
    artifact = ln.Artifact("a.yaml", key="a.yaml").save()
    assert artifact.load() == {"genes": ["TP53", "MYC"]}
    with artifact.open() as stream:
        assert stream.readline().startswith("genes")
    for name, text in {"evil.yml": "!!python/object/apply:os.system ['touch evil']", "torn.yml": "a: [1"}.items():
        Path(name).write_text(text)
        with pytest.raises(FormatError, match=r"no YAML"):
            ln.Artifact(name, key=name).save().load()
    assert not Path("evil").exists()


def test_images_come_back_and_are_opened_lazily(sqlite_instance):
    pixels = np.arange(48, dtype="uint8").reshape(4, 4, 3)
    PIL.Image.fromarray(pixels).save("a.png")
    picture = ln.Artifact("a.png", key="a.png").save()
    assert (np.asarray(picture.load()) == pixels).all()
    with picture.open() as image:
        assert image.size == (4, 4)
    stack = np.arange(32, dtype="uint16").reshape(2, 4, 4)
    tifffile.imwrite("a.ome.tif", stack, photometric="minisblack")
    tiff = ln.Artifact("a.ome.tif", key="a.ome.tif").save()
    assert tiff.suffix == ".ome.tif"
    assert (tiff.load() == stack).all()
    with tiff.open() as opened:
        assert (opened.pages[1].asarray() == stack[1]).all()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.h5mu", "a.zarr", "a.parquet", "a.ipc", "a.h5ad"])
def test_what_is_not_as_its_suffix_says_is_an_error_of_ours_when_it_is_opened_too(sqlite_instance, name):
    Path(name).write_bytes(b"\x00junk\x80: [")
    artifact = ln.Artifact(name, key=name).save()
    for read in (artifact.load, artifact.open, lambda: artifact.open(engine="polars"), lambda: artifact.load(engine="polars")):
        with pytest.raises(ln.LigninError) as caught:
            read()
        assert "\n" not in str(caught.value)


def test_an_engine_that_can_not_be_is_refused(sqlite_instance):
    table = ln.Artifact.from_dataframe(FRAME, key="a.parquet").save()
    with pytest.raises(UsageError, match="pyarrow or polars"):
        table.open(engine="duckdb")
    Path("a.txt").write_text("a")
    with pytest.raises(UsageError, match="one way"):
        ln.Artifact("a.txt", key="a.txt").save().open(engine="polars")


def test_a_constructor_takes_only_what_its_name_says(sqlite_instance):
    ln.Artifact.from_dataframe(FRAME, key="a.parquet").save()
    Path("a.txt").write_text("a")
    for make in (
        lambda: ln.Artifact.from_anndata(FRAME, key="a.parquet"),
        lambda: ln.Artifact.from_dataframe(adata(), key="a.h5ad"),
        lambda: ln.Artifact.from_dataframe("a.txt", key="a.txt"),
        lambda: ln.Artifact.from_mudata(adata()),
        lambda: ln.Artifact.from_spatialdata(FRAME),
    ):
        with pytest.raises(FormatError):
            make()
    assert ln.Artifact.all().count() == 1


def test_what_is_stored_so_is_sound(sqlite_instance):
    ln.Artifact.from_anndata(adata(), key="a.zarr").save()
    ln.Artifact.from_dataframe(FRAME, key="a.parquet").save()
    assert examine(sqlite_instance, rehash=100).findings == ()
