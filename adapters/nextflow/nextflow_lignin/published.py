"""What a run has published, and its outputs, from the lineage store or the links in the output folder."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nextflow_lignin.history import Launch
from nextflow_lignin.lineage import lid
from nextflow_lignin.sources import Known, option_of, params_of
from nextflow_lignin.tasks import path_of

__all__ = ["publish_lines"]

_Line = tuple[datetime, dict[str, Any]]
_SLACK = timedelta(seconds=2)
_FOLDERS = ("outdir", "output", "output_dir", "out_dir", "outputDir")
_MOST = 100_000


def publish_lines(known: Known, launch: Launch, *, run_key: str | None, work: Path, tasks: Sequence[_Line]) -> Iterator[_Line]:
    """The lines `publish` and `output` of a run."""
    if run_key is None:
        yield from _links(known, launch, work=work, tasks=tasks)
        return
    outputs = (known.lineage.run_outputs.get(run_key) or {}).get("output")
    values = [(str(o.get("name")), o.get("value")) for o in outputs if isinstance(o, dict)] if isinstance(outputs, list) else []
    for key, record in known.lineage.files_of(run_key):
        path, at = record.get("path"), _moment(record.get("modifiedAt")) or _moment(record.get("createdAt")) or launch.at
        if not isinstance(path, str):
            continue
        source = lid(record.get("source"))
        is_dir = Path(path).is_dir()
        yield at, {
            "type": "publish",
            "source": None if source is None or source == run_key else path_of(source, work, known),
            "target": path.removeprefix("file://"),
            "isDir": is_dir,
            "size": None if is_dir else record.get("size"),
            "mtime": None,
        }
        for name, value in values:
            if lid(value) == key and source == run_key:
                yield at, {"type": "output", "name": name, "index": path.removeprefix("file://"), "value": None}
    for name, value in values:
        yield launch.end or launch.at, {"type": "output", "name": name, "index": None, "value": _with_paths(value, known, run_key, work)}


def _with_paths(value: Any, known: Known, run_key: str, work: Path) -> Any:
    """A value with its references resolved; an index file is no file of the output itself."""
    if isinstance(value, list):
        return [_with_paths(inner, known, run_key, work) for inner in value]
    if isinstance(value, dict):
        return {str(name): _with_paths(inner, known, run_key, work) for name, inner in value.items()}
    key = lid(value)
    if key is None or lid((known.lineage.files.get(key) or {}).get("source")) == run_key:
        return value
    path = path_of(key, work, known)
    return value if path is None else {"$path": path}


def _links(known: Known, launch: Launch, *, work: Path, tasks: Sequence[_Line]) -> Iterator[_Line]:
    """Published files that are links into the work folders of the run's tasks; copies are found by their content."""
    folders = {line["workDir"] for _, line in tasks if line.get("workDir")}
    begin, end = (launch.at - _SLACK).timestamp(), None if launch.end is None else (launch.end + _SLACK).timestamp()
    count = 0
    for root in sorted(_roots(known, launch)):
        for base, inner, files in os.walk(root):
            for name in sorted([*inner, *files]):
                path = f"{base}/{name}"
                if not Path(path).is_symlink():
                    continue
                made = os.lstat(path).st_mtime
                target = os.path.normpath(os.path.join(base, Path(path).readlink()))  # noqa: PTH118
                if begin <= made and (end is None or made <= end) and any(target.startswith(f"{folder}/") for folder in _above(target, folders)):
                    at = datetime.fromtimestamp(made, launch.at.tzinfo)
                    yield at, {"type": "publish", "source": target, "target": path, "isDir": Path(path).is_dir(), "size": None, "mtime": None}
                    count += 1
            if count >= _MOST:
                return


def _above(path: str, folders: set[str]) -> list[str]:
    return [str(above) for above in Path(path).parents if str(above) in folders]


def _roots(known: Known, launch: Launch) -> set[str]:
    home = known.sources.launch
    params = params_of(launch.command)
    named = [option_of(launch.command, "-o", "-output-dir") or "results", *(str(params[name]) for name in _FOLDERS if name in params)]
    places = {home / name for name in named if "://" not in name}
    return {str(place) for place in places if place.is_dir() and not home.is_relative_to(place)}


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
