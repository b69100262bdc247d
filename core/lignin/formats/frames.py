"""Frames in memory, or still to be computed, into files: those of pandas, and those of polars."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lignin.base.errors import FormatError
from lignin.formats.format import require
from lignin.formats.tables import separator_of, with_polars

__all__ = [
    "count_frame",
    "count_lazy",
    "write_pandas_arrow",
    "write_pandas_delimited",
    "write_pandas_parquet",
    "write_polars_arrow",
    "write_polars_delimited",
    "write_polars_parquet",
]

_WHY_NOT = "this frame can't be written as {}: {}. Give each column one type."


def write_pandas_parquet(table: Any, path: Path, **options: Any) -> None:
    """Write a pandas frame as parquet."""
    arrow = require("pyarrow", extra="all")
    try:
        table.to_parquet(path, **options)
    except (arrow.ArrowException, ValueError) as e:
        raise FormatError(_WHY_NOT.format("parquet", e)) from e


def write_pandas_arrow(table: Any, path: Path, **options: Any) -> None:
    """Write a pandas frame as an Arrow file."""
    arrow = require("pyarrow", extra="all")
    try:
        table.to_feather(path, **options)
    except (arrow.ArrowException, ValueError) as e:
        raise FormatError(f"this frame can't be written as an Arrow file: {e}. Give each column one type, and the rows their plain numbers as index.") from e


def write_pandas_delimited(table: Any, path: Path, **options: Any) -> None:
    """Write a pandas frame as text."""
    # Without a time inside, so that the same table gives the same bytes.
    packed = {"compression": {"method": "gzip", "mtime": 0}} if path.name.lower().endswith(".gz") else {}
    table.to_csv(path, **{"sep": separator_of(path.name), "index": False, **packed, **options})


def write_polars_parquet(table: Any, path: Path, **options: Any) -> None:
    """Write a polars frame as parquet; a lazy one is computed on the way, never whole in memory."""
    write = table.write_parquet if hasattr(table, "write_parquet") else table.sink_parquet
    with_polars(lambda _: write(path, **options), what="this frame can't be written as parquet")


def write_polars_arrow(table: Any, path: Path, **options: Any) -> None:
    """Write a polars frame as an Arrow file."""
    write = table.write_ipc if hasattr(table, "write_ipc") else table.sink_ipc
    with_polars(lambda _: write(path, **options), what="this frame can't be written as an Arrow file")


def write_polars_delimited(table: Any, path: Path, **options: Any) -> None:
    """Write a polars frame as text."""
    write = table.write_csv if hasattr(table, "write_csv") else table.sink_csv
    with _text(path) as target:
        with_polars(lambda _: write(target, **{"separator": separator_of(path.name), **options}), what="this frame can't be written as text")


def count_frame(table: Any, path: Path) -> int:
    """The number of rows."""
    return len(table)


def count_lazy(table: Any, path: Path) -> int:
    """The number of rows, of the file that was written: computing them once more could take long."""
    name = path.name.lower()
    scan = {".parquet": "scan_parquet", ".csv": "scan_csv", ".tsv": "scan_csv"}.get(Path(name.removesuffix(".gz")).suffix, "scan_ipc")
    options = {"separator": separator_of(name)} if scan == "scan_csv" else {}

    def count(polars: Any) -> int:
        return int(getattr(polars, scan)(path, **options).select(polars.len()).collect().item())

    return int(with_polars(count, what=f"the rows of {path} can't be counted"))


@contextmanager
def _text(path: Path) -> Iterator[Any]:
    if path.name.lower().endswith(".gz"):
        # Without a name or a time inside, so that the same table gives the same bytes.
        with path.open("wb") as target, gzip.GzipFile(filename="", fileobj=target, mode="wb", mtime=0) as packed:
            yield packed
    else:
        yield path
