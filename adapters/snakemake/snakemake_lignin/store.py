"""What Snakemake keeps of the files that it made: `.snakemake/metadata`, one record for each output.

The store has the latest state of each output and no history: a record is overwritten when a job makes
its file again. The times are those of Snakemake's own marks on the file system.
"""

import base64
import binascii
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lignin.base.settings import host_name
from lignin.recording import FileRef, RefState, observe, to_uri

__all__ = ["Record", "output_ref", "read_records", "source_ref", "split_files"]

_STAMP = ".snakemake_timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the store has on one output.

    Attributes:
        output: as the rule names it, relative to the working folder; or a storage's address.
        rule: who made it.
        inputs: sorted; pipes as `<pipe>`.
        log: log files.
        shellcmd: the command, filled in.
        params: the texts of parameters, sorted, without names.
        code: the shell template or the text of the block; of a script, the directive only.
        conda_env: the environment file, base64.
        container: URL of the image.
        began: when the job was started, in seconds since 1970.
        ended: the output's own time.
        job: tells the jobs of one process apart.
    """

    output: str
    rule: str
    inputs: tuple[str, ...]
    log: tuple[str, ...]
    shellcmd: str | None
    params: tuple[str, ...]
    code: str | None
    conda_env: str | None
    container: str | None
    began: float
    ended: float
    job: int


def read_records(store: Path) -> dict[str, Record]:
    """All records by output; one that is just being written is left out.

    Args:
        store: the folder `.snakemake`.
    """
    return {record.output: record for record in _records(store / "metadata")}


def output_ref(record: Record, *, folder: Path, temporary: bool = False) -> FileRef:
    """The output as the job left it; `changed` or `missing`, without a content, where it is no longer that."""
    path = folder / record.output
    seen = observe(path, temporary=temporary)
    if seen.size is not None and record.ended in _times(path):
        return seen
    state = RefState.MISSING if seen.size is None else RefState.CHANGED
    return FileRef(uri=seen.uri, host=seen.host, mtime_ns=round(record.ended * 1_000_000) * 1000, state=state)


def source_ref(path: Path, *, before: float) -> FileRef:
    """A file that no job made, if it is older than `before`; else only its name is claimed."""
    seen = observe(path)
    if seen.size is None or (seen.mtime_ns or 0) <= before * 1_000_000_000:
        return seen
    return FileRef(uri=to_uri(Path(os.path.abspath(path))), host=host_name(), state=RefState.CHANGED)  # noqa: PTH100 - links stay as they are


def split_files(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """The names in one line of a log, where `, ` stands between names and may be part of one that is `known`."""
    names, pieces, found = set(known), text.split(", ") if text else [], []
    while pieces:
        length = next((n for n in range(len(pieces), 1, -1) if ", ".join(pieces[:n]) in names), 1)
        found.append(", ".join(pieces[:length]))
        pieces = pieces[length:]
    return tuple(found)


def _records(folder: Path) -> Iterator[Record]:
    for place, _, names in os.walk(folder):
        # A long name is cut over folders, each of which begins with an @.
        head = "".join(part.removeprefix("@") for part in Path(place).relative_to(folder).parts)
        for name in names:
            try:
                output = base64.urlsafe_b64decode(head + name).decode()
                fields = json.loads((Path(place) / name).read_text(encoding="utf-8"))
            except (OSError, ValueError, binascii.Error):
                continue
            if isinstance(fields, dict) and not fields.get("incomplete") and fields.get("rule") and fields.get("endtime"):
                yield _record(output, fields)


def _record(output: str, fields: Mapping[str, Any]) -> Record:
    return Record(
        output=output,
        rule=str(fields["rule"]),
        inputs=tuple(map(str, fields.get("input") or ())),
        log=tuple(map(str, fields.get("log") or ())),
        shellcmd=fields.get("shellcmd"),
        params=tuple(map(str, fields.get("params") or ())),
        code=fields.get("code"),
        conda_env=fields.get("conda_env"),
        container=fields.get("container_img_url"),
        began=float(fields.get("starttime") or fields["endtime"]),
        ended=float(fields["endtime"]),
        job=int(fields.get("job_hash") or 0),
    )


def _times(path: Path) -> set[float]:
    """The times that Snakemake may have taken for that of a file, a folder or a link."""
    found = set()
    for place in (path / _STAMP, path):
        for follow in (False, True):
            try:
                found.add(place.stat(follow_symlinks=follow).st_mtime)
            except OSError:
                continue
    return found
