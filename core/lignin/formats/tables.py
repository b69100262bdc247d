"""Tables: parquet, Arrow files, csv, tsv; through pandas and pyarrow, or polars where it is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lignin.base.clock import from_iso
from lignin.base.errors import FormatError
from lignin.formats.format import PIECE, Format, require, stream_of

if TYPE_CHECKING:
    import pandas as pd
    from upath import UPath

__all__ = ["ARROW", "DELIMITED", "PARQUET", "build_frame", "join_frames", "nullable_column", "parse_times", "separator_of", "typed_frame", "with_polars"]

_ENGINES = ("pyarrow", "polars")


def build_frame(data: Mapping[str, Sequence[Any]], *, index: Sequence[int]) -> pd.DataFrame:
    """A frame of columns, whose index is the records' ids."""
    pandas = _pandas()
    frame: pd.DataFrame = pandas.DataFrame(dict(data), index=pandas.Index(index, name="id", dtype="int64"), columns=list(data))
    return frame


def typed_frame(data: Mapping[str, tuple[Sequence[Any], str | None]], *, index: Sequence[Any], index_name: str) -> pd.DataFrame:
    """A frame of columns, each of a kind of `nullable_column` or a dtype of pandas; `None` leaves them objects."""
    pandas = _pandas()
    rows = pandas.Index(index, name=index_name, dtype=object)
    series = {name: _typed_series(pandas, values, dtype, rows) for name, (values, dtype) in data.items()}
    frame: pd.DataFrame = pandas.DataFrame(series, index=rows, columns=list(series))
    return frame


def _typed_series(pandas: Any, values: Sequence[Any], dtype: str | None, rows: Any) -> Any:
    if dtype in {"int", "bool", "float", "num"}:
        return pandas.Series(nullable_column(values, kind=dtype), index=rows)
    try:
        return pandas.Series(values, index=rows, dtype=dtype or object)
    except (TypeError, ValueError, OverflowError):
        # Times of several zones, or beyond what pandas counts.
        return pandas.Series(values, index=rows, dtype=object)


def nullable_column(values: Sequence[Any], *, kind: str) -> Any:
    """Values, some of which are missing, as a column of a frame, in a type that changes none of them.

    Args:
        values: `None` where one is missing.
        kind: `int`, `bool`, `float`, `num`; any other stays as it is.
    """
    pandas = _pandas()
    match kind:
        case "float" | "num":
            return pandas.array([float("nan") if value is None else value for value in values], dtype="float64")
        case "int" | "bool":
            nullable, plain = ("Int64", "int64") if kind == "int" else ("boolean", "bool")
            return pandas.array(values, dtype=nullable if None in values else plain)
    return pandas.Series(list(values), dtype=object).array


def parse_times(texts: Sequence[str | None]) -> Any:
    """Times in UTC from ISO 8601 texts, as a column of a frame."""
    try:
        return _pandas().to_datetime(list(texts), format="ISO8601", utc=True)
    except ValueError:
        # A year that a count of nanoseconds can't reach.
        return [None if text is None else from_iso(text) for text in texts]


def join_frames(parts: Sequence[Any], *, join: str) -> Any:
    """One frame of the rows of several, all of pandas or all of polars; `inner` keeps the columns that all have."""
    if type(parts[0]).__module__.partition(".")[0] != "polars":
        return _pandas().concat(parts, join=join, ignore_index=True)
    if join == "inner":
        shared = [name for name in parts[0].columns if all(name in part.columns for part in parts)]
        parts = [part.select(shared) for part in parts]
    return with_polars(lambda polars: polars.concat(parts, how="diagonal_relaxed"), what="these frames can't be joined")


def separator_of(name: str) -> str:
    """What stands between the columns of a file of this name."""
    return "\t" if ".tsv" in name.lower() else ","


def with_polars(work: Any, *, what: str) -> Any:
    """What `work(polars)` gives, its errors as ours."""
    polars = require("polars", extra="polars")
    try:
        return work(polars)
    except polars.exceptions.PolarsError as e:
        raise FormatError(f"{what}: {str(e).strip().partition(chr(10))[0]}") from e


def _pandas() -> ModuleType:
    return require("pandas", extra="all")


def _arrow(module: str) -> ModuleType:
    return require(module, extra="all")


def _load_parquet(path: Path, *, engine: str | None = None, **options: Any) -> Any:
    if engine == "polars":
        return with_polars(lambda polars: polars.read_parquet(path, glob=False, **options), what=f"{path} can't be read as parquet")
    return _pandas().read_parquet(path, **_with_engine(engine), **options)


def _load_arrow(path: Path, *, engine: str | None = None, **options: Any) -> Any:
    if engine == "polars":
        return with_polars(lambda polars: polars.read_ipc(path, **options), what=f"{path} can't be read as an Arrow file")
    return _pandas().read_feather(path, **_with_engine(engine), **options)


def _load_delimited(path: Path, *, engine: str | None = None, **options: Any) -> Any:
    separator = separator_of(path.name)
    if engine == "polars":
        return with_polars(lambda polars: polars.read_csv(path, glob=False, **{"separator": separator, **options}), what=f"{path} can't be read as a table")
    return _pandas().read_csv(path, **_with_engine(engine), **{"sep": separator, **options})


