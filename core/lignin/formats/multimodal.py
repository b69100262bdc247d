"""Several annotated matrices in one object: MuData and SpatialData."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lignin.base.errors import FormatError
from lignin.formats.arrays import count_hdf5, count_store, open_hdf5, quiet_zarr
from lignin.formats.format import Format, require
from lignin.formats.stored import StoredMuData, StoredSpatialData, modalities
from lignin.formats.stores import open_store

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["H5MU", "MUDATA_ZARR", "SPATIALDATA_ZARR", "write_h5mu", "write_mudata_zarr", "write_spatialdata"]


def write_h5mu(mdata: Any, path: Path, **options: Any) -> None:
    """Write a MuData as h5mu."""
    # A copy: writing turns the strings of the caller's own object into categories.
    with _mudata():
        mdata.copy().write_h5mu(path, **options)


def write_mudata_zarr(mdata: Any, path: Path, **options: Any) -> None:
    """Write a MuData as a zarr store."""
    with quiet_zarr(), _mudata():
        mdata.copy().write_zarr(path, **options)


def write_spatialdata(sdata: Any, path: Path, **options: Any) -> None:
    """Write a SpatialData as a zarr store."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=DeprecationWarning)
        # The caller's object stays backed by what it was backed by, since this file is moved.
        sdata.write(path, **{"update_sdata_path": False, **options})


@contextmanager
def _mudata() -> Iterator[ModuleType]:
    """The package; what its later releases will do by default is no news to the user at every load."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=FutureWarning)
        yield require("mudata", extra="mudata")


def _load_h5mu(path: Path, **options: Any) -> Any:
    with _mudata() as mudata:
        return mudata.read_h5mu(path, **options)


def _open_h5mu(path: Path, *, mode: str, **options: Any) -> Any:
    with _mudata() as mudata:
        return mudata.read_h5mu(path, backed="r", **options)


def _load_mudata_zarr(path: Path, **options: Any) -> Any:
    with _mudata() as mudata:
        return mudata.read_zarr(path, **options)


@contextmanager
def _parts_h5mu(place: Path | UPath) -> Iterator[Any]:
    with open_hdf5(place) as file:
        yield StoredMuData(file, join=_joined)


@contextmanager
def _parts_mudata_zarr(place: Path | UPath) -> Iterator[Any]:
    yield StoredMuData(open_store(place), join=_joined)


def _joined(group: Any) -> Any:
    """The object that MuData makes of a store, of frames alone."""
    anndata, read = require("anndata", extra="anndata"), require("anndata.io", extra="anndata").read_elem
    parts = {name: anndata.AnnData(obs=read(part["obs"]), var=read(part["var"])) for name, part in modalities(group).items()}
    rest = {name: read(group[name]) for name in ("obs", "var", "obsm", "varm", "obsmap", "varmap") if name in group}
    with _mudata() as mudata:
        return mudata.MuData(parts, axis=int(group.attrs.get("axis", 0)), **rest)


def _load_spatialdata(path: Path, **options: Any) -> Any:
    return _open_spatialdata(path, mode="r", **options)


def _open_spatialdata(path: Path, *, mode: str, **options: Any) -> Any:
    """A SpatialData whose images, labels and points are read as they are asked for.

    From a local disk only: SpatialData 0.7.3 was tried with S3, and takes no store that zarr 3 makes there.
    """
    with warnings.catch_warnings():
        # It uses what its own dependencies deprecate, also while it is imported.
        warnings.simplefilter("ignore", category=DeprecationWarning)
        return require("spatialdata", extra="spatialdata").read_zarr(path, **options)


@contextmanager
def _parts_spatialdata(place: Path | UPath) -> Iterator[Any]:
    def read(kind: str) -> Mapping[str, Any]:
        if not isinstance(place, Path):
            raise FormatError(f"the {kind} of {place} are read from a local disk only. Save it without a schema, then check what artifact.cache() gives.")
        found: Mapping[str, Any] = getattr(_open_spatialdata(place, mode="r", selection=(kind,)), kind)
        return found

    yield StoredSpatialData(open_store(place), read=read)


H5MU = Format(suffixes=(".h5mu",), otype="MuData", load=_load_h5mu, open=_open_h5mu, count=count_hdf5, parts=_parts_h5mu)
MUDATA_ZARR = Format(
    suffixes=(".mudata.zarr",), otype="MuData", load=_load_mudata_zarr, open=open_store, count=count_store, streams=True, parts=_parts_mudata_zarr
)
SPATIALDATA_ZARR = Format(
    suffixes=(".spatialdata.zarr",), otype="SpatialData", load=_load_spatialdata, open=_open_spatialdata, parts=_parts_spatialdata
)
