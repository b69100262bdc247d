"""Tables: parquet, csv, tsv through pandas and pyarrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.clock import from_iso
from lignin.base.errors import FormatError
from lignin.formats.format import Format, require

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DELIMITED", "PARQUET", "build_frame", "parse_times"]


def build_frame(data: Mapping[str, Sequence[Any]], *, index: Sequence[int]) -> pd.DataFrame:
    """A frame of columns, whose index is the records' ids."""
    pandas = require("pandas", extra="pandas")
    frame: pd.DataFrame = pandas.DataFrame(dict(data), index=pandas.Index(index, name="id", dtype="int64"), columns=list(data))
    return frame


def parse_times(texts: Sequence[str | None]) -> Any:
    """Times in UTC from ISO 8601 texts, as a column of a frame."""
    try:
        return require("pandas", extra="pandas").to_datetime(list(texts), format="ISO8601", utc=True)
    except ValueError:
        # A year that a count of nanoseconds can't reach.
        return [None if text is None else from_iso(text) for text in texts]


def _load_parquet(path: Path, **options: Any) -> Any:
    return require("pandas", extra="pandas").read_parquet(path, **options)


def _load_delimited(path: Path, **options: Any) -> Any:
    separator = "\t" if ".tsv" in path.name.lower() else ","
    return require("pandas", extra="pandas").read_csv(path, **{"sep": separator, **options})


def _open_parquet(path: Path, *, mode: str, **options: Any) -> Any:
    return _dataset(path, format="parquet", **options)


def _open_delimited(path: Path, *, mode: str, **options: Any) -> Any:
    if ".tsv" in path.name.lower():
        csv = require("pyarrow.csv", extra="pyarrow")
        form = require("pyarrow.dataset", extra="pyarrow").CsvFileFormat(csv.ParseOptions(delimiter="\t"))
        return _dataset(path, format=form, **options)
    return _dataset(path, format="csv", **options)


def _dataset(path: Any, **options: Any) -> Any:
    dataset = require("pyarrow.dataset", extra="pyarrow").dataset
    return dataset(path, **options) if isinstance(path, Path) else dataset(path.path, filesystem=path.fs, **options)


def _write_parquet(table: Any, path: Path, **options: Any) -> None:
    arrow = require("pyarrow", extra="pyarrow")
    try:
        table.to_parquet(path, **options)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, ValueError) as e:
        raise FormatError(f"this frame can't be written as parquet: {e}. Give each column one type.") from e


def _write_delimited(table: Any, path: Path, **options: Any) -> None:
    separator = "\t" if ".tsv" in path.name.lower() else ","
    # Without a time inside, so that the same table gives the same bytes.
    packed = {"compression": {"method": "gzip", "mtime": 0}} if path.name.lower().endswith(".gz") else {}
    table.to_csv(path, **{"sep": separator, "index": False, **packed, **options})


def _count_parquet(path: Path) -> int:
    return int(require("pyarrow.parquet", extra="pyarrow").read_metadata(path).num_rows)


PARQUET = Format(
    suffixes=(".parquet",),
    otype="DataFrame",
    load=_load_parquet,
    open=_open_parquet,
    write=_write_parquet,
    count=_count_parquet,
    streams=True,
)
DELIMITED = Format(
    suffixes=(".csv", ".tsv", ".csv.gz", ".tsv.gz"),
    load=_load_delimited,
    open=_open_delimited,
    write=_write_delimited,
    streams=True,
)
