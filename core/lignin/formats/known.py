"""The table of formats, and how to find one in it."""

from typing import Any

from lignin.base.errors import FormatError
from lignin.formats.arrays import ANNDATA_ZARR, H5AD
from lignin.formats.format import Format
from lignin.formats.tables import DELIMITED, PARQUET
from lignin.formats.texts import JSON, TEXT

__all__ = ["count_in_memory", "format_of_object", "format_of_suffix"]

_BY_SUFFIX = {suffix: known for known in (PARQUET, DELIMITED, H5AD, ANNDATA_ZARR, JSON, TEXT) for suffix in known.suffixes}
# The suffix that an object of this type gets unless its key says otherwise, and those it may have.
_BY_TYPE = {
    "DataFrame": (".parquet", (*PARQUET.suffixes, *DELIMITED.suffixes)),
    "AnnData": (".h5ad", (*H5AD.suffixes, *ANNDATA_ZARR.suffixes, ".zarr")),
}


def format_of_suffix(suffix: str, *, otype: str | None = None) -> Format | None:
    """The format of a suffix, or `None` where Lignin has no reader for it."""
    if suffix.lower() == ".zarr" and otype == "AnnData":
        return ANNDATA_ZARR
    return _BY_SUFFIX.get(suffix.lower())


def format_of_object(value: Any, *, suffix: str) -> tuple[Format, str, str]:
    """How to write an object: the format, the suffix, and the otype.

    Args:
        value: a data frame or AnnData.
        suffix: of the key; empty for the type's own.

    Raises:
        FormatError: there is no way to write such an object, or not under this suffix.
    """
    otype = next((c.__name__ for c in type(value).__mro__ if c.__name__ in _BY_TYPE), None)
    if otype is None:
        raise FormatError(f"can't make an artifact of a {type(value).__name__}: give a path, a DataFrame or an AnnData")
    default, allowed = _BY_TYPE[otype]
    chosen = suffix or default
    known = format_of_suffix(chosen, otype=otype)
    if chosen.lower() not in allowed or known is None or known.write is None:
        raise FormatError(f"a {otype} is written as {', '.join(allowed)}, not as {chosen!r}. Give the key one of these suffixes.")
    return known, chosen, otype


def count_in_memory(value: Any) -> int | None:
    """The number of observations of an object in memory."""
    count = getattr(value, "n_obs", None)
    return int(count) if count is not None else len(value)
