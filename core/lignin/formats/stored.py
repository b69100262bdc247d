"""Annotated matrices as they lie in HDF5 and zarr stores: frames are read in pieces, and nothing before it is asked for.

What is here looks like an AnnData, MuData or SpatialData to whoever asks for its parts by name, and holds no more of it in memory
than a piece of one frame. The encodings are anndata's (https://anndata.readthedocs.io/en/stable/fileformat-prose.html).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import Any

from lignin.formats.format import PIECE, require

__all__ = ["StoredAnnData", "StoredArray", "StoredFrame", "StoredGroup", "StoredMuData", "StoredSpatialData", "modalities"]


class StoredFrame:
    """A frame in a store."""

    named: str | None = None

    def __init__(self, group: Any) -> None:
        self._group = group
        self._whole: dict[str, Any] = {}

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return [str(name) for name in self._group.attrs["column-order"]]

    @property
    def index(self) -> Any:
        """The names of all rows."""
        return self._rows(0, len(self))

    def __len__(self) -> int:
        return _length(self._group[self._group.attrs["_index"]])

    def pieces(self, wanted: Collection[str] = ()) -> Iterator[Any]:
        """Frames of 100,000 rows at most, in order; one at least."""
        pandas = require("pandas", extra="all")
        names = self.columns
        for begin in range(0, max(len(self), 1), PIECE):
            end = min(begin + PIECE, len(self))
            index = self._rows(begin, end)
            yield pandas.DataFrame({name: self._column(name, begin, end) for name in names}, index=index, columns=names)

    def to_memory(self) -> Any:
        """The frame as one."""
        return _read(self._group)

    def _rows(self, begin: int, end: int) -> Any:
        name = self._group.attrs["_index"]
        return require("pandas", extra="all").Index(self._column(name, begin, end), name=None if name in {"_index", "index"} else name)

    def _column(self, name: str, begin: int, end: int) -> Any:
        element = self._group[name]
        read = _SLICED.get(_encoding(element))
        if read is not None:
            return read(element, begin, end)
        if name not in self._whole:
            self._whole[name] = _read(element)
        return self._whole[name][begin:end]


class StoredArray:
    """A matrix of coordinates in a store, whose columns are named by number."""

    named: str | None = None

    def __init__(self, array: Any) -> None:
        self._array = array

    def pieces(self, wanted: Collection[str] = ()) -> Iterator[Any]:
        """The columns of 100,000 rows at most, in order; one piece at least."""
        for begin in range(0, max(self._array.shape[0], 1), PIECE):
            part = self._array[begin : begin + PIECE]
            yield {str(number): part[:, number] for number in range(part.shape[1])}

    def to_memory(self) -> Any:
        """The matrix as one."""
        return self._array[...]


class StoredGroup(Mapping[str, Any]):
    """Elements by name, each of which is read when it is asked for."""

    otype = "dict"

    def __init__(self, group: Any) -> None:
        self._group = group

    def __getitem__(self, name: str) -> Any:
        if name not in self._group:
            raise KeyError(name)
        return _element(self._group[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._group.keys())

    def __len__(self) -> int:
        return len(list(self._group.keys()))


class StoredAnnData:
    """An AnnData in a store."""

    otype = "AnnData"

    def __init__(self, group: Any) -> None:
        self._group = group

    @property
    def obs(self) -> Any:
        """The frame of the observations."""
        return _element(self._group["obs"])

    @property
    def var(self) -> Any:
        """The frame of the variables."""
        return _element(self._group["var"])

    @property
    def uns(self) -> Mapping[str, Any]:
        """What is said of the whole."""
        return self._elements("uns")

    @property
    def obsm(self) -> Mapping[str, Any]:
        """Coordinates of the observations."""
        return self._elements("obsm")

    @property
    def varm(self) -> Mapping[str, Any]:
        """Coordinates of the variables."""
        return self._elements("varm")

    @property
    def layers(self) -> Mapping[str, Any]:
        """Matrices beside the main one."""
        return self._elements("layers")

    @property
    def raw(self) -> Any:
        """The matrix before it was filtered, with its variables; `None` where there is none."""
        # Where there is none, some releases write an element that says so.
        found = self._group.get("raw")
        return StoredAnnData(found) if hasattr(found, "keys") else None

    @property
    def X(self) -> Any:  # noqa: N802 - the field's name
        """The main matrix."""
        return _element(self._group["X"]) if "X" in self._group else None

    def _elements(self, name: str) -> Mapping[str, Any]:
        return StoredGroup(self._group[name]) if name in self._group else {}


class StoredMuData(StoredAnnData):
    """A MuData in a store.

    Args:
        group: its root.
        join: makes of the root and the frames of the modalities the object that MuData makes of them, without a matrix: to its own
            frames belong columns of theirs, which the store does not repeat.
    """

    otype = "MuData"

    def __init__(self, group: Any, *, join: Callable[[Any], Any]) -> None:
        super().__init__(group)
        self._join = join

    @property
    def obs(self) -> Any:
        """The frame of the observations, in memory."""
        return self._joined.obs

    @property
    def var(self) -> Any:
        """The frame of the variables, in memory."""
        return self._joined.var

    @property
    def mod(self) -> Mapping[str, StoredAnnData]:
        """The modalities by name."""
        return {name: StoredAnnData(part) for name, part in modalities(self._group).items()}

    @cached_property
    def _joined(self) -> Any:
        return self._join(self._group)


class StoredSpatialData:
    """A SpatialData in a store.

    Args:
        group: its root.
        read: reads elements of a kind (`shapes`) as SpatialData does, by name.
    """

    otype = "SpatialData"

    def __init__(self, group: Any, *, read: Callable[[str], Mapping[str, Any]]) -> None:
        self._group = group
        self._read = read

    @property
    def tables(self) -> Mapping[str, StoredAnnData]:
        """The tables by name."""
        # The first format had its only table in a folder of another name.
        group: Any = next((self._group[name] for name in ("tables", "table") if name in self._group), {})
        return {str(name): StoredAnnData(group[name]) for name in group}

    @property
    def attrs(self) -> Mapping[str, Any]:
        """What is said of the whole."""
        return {name: value for name, value in dict(self._group.attrs).items() if name != "spatialdata_attrs"}

    @property
    def images(self) -> Mapping[str, Any]:
        """The images by name."""
        return self._read("images")

    @property
    def labels(self) -> Mapping[str, Any]:
        """The segmentations by name."""
        return self._read("labels")

    @property
    def points(self) -> Mapping[str, Any]:
        """The points by name."""
        return self._read("points")

    @property
    def shapes(self) -> Mapping[str, Any]:
        """The shapes by name."""
        return self._read("shapes")


def modalities(group: Any) -> Mapping[str, Any]:
    """The groups of a MuData's modalities by name, in their order."""
    stored = group["mod"]
    order = stored.attrs.get("mod-order")
    return {str(name): stored[name] for name in (stored.keys() if order is None else order)}


