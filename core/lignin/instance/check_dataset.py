"""A dataset against a schema, wherever it lies: an object in memory, or a file that is read piece by piece."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.errors import FormatError
from lignin.formats import Format, format_there
from lignin.schema import (
    Categorical,
    Dtype,
    Kind,
    Registries,
    Report,
    SchemaSpec,
    Simple,
    check,
    check_batches,
)
from lignin.storage import suffix_of

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["check_dataset", "check_file", "load_file", "opened"]

_TEXTS = frozenset({Kind.STR, Kind.PATH, Kind.URL})


def check_dataset(data: Any, spec: SchemaSpec, *, registries: Registries, external: Mapping[str, Any] | None = None) -> Report:
    """Everything that is wrong with a dataset, which is an object in memory or lies at a path.

    Raises:
        FormatError: the file can't be read as what it claims to be, or Lignin has no reader for it.
        UsageError: the object is no dataset.
    """
    if isinstance(data, Path) or hasattr(type(data), "storage_options"):
        return check_file(data, spec, registries=registries, external=external)
    return check(data, spec, registries=registries, external=external)


def check_file(
    place: Path | UPath, spec: SchemaSpec, *, registries: Registries, external: Mapping[str, Any] | None = None, suffix: str | None = None, otype: str | None = None
) -> Report:
    """Everything that is wrong with a file: tables are read in pieces, of AnnData and the like no matrix is read.

    A text file says of no column what its values are, so what can be converted to that without loss is valid there.
    """
    known = _format(place, suffix_of(place.name) if suffix is None else suffix, otype)
    if known.pieces is None or spec.slots:
        with opened(known, place) as dataset:
            return check(dataset, spec, registries=registries, external=external)
    if not known.is_typed:
        spec = replace(spec, coerce=True)
    texts = [feature.name for feature in spec.features if _is_text(feature.dtype)]
    if not known.is_typed and spec.is_flexible:
        texts += _registered_texts(known, place, registries)
    return check_batches(_read(known, place, texts), spec, registries=registries)


def load_file(place: Path | UPath, suffix: str, *, otype: str | None) -> Any:
    """A dataset in memory.

    Raises:
        FormatError: it can't be read as what it claims to be.
    """
    known = _format(place, suffix, None if otype == "DataFrame" else otype)
    with _explained(place, known):
        return known.load(place)


@contextmanager
def opened(known: Format, place: Path | UPath) -> Iterator[Any]:
    """A dataset for reading without its matrices, for as long as the block lasts.

    Raises:
        FormatError: it can't be read, or not from where it lies.
    """
    # What is not asked for is not read, so that reading may fail as long as the block lasts.
    with _explained(place, known):
        parts = contextlib.nullcontext(known.open(place, mode="r")) if known.parts is None else known.parts(place)
        with parts as dataset:
            yield dataset


def _format(place: Path | UPath, suffix: str, otype: str | None) -> Format:
    known = format_there(place, suffix, otype=otype)
    if known is None or (known.pieces is None and known.otype is None):
        raise FormatError(f"{place} can't be checked: Lignin reads no table from {suffix or 'a file without a suffix'}. Give the object that was read from it.")
    return known


def _read(known: Format, place: Path | UPath, texts: Collection[str]) -> Iterator[Any]:
    assert known.pieces is not None
    with _explained(place, known):
        yield from known.pieces(place, texts)


@contextmanager
def _explained(place: Any, known: Format) -> Iterator[None]:
    """What a reader stumbles over, as an error of ours."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as e:
        told = next(iter(str(e).strip().splitlines()), type(e).__name__)
        raise FormatError(f"{place} can't be read as {known.otype or 'a table'}: {told}") from e


def _registered_texts(known: Format, place: Path | UPath, registries: Registries) -> list[str]:
    """The columns whose registered features hold texts: what looks like a number in them is a text all the same."""
    pieces = _read(known, place, ())
    first = next(pieces)
    pieces.close()  # type: ignore[attr-defined]  # it is a generator
    return [name for name, feature in registries.features([name for name in first.columns if isinstance(name, str)]).items() if _is_text(feature.dtype)]


def _is_text(dtype: Dtype) -> bool:
    return isinstance(dtype, Categorical) or (isinstance(dtype, Simple) and dtype.kind in _TEXTS)
