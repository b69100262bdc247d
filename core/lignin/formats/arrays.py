"""Annotated matrices: h5ad and zarr through anndata."""

import warnings
from pathlib import Path
from typing import Any

from lignin.formats.format import Format, require

__all__ = ["ANNDATA_ZARR", "H5AD"]


def _load_h5ad(path: Path, **options: Any) -> Any:
    return require("anndata", extra="anndata").read_h5ad(path, **options)


def _open_h5ad(path: Path, *, mode: str, **options: Any) -> Any:
    return require("anndata", extra="anndata").read_h5ad(path, backed=mode, **options)


def _write_h5ad(adata: Any, path: Path, **options: Any) -> None:
    # A copy: writing turns the strings of the caller's own object into categories.
    adata.copy().write_h5ad(path, **options)


def _count_h5ad(path: Path) -> int:
    h5py = require("h5py", extra="anndata")
    with h5py.File(path, "r") as store:
        obs = store["obs"]
        index = obs[obs.attrs["_index"]] if hasattr(obs, "attrs") and "_index" in obs.attrs else obs
        return int(index.shape[0])


def _load_zarr(path: Path, **options: Any) -> Any:
    return require("anndata", extra="anndata").read_zarr(path, **options)


def _open_zarr(path: Path, *, mode: str, **options: Any) -> Any:
    return require("zarr", extra="anndata").open_group(path, mode=mode, **options)


def _write_zarr(adata: Any, path: Path, **options: Any) -> None:
    with warnings.catch_warnings():
        # What a later release of anndata will write by default is no news to the user at every save.
        warnings.filterwarnings("ignore", message=".*be the default in the next minor release", category=UserWarning)
        adata.copy().write_zarr(path, **options)


H5AD = Format(
    suffixes=(".h5ad",),
    otype="AnnData",
    load=_load_h5ad,
    open=_open_h5ad,
    write=_write_h5ad,
    count=_count_h5ad,
)
ANNDATA_ZARR = Format(
    suffixes=(".anndata.zarr",),
    otype="AnnData",
    load=_load_zarr,
    open=_open_zarr,
    write=_write_zarr,
)
