"""TileDB-SOMA: experiments in a folder, which tiledbsoma reads (https://github.com/single-cell-data/TileDB-SOMA)."""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from lignin.base.errors import FormatError, UsageError
from lignin.formats.format import Format, require

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["SOMA", "SOMA_OTYPE", "place_of_experiment"]

SOMA_OTYPE = "tiledbsoma"
_JOIN_ID = "soma_joinid"
_NAMES = "names of the rows"
# What TileDB reads at once, in bytes a column.
_BUFFER = 16 * 1024 * 1024


class StoredSomaFrame:
    """A frame of an experiment. Its rows are named by the column `obs_id` or `var_id`, where tiledbsoma wrote one."""

    def __init__(self, frame: Any, *, named: str) -> None:
        self._frame = frame
        self.named = named if named in frame.keys() else None  # noqa: SIM118 - it is no mapping

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return [name for name in self._frame.keys() if name not in {_JOIN_ID, self.named}]  # noqa: SIM118 - it is no mapping

    @property
    def index(self) -> list[Any]:
        """The names of all rows; their numbers, where they have none."""
        name = self.named or _JOIN_ID
        return [value for table in self._frame.read(column_names=[name]) for value in table[name].to_pylist()]

    @property
    def var(self) -> StoredSomaFrame:
        """Itself: of a measurement, the frame of its variables is the one there is."""
        return self

    def pieces(self, wanted: Collection[str] = ()) -> Iterator[Any]:
        """Tables of Arrow, in order, each as large as what TileDB reads at once; one at least."""
        names = [*self.columns, *([self.named] if self.named else [])]
        count = 0
        for table in self._frame.read(column_names=names):
            count += 1
            yield self._piece(table.select(names), wanted)
        if not count:
            yield self._piece(self._frame.schema.empty_table().select(names), wanted)

    def to_memory(self) -> Any:
        """The frame as one table of Arrow."""
        return require("pyarrow", extra="soma").concat_tables(self.pieces())

    def _piece(self, table: Any, wanted: Collection[str]) -> Any:
        """A table that says which column names its rows, as pandas would have written it."""
        if self.named is None:
            return table
        name = self.named
        if name in wanted:
            table, name = table.append_column(_NAMES, table[name]), _NAMES
        return table.replace_schema_metadata({"pandas": json.dumps({"index_columns": [name]})})


class StoredExperiment:
    """An experiment as the checks see it: the frames of its observations and of its measurements."""

    otype = SOMA_OTYPE

    def __init__(self, experiment: Any) -> None:
        self._experiment = experiment

    @property
    def obs(self) -> StoredSomaFrame:
        """The frame of the observations."""
        return StoredSomaFrame(self._experiment.obs, named="obs_id")

    @property
    def ms(self) -> Mapping[str, StoredSomaFrame]:
        """The frames of the variables, by measurement."""
        return {name: StoredSomaFrame(measurement.var, named="var_id") for name, measurement in self._experiment.ms.items()}


def place_of_experiment(value: Any) -> str | None:
    """Where an experiment lies that is an object of tiledbsoma; `None` for any other object.

    Raises:
        UsageError: it is open for writing, so that it may change yet.
    """
    if (type(value).__module__.partition(".")[0], type(value).__name__) != ("tiledbsoma", "Experiment"):
        return None
    if value.mode != "r" and not value.closed:
        raise UsageError(f"the experiment {value.uri} is open for writing. Close it first: experiment.close()")
    return str(value.uri)


@contextmanager
def _soma(place: Any) -> Iterator[ModuleType]:
    """The package, its errors as ours."""
    with warnings.catch_warnings():
        # It uses what its own dependencies deprecate, also while it is imported.
        warnings.simplefilter("ignore", category=DeprecationWarning)
        warnings.simplefilter("ignore", category=FutureWarning)
        tiledbsoma = require("tiledbsoma", extra="soma")
        try:
            yield tiledbsoma
        except (tiledbsoma.SOMAError, RuntimeError) as e:
            told = next(iter(str(e).strip().splitlines()), type(e).__name__)
            raise FormatError(f"{place} can't be read as an experiment of TileDB-SOMA: {told}") from e


def _open_soma(place: Path | UPath, *, mode: str = "r", **options: Any) -> Any:
    if not isinstance(place, Path):
        raise FormatError(f"{place} is read from a local disk only. Save it without a schema, then check what artifact.cache() gives.")
    with _soma(place) as tiledbsoma:
        return tiledbsoma.Experiment.open(place.as_posix(), mode="r", **options)


def _load_soma(place: Path, *, measurement_name: str | None = None, **options: Any) -> Any:
    """A measurement as an AnnData: the one there is, or the one that is named."""
    with _open_soma(place) as experiment, _soma(place) as tiledbsoma:
        names = sorted(experiment.ms.keys())
        if measurement_name is None and len(names) != 1:
            raise UsageError(f"{place} has the measurements {', '.join(names) or 'of none'}. Say which to load: load(measurement_name={next(iter(names), 'RNA')!r})")
        if measurement_name is not None and measurement_name not in names:
            raise UsageError(f"{place} has no measurement {measurement_name!r}. It has: {', '.join(names)}")
        require("tiledbsoma.io", extra="soma")
        return tiledbsoma.io.to_anndata(experiment, measurement_name=measurement_name or names[0], **options)


def _count_soma(place: Path | UPath) -> int:
    with _open_soma(place) as experiment, _soma(place):
        return int(experiment.obs.count)


@contextmanager
def _parts_soma(place: Path | UPath) -> Iterator[Any]:
    with _soma(place) as tiledbsoma:
        context = tiledbsoma.SOMATileDBContext(tiledb_config={"soma.init_buffer_bytes": _BUFFER})
        with _open_soma(place, context=context) as experiment:
            yield StoredExperiment(experiment)


SOMA = Format(suffixes=(".tiledbsoma",), otype=SOMA_OTYPE, load=_load_soma, open=_open_soma, count=_count_soma, parts=_parts_soma)
