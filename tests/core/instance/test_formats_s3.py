"""What lies on S3 is opened where it lies, and read as it is asked for: on two servers, over the wire."""

import anndata as ad
import numpy as np
import pandas as pd
import PIL.Image
import polars as pl
import pytest
import scipy.sparse as sp
import tifffile
import zarr

import lignin as ln
from lignin.storage import cache_folder


@pytest.fixture
def uncached():
    """Nothing was copied to the cache when the test ends."""
    yield
    assert [path for path in cache_folder().rglob("*") if path.is_file() and path.parent.name != "locks"] == []


@pytest.mark.parametrize("suffix", [".parquet", ".ipc"])
def test_a_table_is_read_there_in_parts(s3_instance, uncached, suffix):
    # Larger than what is read at once, so that parts of the object are asked for.
    frame = pl.DataFrame({"x": range(100), "y": [f"{n}" * 2000 for n in range(100)]})
    artifact = ln.Artifact.from_dataframe(frame.lazy(), key=f"t{suffix}", parquet_kwargs={"compression": "uncompressed"}).save()
    assert artifact.open().to_table(columns=["x"]).num_rows == artifact.open().count_rows() == 100
    if suffix == ".parquet":
        scan = artifact.open(engine="polars")
        assert scan.filter(pl.col("x") >= 98).select("x").collect()["x"].to_list() == [98, 99]
    by_path = ln.Artifact.from_dataframe(_outside(artifact), key=f"other{suffix}")
    assert by_path.n_observations == 100


def _outside(artifact):
    """A copy of its object beside the storage."""
    copy = artifact.path.fs.unstrip_protocol(f"{artifact.path.path.partition('/')[0]}/outside{artifact.suffix}")
    artifact.path.fs.cp_file(artifact.path.path, copy.removeprefix("s3://"))
    return type(artifact.path)(copy, **artifact.path.storage_options)


def test_text_is_guessed_alike_wherever_it_lies(s3_instance):
    artifact = ln.Artifact.from_dataframe(pl.DataFrame({"x": [1, 2], "y": ["a", "b"]}), key="t.csv.gz").save()
    assert artifact.open(engine="polars").collect().equals(artifact.load(engine="polars"))
    assert artifact.load()["y"].to_list() == ["a", "b"]


@pytest.mark.parametrize("key", ["cells.h5ad", "cells.zarr"])
def test_an_anndata_is_sliced_there(s3_instance, uncached, key):
    adata = ad.AnnData(sp.csr_matrix(np.eye(6, dtype="float32")), obs=pd.DataFrame({"type": list("ababab")}, index=list("uvwxyz")))
    artifact = ln.Artifact.from_anndata(adata, key=key).save()
    opened = artifact.open()
    part = opened[opened.obs["type"] == "b"].to_memory()
    assert (part.X.toarray() == np.eye(6)[[1, 3, 5]]).all()
    if key == "cells.h5ad":
        assert ln.Artifact.from_anndata(_outside(artifact), key=f"other/{key}").n_observations == 6


def test_arrays_and_images_are_read_there(s3_instance, uncached, tmp_path):
    zarr.open_group(tmp_path / "a.zarr", mode="w").create_array("x", data=np.arange(6))
    assert ln.Artifact(tmp_path / "a.zarr", key="a.zarr").save().open()["x"][2:4].tolist() == [2, 3]
    pixels = np.arange(48, dtype="uint8").reshape(4, 4, 3)
    PIL.Image.fromarray(pixels).save(tmp_path / "a.png")
    with ln.Artifact(tmp_path / "a.png", key="a.png").save().open() as image:
        assert (np.asarray(image) == pixels).all()
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb")
    with ln.Artifact(tmp_path / "a.tif", key="a.tif").save().open() as tiff:
        assert tiff.pages[0].shape == (4, 4, 3)
    (tmp_path / "a.yaml").write_text("a: 1")
    with ln.Artifact(tmp_path / "a.yaml", key="a.yaml").save().open() as stream:
        assert stream.read() == "a: 1"


def test_a_copy_comes_from_there_where_all_is_asked_for(s3_instance):
    frame = pl.DataFrame({"x": [1, 2]})
    artifact = ln.Artifact.from_dataframe(frame, key="t.parquet").save()
    assert artifact.load(engine="polars").equals(frame)
    assert artifact.open(engine="polars", verify=True).collect().equals(frame)