def _element(element: Any) -> Any:
    """A frame or a matrix as it lies there; anything else in memory."""
    encoding = _encoding(element)
    # Until anndata 0.7 categories lay beside the columns, and before that frames were arrays.
    if encoding == "dataframe" and "__categories" not in element:
        return StoredFrame(element)
    if encoding == "array" and len(element.shape) == 2:
        return StoredArray(element)
    if encoding in {"csr_matrix", "csc_matrix"}:
        return require("anndata.io", extra="anndata").sparse_dataset(element)
    return _read(element)


def _encoding(element: Any) -> str:
    found = element.attrs.get("encoding-type")
    return "array" if not found and hasattr(element, "shape") else str(found or "")


def _read(element: Any) -> Any:
    return require("anndata.io", extra="anndata").read_elem(element)


def _length(element: Any) -> int:
    """How many rows a column has."""
    return int((element if hasattr(element, "shape") else element["codes" if "codes" in element else "values"]).shape[0])


def _numbers(element: Any, begin: int, end: int) -> Any:
    return _texts(element, begin, end) if element.dtype.kind in "OSTU" else element[begin:end]


def _texts(element: Any, begin: int, end: int) -> Any:
    values = element.asstr()[begin:end] if hasattr(element, "asstr") else element[begin:end]
    return values.astype(object)


def _categories(element: Any, begin: int, end: int) -> Any:
    pandas = require("pandas", extra="all")
    ordered = bool(element.attrs.get("ordered", False))
    return pandas.Categorical.from_codes(element["codes"][begin:end], categories=pandas.Index(_read(element["categories"])), ordered=ordered)


def _with_gaps(element: Any, begin: int, end: int) -> Any:
    pandas = require("pandas", extra="all")
    values, mask = element["values"], element["mask"][begin:end]
    if values.dtype.kind in "biu":
        kind = pandas.arrays.BooleanArray if values.dtype.kind == "b" else pandas.arrays.IntegerArray
        return kind(values[begin:end], mask)
    texts = _texts(values, begin, end)
    texts[mask] = pandas.NA
    return pandas.array(texts, dtype="string")


_SLICED: Mapping[str, Callable[[Any, int, int], Any]] = {
    "array": _numbers, "string-array": _texts, "categorical": _categories, "nullable-integer": _with_gaps, "nullable-boolean": _with_gaps,
    "nullable-string-array": _with_gaps,
}
