"""Zarr stores: what one holds, and how one on a local disk or on S3 is opened."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.errors import FormatError
from lignin.formats.format import PIECE, Format, require

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["PLAIN_ZARR", "is_store", "open_store", "otype_of_store", "store_of"]

_METADATA = ("zarr.json", ".zattrs", ".zgroup", ".zarray")


def otype_of_store(place: Path | UPath) -> str | None:
    """The type of the object that a store holds, as its root says; `None` for arrays of no known type."""
    for name in _METADATA[:2]:
        try:
            document = json.loads((place / name).read_bytes())
        except (OSError, ValueError):
            continue
        attributes = document.get("attributes", {}) if name == "zarr.json" and isinstance(document, dict) else document
        return _otype_of_attributes(attributes) if isinstance(attributes, dict) else None
    return None


def is_store(place: Path | UPath) -> bool:
    """Whether there is a zarr store at a place."""
    return any((place / name).exists() for name in _METADATA)


def store_of(place: Path | UPath, *, read_only: bool = False) -> Any:
    """What zarr takes for a store: the path where it is local, else a store on the path's server."""
    if isinstance(place, Path):
        return place
    store = require("zarr.storage", extra="zarr").FsspecStore
    return store.from_url(str(place), storage_options=dict(place.storage_options), read_only=read_only)


def open_store(place: Path | UPath, *, mode: str = "r", **options: Any) -> Any:
    """A store's group or array, for reading."""
    zarr = require("zarr", extra="zarr")
    return zarr.open(store_of(place, read_only=True), mode="r", **options)


def _load_store(path: Path, **options: Any) -> Any:
    """An array in memory; a group as it is, since zarr has none in memory."""
    found = open_store(path, **options)
    return found[...] if isinstance(found, require("zarr", extra="zarr").Array) else found


def _pieces_of_store(place: Path | UPath, texts: Collection[str]) -> Iterator[Any]:
    """The arrays of a group as columns, slice by slice."""
    group = open_store(place)
    arrays = dict(group.arrays()) if hasattr(group, "arrays") else {}
    columns = {name: array for name, array in sorted(arrays.items()) if array.ndim == 1}
    lengths = {array.shape[0] for array in columns.values()}
    if len(lengths) != 1:
        told = "its arrays of one dimension have different lengths" if columns else "there is no array of one dimension"
        raise FormatError(f"{place} is no table: {told}. A table is a group of arrays of one length, each a column.")
    (length,) = lengths
    for begin in range(0, max(length, 1), PIECE):
        yield {name: array[begin : begin + PIECE] for name, array in columns.items()}


def _otype_of_attributes(attributes: dict[str, Any]) -> str | None:
    if "spatialdata_attrs" in attributes:
        return "SpatialData"
    encoding = str(attributes.get("encoding-type", "")).lower()
    return {"anndata": "AnnData", "mudata": "MuData"}.get(encoding)


PLAIN_ZARR = Format(suffixes=(".zarr", ".ome.zarr"), load=_load_store, open=open_store, streams=True, pieces=_pieces_of_store)
