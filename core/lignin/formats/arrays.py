"""Annotated matrices: h5ad and zarr through anndata."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.formats.format import Format, open_there, require, stream_of
from lignin.formats.stored import StoredAnnData
from lignin.formats.stores import open_store

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["ANNDATA_ZARR", "H5AD", "count_hdf5", "count_store", "open_hdf5", "quiet_zarr", "write_anndata_zarr", "write_h5ad"]

_IN_MEMORY = ("obs", "var", "obsm", "varm", "obsp", "varp", "uns")


def write_h5ad(adata: Any, path: Path, **options: Any) -> None:
    """Write an AnnData as h5ad."""
    # A copy: writing turns the strings of the caller's own object into categories.
    _copy_of(adata, path).write_h5ad(path, **options)


def write_anndata_zarr(adata: Any, path: Path, **options: Any) -> None:
    """Write an AnnData as a zarr store."""
    with quiet_zarr():
        _copy_of(adata, path).write_zarr(path, **options)


@contextmanager
def quiet_zarr() -> Iterator[None]:
    """What a later release of anndata will write by default is no news to the user at every save."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*be the default in the next minor release", category=UserWarning)
        yield


@contextmanager
def open_hdf5(place: Path | UPath) -> Iterator[Any]:
    """An HDF5 file, on a local disk or on S3."""
    with stream_of(place) as source, require("h5py", extra="anndata").File(source, "r") as file:
        yield file


def count_hdf5(place: Path | UPath) -> int:
    """The number of observations in an HDF5 file, by the length of its index."""
    with open_hdf5(place) as store:
        return _length(store["obs"])


def count_store(place: Path | UPath) -> int:
    """The number of observations in a zarr store, by the length of its index."""
    return _length(open_store(place)["obs"])


def _length(obs: Any) -> int:
    index = obs[obs.attrs["_index"]] if "_index" in obs.attrs else obs
    return int(index.shape[0])


def _copy_of(adata: Any, path: Path) -> Any:
    # What is backed by a file can be copied into memory only.
    return adata.to_memory() if adata.isbacked else adata.copy()


def _load_h5ad(path: Path, **options: Any) -> Any:
    return require("anndata", extra="anndata").read_h5ad(path, **options)


def _open_h5ad(place: Path | UPath, *, mode: str, **options: Any) -> Any:
    if isinstance(place, Path):
        return require("anndata", extra="anndata").read_h5ad(place, backed="r", **options)
    return _backed(require("h5py", extra="anndata").File(open_there(place), "r"))


@contextmanager
def _parts_h5ad(place: Path | UPath) -> Iterator[Any]:
    with open_hdf5(place) as file:
        if "encoding-type" in file.attrs or "obs" not in file:
            yield _parts_of(file)
            return
    # Before anndata 0.8 frames were encoded in other ways, which its own reader knows.
    adata = _open_h5ad(place, mode="r")
    try:
        yield adata
    finally:
        if adata.isbacked:
            adata.file.close()


@contextmanager
def _parts_zarr(place: Path | UPath) -> Iterator[Any]:
    yield _parts_of(open_store(place))


def _parts_of(group: Any) -> StoredAnnData:
    if "obs" not in group or "var" not in group:
        raise ValueError("it has no obs and var")
    return StoredAnnData(group)


def _load_zarr(path: Path, **options: Any) -> Any:
    return require("anndata", extra="anndata").read_zarr(path, **options)


def _open_zarr(place: Path | UPath, *, mode: str, **options: Any) -> Any:
    return _backed(open_store(place, **options))


def _backed(group: Any) -> Any:
    """An AnnData whose annotations are in memory, and whose matrices are read from the store as they are sliced."""
    anndata = require("anndata", extra="anndata")
    read = require("anndata.io", extra="anndata").read_elem
    parts = {name: read(group[name]) for name in _IN_MEMORY if name in group}
    if "X" in group:
        parts["X"] = _matrix(group["X"])
    if "layers" in group:
        parts["layers"] = {name: _matrix(group["layers"][name]) for name in group["layers"]}
    # Where there is none, some releases write an element that says so.
    if "raw" in group and hasattr(raw := group["raw"], "keys"):
        parts["raw"] = {"X": _matrix(raw["X"]), "var": read(raw["var"]), "varm": read(raw["varm"]) if "varm" in raw else {}}
    return anndata.AnnData(**parts)


def _matrix(element: Any) -> Any:
    match element.attrs.get("encoding-type"):
        case "csr_matrix" | "csc_matrix":
            return require("anndata.io", extra="anndata").sparse_dataset(element)
        case "array" | None:
            return element
        case _:
            return require("anndata.io", extra="anndata").read_elem(element)


H5AD = Format(suffixes=(".h5ad",), otype="AnnData", load=_load_h5ad, open=_open_h5ad, count=count_hdf5, streams=True, parts=_parts_h5ad)
ANNDATA_ZARR = Format(
    suffixes=(".anndata.zarr",), otype="AnnData", load=_load_zarr, open=_open_zarr, count=count_store, streams=True, parts=_parts_zarr
)
