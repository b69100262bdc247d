"""What the rows of a frame are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lignin.base.errors import UsageError
from lignin.base.texts import composed, problem_of_name
from lignin.schema import Problem, ProblemKind
from lignin.schema.values import is_missing

__all__ = ["NAME", "UID", "columns_of", "name_problems", "named_rows"]

NAME, UID = "__lignin_record_name__", "__lignin_record_uid__"
_LONGEST, _FEW = 255, 5


def named_rows(data: Any, *, index: str | None) -> tuple[Any, Sequence[Any] | None]:
    """A frame without its names, and those; none where nothing names the rows.

    Args:
        data: a frame of pandas or polars.
        index: the feature that a schema has for the names.

    Raises:
        UsageError: this is no such frame.
    """
    module = type(data).__module__.partition(".")[0]
    if module not in {"pandas", "polars"} or not hasattr(data, "columns") or not hasattr(data, "to_dict"):
        raise UsageError(f"from_dataframe takes a frame of pandas or polars, not a {type(data).__name__}")
    for name in (NAME, index):
        if name is not None and list(data.columns).count(name) == 1:
            names = data[name].to_list()
            rest = data.drop(columns=[name]) if module == "pandas" else data.drop(name)
            return rest, names
    if module == "pandas" and data.index.name != UID and data.index.inferred_type in {"string", "mixed", "empty"} and (len(data) or index):
        return data, data.index.tolist()
    return data, None


def columns_of(data: Any) -> Mapping[str, list[Any]]:
    """The columns of a frame as Python's values, row by row."""
    if type(data).__module__.startswith("polars"):
        return {name: data[name].to_list() for name in data.columns}
    return {name: data.iloc[:, place].tolist() for place, name in enumerate(data.columns)}


def name_problems(names: Sequence[Any] | None, *, needed: str | None) -> Iterator[Problem]:
    """What is wrong with the names of rows; without `needed`, a feature that they are values of, rows may have none."""
    if names is None:
        if needed is not None:
            message = f"the schema wants rows named by {needed!r}: a column {needed!r}, the index, or a column {NAME!r}"
            yield Problem(kind=ProblemKind.MISSING_COLUMN, message=message, column=needed)
        return
    column, total = needed or NAME, len(names)
    missing = sum(map(is_missing, names))
    if missing and needed is not None:
        yield Problem(kind=ProblemKind.MISSING_VALUES, message=f"{missing:,} of {total:,} rows have no name", column=column, count=missing, of=total)
    there = [name for name in names if not is_missing(name)]
    if strange := [name for name in there if not isinstance(name, str)]:
        message = f"{len(strange):,} of {total:,} names are no texts, but {type(strange[0]).__name__}"
        yield Problem(kind=ProblemKind.WRONG_TYPE, message=message, column=column, count=len(strange), of=total, examples=_few(strange))
    texts = [name for name in there if isinstance(name, str)]
    if unfit := [name for name in texts if problem_of_name(name) or len(name) > _LONGEST]:
        message = f"{len(unfit):,} of {total:,} names can't be one: {problem_of_name(unfit[0]) or 'too long'}"
        yield Problem(kind=ProblemKind.WRONG_TYPE, message=message, column=column, count=len(unfit), of=total, examples=_few(unfit))
    if twice := {name: times for name, times in Counter(map(composed, texts)).items() if times > 1}:
        message = f"{len(twice):,} {'name stands' if len(twice) == 1 else 'names stand'} at several rows; within a sheet each is one record"
        yield Problem(kind=ProblemKind.DUPLICATE_COLUMN, message=message, column=column, count=len(twice), examples=tuple((repr(n), t) for n, t in list(twice.items())[:_FEW]))


def _few(values: Sequence[Any]) -> tuple[tuple[str, int], ...]:
    return tuple((repr(value)[:80], 0) for value in values[:_FEW])
