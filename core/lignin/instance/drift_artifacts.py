"""What changed between two datasets, whether they are artifacts, files or objects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lignin.base.errors import FormatError
from lignin.base.ports import current
from lignin.formats import format_there
from lignin.instance.check_dataset import opened
from lignin.instance.construct import as_local_path
from lignin.model import Artifact
from lignin.schema import Drift, drift
from lignin.storage import suffix_of

__all__ = ["drift_of"]


def drift_of(before: Any, after: Any) -> Drift:
    """What changed from one dataset to another: columns, types, labels, missing values and distributions.

    Args:
        before: an artifact, the path of a file, a frame, an AnnData or MuData. No matrix is read.
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
    if not isinstance(given, Artifact | str | os.PathLike) and not hasattr(type(given), "storage_options"):
        yield given
        return
    if isinstance(given, Artifact):
        place, suffix, otype = current().cache(given), given.suffix, given.otype
    else:
        place = as_local_path(given)
        suffix, otype = suffix_of(Path(place).name), None
    known = format_there(place, suffix, otype=otype)
    if known is None or (known.pieces is None and known.otype is None):
        raise FormatError(f"{place} holds no dataset that Lignin reads, so nothing can be said of its columns")
    if known.pieces is not None:
        yield known.load(place)
        return
    with opened(known, place) as dataset:
        yield dataset
