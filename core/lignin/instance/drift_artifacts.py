"""What changed between two datasets, whether they are artifacts, files or objects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lignin.base.errors import FormatError
from lignin.base.ports import current
from lignin.formats import format_there, place_of_experiment
from lignin.instance.check_dataset import load_file, opened
from lignin.instance.construct import as_local_path
from lignin.model import Artifact
from lignin.schema import Drift, drift
from lignin.storage import suffix_of

__all__ = ["dataset_at", "drift_of"]


def drift_of(before: Any, after: Any) -> Drift:
    """What changed from one dataset to another: columns, types, labels, missing values and distributions.

    Args:
        before: an artifact, the path of a file, a frame, an AnnData, MuData, SpatialData or experiment. No matrix is read.
        after: another.

    Returns:
        a value that prints as text, with `to_dataframe()` and `to_dict()`.

    Raises:
        FormatError: a file can't be read as a dataset.
        UsageError: an object is no dataset.

    Example:
        >>> print(ln.drift(artifact.versions[1], artifact))  # doctest: +SKIP
    """
    with _dataset(before) as old, _dataset(after) as new:
        return drift(old, new)


@contextmanager
def _dataset(given: Any) -> Iterator[Any]:
    given = place_of_experiment(given) or given
    if not isinstance(given, Artifact | str | os.PathLike) and not hasattr(type(given), "storage_options"):
        yield given
        return
    if isinstance(given, Artifact):
        place, suffix, otype = current().cache(given), given.suffix, given.otype
    else:
        place = as_local_path(given)
        suffix, otype = suffix_of(Path(place).name), None
    with dataset_at(place, suffix, otype=otype) as dataset:
        yield dataset


@contextmanager
def dataset_at(place: Path, suffix: str, *, otype: str | None) -> Iterator[Any]:
    """The dataset that lies at a path: a frame, or the parts of a composite one, for as long as the block lasts.

    Raises:
        FormatError: none does, or it can't be read.
    """
    known = format_there(place, suffix, otype=otype)
    if known is None or (known.pieces is None and known.otype is None):
        raise FormatError(f"{place} holds no dataset that Lignin reads, so nothing can be said of its columns")
    if known.pieces is not None:
        yield load_file(place, suffix, otype=otype)
        return
    with opened(known, place) as dataset:
        yield dataset
