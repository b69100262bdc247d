"""Annotated matrices as they lie in stores: their frames in pieces are the frames that anndata reads, and matrices stay where they are."""

import importlib.util
import warnings
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr

from lignin.formats import stored
from lignin.formats.arrays import ANNDATA_ZARR, H5AD


def columns():
    """One of each kind that a frame in a store has."""
    return pd.DataFrame(
        {
            "label": pd.Categorical(["a", "b", None, "a", "b", "a", "b"], categories=["b", "a", "unused"], ordered=True),
            "text": ["x", "é", "", "y", "z", "x", "w"],
            "gaps": pd.array([1, None, 3, 4, None, 6, 7], dtype="Int32"),
            "truth": [True, False, True, True, False, False, True],
            "maybe": pd.array([True, None, False, None, True, True, None], dtype="boolean"),
            "number": [0.5, np.nan, 2, 3, np.inf, 5, 6],
            "count": np.arange(7, dtype="uint16"),
        },
        index=pd.Index([f"c{n}" for n in range(7)], name="cell"),
    )


@pytest.fixture
def adata():
    found = ad.AnnData(np.ones((7, 2), dtype="float32"), obs=columns(), var=pd.DataFrame(index=["g1", "g2"]))
    found.obsm["X_pca"] = np.arange(14.0).reshape(7, 2)
    found.uns["study"] = {"name": "s", "years": np.array([2007, 2008])}
    found.layers["counts"] = np.zeros((7, 2))
    found.raw = found
    return found


@pytest.fixture(params=["h5ad", "zarr"])
def place(request, adata, tmp_path):
    path = tmp_path / f"cells.{request.param}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.write_h5ad(path) if request.param == "h5ad" else adata.write_zarr(path)
    return path


def known(place):
    return H5AD if place.suffix == ".h5ad" else ANNDATA_ZARR


@pytest.mark.parametrize("rows", [3, 100_000])
def test_pieces_of_a_frame_are_the_frame_that_was_written(place, monkeypatch, rows):
    monkeypatch.setattr(stored, "PIECE", rows)
    whole = known(place).load(place)
    with known(place).parts(place) as parts:
        pieces = list(parts.obs.pieces())
        assert [len(piece) for piece in pieces] == ([3, 3, 1] if rows == 3 else [7])
        found = pd.concat(pieces)
        assert list(parts.obs.columns) == list(found.columns)
        assert list(parts.obs.index) == list(found.index)
        pd.testing.assert_frame_equal(parts.obs.to_memory(), whole.obs)
        coordinates = [piece["1"].tolist() for piece in parts.obsm["X_pca"].pieces()]
        assert [number for piece in coordinates for number in piece] == whole.obsm["X_pca"][:, 1].tolist()
    pd.testing.assert_frame_equal(found, whole.obs)


def test_parts_are_found_by_name_and_what_is_not_there_is_not(place):
    with known(place).parts(place) as parts:
        assert parts.uns["study"]["years"].tolist() == [2007, 2008]
        assert set(parts.layers) == {"counts"}
        assert len(parts.obsm) == 1
        assert parts.X.to_memory().shape == (7, 2)
        assert list(parts.raw.var.index) == ["g1", "g2"]
        assert parts.varm == {}
        with pytest.raises(KeyError):
            parts.uns["nothing"]


def test_a_frame_without_rows_is_one_piece_with_its_columns(tmp_path):
    path = tmp_path / "none.h5ad"
    ad.AnnData(np.ones((0, 2)), obs=columns()[:0]).write_h5ad(path)
    with H5AD.parts(path) as parts:
        (piece,) = parts.obs.pieces()
        assert (len(piece), list(piece.columns)) == (0, list(columns().columns))


def test_a_store_without_observations_is_no_anndata(tmp_path):
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        file["x"] = 1
    zarr.open_group(tmp_path / "a.zarr", mode="w")
    for path in (tmp_path / "a.h5ad", tmp_path / "a.zarr"):
        with pytest.raises(ValueError, match="no obs"), known(path).parts(path):
            pass


def test_a_file_of_an_old_anndata_is_read_as_anndata_reads_it():
    """The blood cells that scanpy ships were written before frames had their present encoding."""
    folder = Path(importlib.util.find_spec("scanpy").submodule_search_locations[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with H5AD.parts(folder / "datasets" / "10x_pbmc68k_reduced.h5ad") as parts:
            assert list(parts.obs.columns)[:2] == ["bulk_labels", "n_genes"]
            assert len(parts.obs) == 700
