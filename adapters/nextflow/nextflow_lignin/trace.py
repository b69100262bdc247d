"""A trace file: a table with a row for each task of one run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nextflow_lignin.history import amount, local_moment

__all__ = ["Row", "read_trace"]

_TIMES = ("submit", "start", "complete")
_WORDS = {"hash", "name", "process", "tag", "status", "container", "workdir", "error_action", "native_id", "queue", "module", "env", "script", "hostname", "cpu_model"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A task in a trace, absent fields as `None`.

    Attributes:
        hash: short, as in `ab/cdef12`.
        work_dir: the whole of it, where the trace has it.
        times: when it was submitted, began and ended, as far as it is known.
        numbers: all other figures: milliseconds and bytes.
    """

    hash: str
    name: str
    process: str | None
    tag: str | None
    status: str
    exit: int | None
    task_id: int | None
    attempt: int | None
    work_dir: str | None
    container: str | None
    error_action: str | None
    times: dict[str, datetime]
    numbers: dict[str, int | float]


def read_trace(path: Path) -> Sequence[Row]:
    """All rows; those that a line break inside of them has broken, or a kill has cut, are left out.

    Raises:
        OSError: it can't be read.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    names = lines[0].split("\t") if lines else []
    if "hash" not in names or "name" not in names:
        return []
    rows = []
    for line in lines[1:]:
        values = line.split("\t")
        if len(values) == len(names):
            row = {name: value for name, value in zip(names, values, strict=True) if value not in {"", "-"}}
            if "hash" in row and "name" in row:
                rows.append(_row(row))
    return rows


def _row(row: dict[str, Any]) -> Row:
    times = {name: moment for name in _TIMES if name in row and (moment := local_moment(row[name])) is not None}
    numbers = {name: figure for name, value in row.items() if name not in _WORDS and name not in _TIMES and (figure := amount(value)) is not None}
    whole = {name: int(numbers.pop(name)) if name in numbers else None for name in ("exit", "task_id", "attempt")}
    return Row(
        hash=row["hash"],
        name=row["name"],
        process=row.get("process"),
        tag=row.get("tag"),
        status=row.get("status", "COMPLETED"),
        work_dir=row.get("workdir"),
        container=row.get("container"),
        error_action=row.get("error_action"),
        times=times,
        numbers=numbers,
        exit=None if whole["exit"] == 2**31 - 1 else whole["exit"],
        task_id=whole["task_id"],
        attempt=whole["attempt"],
    )
