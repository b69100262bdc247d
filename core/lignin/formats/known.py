"""The table of formats and the table of objects, and how to find one in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.errors import FormatError
from lignin.formats.arrays import ANNDATA_ZARR, H5AD, write_anndata_zarr, write_h5ad
from lignin.formats.format import Format
from lignin.formats.frames import (
    count_frame,
    count_lazy,
    write_pandas_arrow,
    write_pandas_delimited,
    write_pandas_parquet,
    write_polars_arrow,
    write_polars_delimited,
    write_polars_parquet,
)
from lignin.formats.images import IMAGE, TIFF
from lignin.formats.multimodal import (
    H5MU,
    MUDATA_ZARR,
    SPATIALDATA_ZARR,
    write_h5mu,
    write_mudata_zarr,
    write_spatialdata,
)
from lignin.formats.soma import SOMA
from lignin.formats.stores import PLAIN_ZARR, is_store, otype_of_store
from lignin.formats.tables import ARROW, DELIMITED, PARQUET
from lignin.formats.texts import JSON, TEXT, YAML

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["ObjectType", "format_of_suffix", "format_there", "suffixes_of", "type_of_object"]

_FORMATS = (PARQUET, ARROW, DELIMITED, H5AD, ANNDATA_ZARR, H5MU, MUDATA_ZARR, SPATIALDATA_ZARR, PLAIN_ZARR, SOMA, IMAGE, TIFF, JSON, YAML, TEXT)
_BY_SUFFIX = {suffix: known for known in _FORMATS for suffix in known.suffixes}
_STORES = {"AnnData": ANNDATA_ZARR, "MuData": MUDATA_ZARR, "SpatialData": SPATIALDATA_ZARR}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """A class whose objects can be artifacts.

    Attributes:
        otype: what artifacts record as its name.
        writers: how its objects are written, by suffix: the first is the one that it gets unless its key says otherwise.
        count: object, the file it was written to → number of observations.
    """

    otype: str
    writers: Mapping[str, Callable[..., None]]
    count: Callable[[Any, Path], int | None]


def _written(*pairs: tuple[Format, Callable[..., None]]) -> Mapping[str, Callable[..., None]]:
    return {suffix: write for known, write in pairs for suffix in known.suffixes}


def _count_observations(value: Any, path: Path) -> int | None:
    return int(value.n_obs)


_PANDAS = _written((PARQUET, write_pandas_parquet), (DELIMITED, write_pandas_delimited), (ARROW, write_pandas_arrow))
_POLARS = _written((PARQUET, write_polars_parquet), (DELIMITED, write_polars_delimited), (ARROW, write_polars_arrow))
# By the package and name of a class, so that none has to be imported to ask.
_BY_TYPE: Mapping[tuple[str, str], ObjectType] = {
    ("pandas", "DataFrame"): ObjectType(otype="DataFrame", writers=_PANDAS, count=count_frame),
    ("polars", "DataFrame"): ObjectType(otype="DataFrame", writers=_POLARS, count=count_frame),
    ("polars", "LazyFrame"): ObjectType(otype="DataFrame", writers=_POLARS, count=count_lazy),
    ("anndata", "AnnData"): ObjectType(
        otype="AnnData", writers={".h5ad": write_h5ad, ".anndata.zarr": write_anndata_zarr, ".zarr": write_anndata_zarr}, count=_count_observations
    ),
    ("mudata", "MuData"): ObjectType(
        otype="MuData", writers={".h5mu": write_h5mu, ".mudata.zarr": write_mudata_zarr, ".zarr": write_mudata_zarr}, count=_count_observations
    ),
    ("spatialdata", "SpatialData"): ObjectType(
        otype="SpatialData", writers={".zarr": write_spatialdata, ".spatialdata.zarr": write_spatialdata}, count=lambda _value, _path: None
    ),
}


def format_of_suffix(suffix: str, *, otype: str | None = None) -> Format | None:
    """The format of a suffix, or `None` where Lignin has no reader for it."""
    if suffix.lower() == ".zarr" and otype in _STORES:
        return _STORES[otype]
    return _BY_SUFFIX.get(suffix.lower())


def format_there(place: Path | UPath, suffix: str, *, otype: str | None = None) -> Format | None:
    """The format of what lies at a place: as `format_of_suffix`, and a zarr store is asked for its own.

    Raises:
        FormatError: it is no store of the type that `otype` claims.
    """
    known = format_of_suffix(suffix, otype=otype)
    if not suffix.lower().endswith(".zarr") or known is None:
        return known
    found = otype_of_store(place)
    if otype is None:
        # What a store says of itself is more than its name does.
        return known if found is None else _STORES[found]
    if found not in {None, otype} or not is_store(place):
        raise FormatError(f"{place} can't be read as {otype}: it {f'holds a {found}' if found else 'is no zarr store'}")
    return known


def suffixes_of(otype: str) -> tuple[str, ...]:
    """The suffixes that files with objects of a type have."""
    written = [suffix for known in _BY_TYPE.values() if known.otype == otype for suffix in known.writers]
    # What is only ever written where it lies has no writer.
    return tuple(dict.fromkeys(written)) or tuple(suffix for known in _FORMATS if known.otype == otype for suffix in known.suffixes)


def type_of_object(value: Any, *, suffix: str) -> tuple[ObjectType, str]:
    """How to write an object, and under which suffix.

    Args:
        value: a data frame, AnnData, MuData or SpatialData.
        suffix: of the key; empty for the type's own.

    Raises:
        FormatError: there is no way to write such an object, or not under this suffix.
    """
    names = ((c.__module__.partition(".")[0], c.__name__) for c in type(value).__mro__)
    known = next((_BY_TYPE[name] for name in names if name in _BY_TYPE), None)
    if known is None:
        raise FormatError(f"can't make an artifact of a {type(value).__name__}: give a path, a DataFrame, an AnnData, a MuData or a SpatialData")
    chosen = suffix or next(iter(known.writers))
    if chosen.lower() not in known.writers:
        raise FormatError(f"a {known.otype} is written as {', '.join(known.writers)}, not as {chosen!r}. Give the key one of these suffixes.")
    return known, chosen
