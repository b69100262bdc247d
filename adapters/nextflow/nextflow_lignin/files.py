"""The files that a run has read and written, by what Nextflow says of them."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lignin.recording import RunKey
from nextflow_lignin.account import PipelineRun, TaskRun, hash_in_path, task_key
from nextflow_lignin.lines import Line, flag, items, moment, number, paths_in, plain, text

__all__ = ["Found", "files_of_pipeline", "files_of_task", "publications"]

_REMOTE = re.compile(r"(?:s3|gs|az|https?|ftp)://[^/\s]+/\S*[^/\s.]+\.\w+")
_LONGEST_PATH = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file or folder that a run is said to have read or written.

    Attributes:
        run: which.
        path: an absolute path of the machine that Nextflow ran on, or a URI.
        role: its name in the run.
        written: whether the run wrote it.
        by: the run was done with it then: what changed later is not what it had.
        size, mtime_ms: what a look at it said then.
        if_file: it is one only if there is such a file: a parameter's text.
    """

    run: RunKey
    path: str
    role: str
    written: bool
    by: datetime
    size: int | None = None
    mtime_ms: int | None = None
    if_file: bool = False


def files_of_task(run: PipelineRun, task: TaskRun, *, key: RunKey, with_outputs: bool) -> Iterator[Found]:
    """What a task has read and, unless its outputs are no data, written."""
    line = task.known
    by = moment(line) or run.last
    # Its inputs had to be as they were when it began.
    begun = moment(task.begun or task.submitted) or by
    staged = set()
    for given in items(line, "inputs"):
        if (name := text(given, "stageName")) is not None:
            staged.add(name)
        path = text(given, "source") or text(given, "path")
        if path is None or given.get("kind") == "text" or (not with_outputs and hash_in_path(path)):
            continue
        yield Found(run=key, path=path, role=_role(given), written=False, by=begun)
    if with_outputs and not flag(line, "failed") and not flag(line, "aborted"):
        folder = text(line, "workDir")
        for made in items(line, "outputs"):
            path = text(made, "path")
            # An input that is handed on as it is was not made here.
            if path is not None and _inside(path, folder) not in staged:
                yield Found(run=key, path=path, role=_role(made), written=True, by=by)


def publications(run: PipelineRun) -> Iterator[Found]:
    """What was published, as written by the task that made it, and the workflow's outputs."""
    indices = {text(line, "index"): text(line, "name") or "output" for line in run.outputs}
    makers = _makers(run)
    for line in run.publishes:
        target, source = text(line, "target"), text(line, "source")
        if target is None:
            continue
        by = moment(line) or run.last
        size = None if flag(line, "isDir") else number(line, "size")
        mtime_ms = None if flag(line, "isDir") else number(line, "mtime")
        maker = None if source is None else makers.get(source) or _maker_by_path(run, source)
        role = "published" if source is not None or target not in indices else f"{indices[target]} index"
        yield Found(run=maker or run.key, path=target, role=role, written=True, by=by, size=size, mtime_ms=mtime_ms)
    published = {text(line, "target"): line for line in run.publishes}
    for line in run.outputs:
        name = text(line, "name") or "output"
        for place in dict.fromkeys(paths_in(line.get("value"))):
            seen = published.get(place)
            by = moment(seen or line) or run.last
            is_whole = seen is not None and not flag(seen, "isDir")
            yield Found(
                run=run.key,
                path=place,
                role=name,
                written=hash_in_path(place) is not None or seen is not None,
                by=by,
                size=number(seen, "size") if seen and is_whole else None,
                mtime_ms=number(seen, "mtime") if seen and is_whole else None,
            )


def files_of_pipeline(run: PipelineRun) -> Iterator[Found]:
    """Parameters that are files."""
    params: Any = run.begin.get("params") or run.create.get("params")
    launch = text(run.create, "launchDir")
    for name, value in params.items() if isinstance(params, dict) else ():
        given = set(paths_in(value))
        for place in sorted(given):
            yield Found(run=run.key, path=place, role=str(name), written=False, by=run.started_at, if_file=True)
        for word in dict.fromkeys(_texts(plain(value))):
            if word in given:
                continue
            if _REMOTE.fullmatch(word):
                yield Found(run=run.key, path=word, role=str(name), written=False, by=run.started_at)
            elif (path := _local(word, launch)) is not None:
                yield Found(run=run.key, path=path, role=str(name), written=False, by=run.started_at, if_file=True)


def _makers(run: PipelineRun) -> dict[str, RunKey]:
    """Who has made each file that lies outside of the work folders: what a `storeDir` holds."""
    found: dict[str, RunKey] = {}
    for task in run.tasks.values():
        if task.final is not None:
            for made in items(task.final, "outputs"):
                if (path := text(made, "path")) is not None:
                    found.setdefault(path, task_key(run.key, task.id))
    return found


def _maker_by_path(run: PipelineRun, source: str) -> RunKey | None:
    task = run.task_of(source)
    return None if task is None else task_key(run.key, task.id)


def _role(line: Line) -> str:
    return text(line, "param") or ""


def _inside(path: str, folder: str | None) -> str | None:
    """The path within a folder, as an input's stage name is told."""
    return path.removeprefix(f"{folder}/") if folder and path.startswith(f"{folder}/") else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _local(word: str, launch: str | None) -> str | None:
    """A text as the path that it may be."""
    if not word or len(word) > _LONGEST_PATH or "\0" in word or "\n" in word or "://" in word or word in {".", ".."}:
        return None
    if word.startswith("/"):
        return posixpath.normpath(word)
    return posixpath.normpath(posixpath.join(launch, word)) if launch and launch.startswith("/") else None