def _with_engine(engine: str | None) -> Mapping[str, str]:
    """The reader's own `engine`, which pandas has too."""
    return {} if engine in {None, "pandas"} else {"engine": str(engine)}


def _open_parquet(place: Path | UPath, *, mode: str, engine: str | None = None, **options: Any) -> Any:
    if engine != "polars":
        return _dataset(place, format="parquet", **options)
    if isinstance(place, Path):
        return with_polars(lambda polars: _scanned(polars.scan_parquet(place, glob=False, **options)), what=f"{place} can't be read as parquet")
    # So polars reads from a server as everything else here does, with the same keys.
    return require("polars", extra="polars").scan_pyarrow_dataset(_dataset(place, format="parquet"), **options)


def _open_arrow(place: Path | UPath, *, mode: str, engine: str | None = None, **options: Any) -> Any:
    if engine == "polars":
        return with_polars(lambda polars: _scanned(polars.scan_ipc(place, glob=False, **options)), what=f"{place} can't be read as an Arrow file")
    return _dataset(place, format="ipc", **options)


def _open_delimited(place: Path | UPath, *, mode: str, engine: str | None = None, **options: Any) -> Any:
    separator = separator_of(place.name)
    if engine == "polars":
        return with_polars(lambda polars: _scanned(polars.scan_csv(place, glob=False, **{"separator": separator, **options})), what=f"{place} can't be read as a table")
    form = _arrow("pyarrow.dataset").CsvFileFormat(_arrow("pyarrow.csv").ParseOptions(delimiter=separator))
    return _dataset(place, format=form, **options)


def _scanned(scan: Any) -> Any:
    """A scan whose columns are known: so what can't be read is told when it is opened."""
    scan.collect_schema()
    return scan


def _dataset(place: Path | UPath, **options: Any) -> Any:
    dataset = _arrow("pyarrow.dataset").dataset
    return dataset(place, **options) if isinstance(place, Path) else dataset(place.path, filesystem=_system(place, form=options["format"]), **options)


def _system(place: UPath, *, form: Any) -> Any:
    """The file system of a place; for what is read in columns, one that fetches no more than pyarrow asks for."""
    if isinstance(form, str) and "s3" in place.fs.protocol:
        return type(place.fs)(**{**place.fs.storage_options, "default_cache_type": "none"})
    return place.fs


def _count_parquet(place: Path | UPath) -> int:
    with stream_of(place) as source:
        return int(_arrow("pyarrow.parquet").read_metadata(source).num_rows)


def _count_arrow(place: Path | UPath) -> int:
    return int(_dataset(place, format="ipc").count_rows())


def _parquet_pieces(place: Path | UPath, texts: Collection[str]) -> Iterator[Any]:
    if place.is_dir():
        yield from _dataset_pieces(place, form="parquet")
        return
    with stream_of(place) as source, _arrow("pyarrow.parquet").ParquetFile(source) as file:
        yield from _or_empty(file.iter_batches(PIECE), file.schema_arrow)


def _arrow_pieces(place: Path | UPath, texts: Collection[str]) -> Iterator[Any]:
    yield from _dataset_pieces(place, form="ipc")


def _dataset_pieces(place: Path | UPath, *, form: str) -> Iterator[Any]:
    dataset = _dataset(place, format=form)
    # One after the other: what is read ahead lies in memory.
    yield from _or_empty(dataset.to_batches(batch_size=PIECE, batch_readahead=0, fragment_readahead=0), dataset.schema)


def _or_empty(batches: Iterator[Any], schema: Any) -> Iterator[Any]:
    """The batches; of a table without rows one that has its columns."""
    count = 0
    for count, batch in enumerate(batches, start=1):  # noqa: B007 - asked after the loop
        yield batch
    if not count:
        yield schema.empty_table()


def _delimited_pieces(place: Path | UPath, texts: Collection[str]) -> Iterator[Any]:
    """Frames whose numbers may have gaps, so that a piece with one has the types of a piece without."""
    packed = "gzip" if place.name.lower().endswith(".gz") else None
    options = {"sep": separator_of(place.name), "chunksize": PIECE, "compression": packed, "dtype_backend": "numpy_nullable"}
    with stream_of(place) as source, _pandas().read_csv(source, dtype=dict.fromkeys(texts, "string"), **options) as pieces:
        yield from pieces


PARQUET = Format(
    suffixes=(".parquet",),
    otype="DataFrame",
    load=_load_parquet,
    open=_open_parquet,
    count=_count_parquet,
    streams=True,
    engines=_ENGINES,
    pieces=_parquet_pieces,
)
ARROW = Format(
    suffixes=(".ipc", ".feather", ".arrow"),
    otype="DataFrame",
    load=_load_arrow,
    open=_open_arrow,
    count=_count_arrow,
    streams=True,
    engines=_ENGINES,
    # Polars' texts in Arrow files are of a type that pyarrow can't filter.
    copied=("polars",),
    pieces=_arrow_pieces,
)
# Polars guesses the types of columns in its own way, and should guess alike wherever the bytes lie: from a copy.
DELIMITED = Format(
    suffixes=(".csv", ".tsv", ".csv.gz", ".tsv.gz"),
    load=_load_delimited,
    open=_open_delimited,
    streams=True,
    engines=_ENGINES,
    copied=("polars",),
    pieces=_delimited_pieces,
    is_typed=False,
)
