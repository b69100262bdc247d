"""The tasks of a run from trace, lineage store and work folders, in the words of the plug-in."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nextflow_lignin.history import Launch
from nextflow_lignin.lineage import Record, lid
from nextflow_lignin.sources import Known
from nextflow_lignin.trace import Row
from nextflow_lignin.work import WorkFolder, read_work_folder, work_folders

__all__ = ["path_of", "task_lines"]

_SLACK = timedelta(seconds=2)
_ENDS = {"COMPLETED", "FAILED", "ABORTED", "CACHED"}


def task_lines(known: Known, launch: Launch, *, run_key: str | None, work: Path) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Two lines for each task: when it began, and how it ended."""
    rows = _rows_by_hash(known, launch, work)
    hashes = dict.fromkeys(rows)
    if run_key is not None:
        hashes |= dict.fromkeys(key for key, task in known.lineage.tasks.items() if lid(task.get("workflowRun")) == run_key)
    if not hashes:
        hashes = dict.fromkeys(_in_window(known, launch, work))
    for own in hashes:
        yield from _lines(known, launch, own=own, row=rows.get(own), work=work)


def path_of(key: str, work: Path, known: Known) -> str | None:
    """The path of a file in the lineage store, by its key."""
    record = known.lineage.files.get(key)
    if record is not None and isinstance(record.get("path"), str):
        return str(record["path"]).removeprefix("file://")
    owner, _, inner = key.partition("/")
    return f"{_folder(work, owner)}/{inner}" if len(owner) == 32 and inner else None


def _folder(work: Path, own: str) -> Path:
    return work / own[:2] / own[2:]


def _rows_by_hash(known: Known, launch: Launch, work: Path) -> dict[str, Row]:
    """The rows of the run's trace by whole hash: of the row itself, the store, or the work folder's name."""
    found: dict[str, Row] = {}
    for row in known.rows.get((launch.session, launch.name), []):
        short = row.hash.replace("/", "")
        whole = "".join(row.work_dir.rstrip("/").split("/")[-2:]) if row.work_dir else None
        if whole is None or len(whole) != 32:
            told = {key for key in (*known.lineage.tasks, *known.hashes) if key.startswith(short)}
            wanted = list(told) or [own for own, _ in work_folders(work, short)]
            whole = wanted[0] if len(wanted) == 1 else short
        found[whole] = row
    return found


def _in_window(known: Known, launch: Launch, work: Path) -> Iterator[str]:
    """The tasks whose work folders say that they began while the run went on."""
    following = known.next_of(launch)
    end = launch.end or (following.at if following else None)
    for own, folder in work_folders(work):
        begun = (folder / ".command.begin") if (folder / ".command.begin").exists() else folder / ".command.run"
        if begun.exists():
            at = begun.stat().st_mtime
            if launch.at.timestamp() - 1 <= at and (end is None or at <= end.timestamp() + 1):
                yield own


def _lines(known: Known, launch: Launch, *, own: str, row: Row | None, work: Path) -> Iterator[tuple[datetime, dict[str, Any]]]:
    record = known.lineage.tasks.get(own)
    folder = read_work_folder(_folder(work, own)) if len(own) == 32 else None
    times = row.times if row else {}
    state = "cached" if row and row.status == "CACHED" else "complete"
    output = known.lineage.task_outputs.get(own, {})
    begun = times.get("start") or times.get("submit") or (folder.begun if folder else None) or launch.at
    ended = times.get("complete") or (folder.ended if folder else None) or _moment(output.get("createdAt")) or begun
    if state == "cached":
        begun = ended = launch.at
    brief = _brief(own, row, record, folder, work)
    yield begun, {"type": "task", "state": "submit", **brief}
    has_end = (row is not None and row.status in _ENDS) or (folder is not None and folder.exit is not None) or (row is None and bool(output))
    if has_end:
        yield max(begun, ended), {"type": "task", "state": state, **brief, **_rest(known, own, row=row, record=record, folder=folder, work=work)}


def _brief(own: str, row: Row | None, record: Record | None, folder: WorkFolder | None, work: Path) -> dict[str, Any]:
    name = (row.name if row else None) or (str(record["name"]) if record and record.get("name") else None) or (folder.name if folder else None) or own
    process, _, rest = name.partition(" (")
    return {
        "taskId": row.task_id if row else None,
        "index": None,
        "process": row.process if row and row.process else process,
        "name": name,
        "hash": own,
        "workDir": str(_folder(work, own)) if len(own) == 32 else None,
        "tag": row.tag if row and row.tag else rest.removesuffix(")") if rest and not rest.removesuffix(")").isdecimal() else None,
        "attempt": row.attempt if row and row.attempt else 1,
        "status": row.status if row else None,
    }


def _rest(known: Known, own: str, *, row: Row | None, record: Record | None, folder: WorkFolder | None, work: Path) -> dict[str, Any]:
    code = row.exit if row and row.exit is not None else folder.exit if folder else None
    has_output = bool((known.lineage.task_outputs.get(own) or {}).get("output"))
    failed = row.status == "FAILED" if row else bool(code)
    trace: dict[str, Any] = {**(folder.metrics if folder else {}), **(row.numbers if row else {})}
    trace |= {name: int(at.timestamp() * 1000) for name, at in (row.times if row else {}).items()}
    return {
        "exit": code,
        "failed": failed,
        "aborted": row is not None and row.status == "ABORTED",
        "errorAction": row.error_action if row else None,
        "container": (record or {}).get("container") or (row.container if row else None),
        "conda": (record or {}).get("conda"),
        "script": (record or {}).get("script") or (folder.script if folder else None),
        "sourceSha256": None,
        "inputs": list(_inputs(known, record, folder, work)),
        "values": [{"param": p.get("name"), "position": n, "value": p.get("value")} for n, p in enumerate(_params(record)) if p.get("type") != "path"],
        "outputs": list(_outputs(known, own, folder, work)) if has_output or not failed else [],
        "trace": trace,
        "error": {"message": None, "stderr": folder.stderr if folder else None} if failed else None,
    }


def _params(record: Record | None) -> list[Record]:
    given = (record or {}).get("input")
    return [p for p in given if isinstance(p, dict)] if isinstance(given, list) else []


def _inputs(known: Known, record: Record | None, folder: WorkFolder | None, work: Path) -> Iterator[dict[str, Any]]:
    if record is None:
        for stage, target in folder.inputs if folder else ():
            yield {"param": None, "stageName": stage, "source": target, "path": target, "kind": "file"}
        return
    for param in _params(record):
        if param.get("type") == "path":
            value = param.get("value")
            for file in value if isinstance(value, list) else [value]:
                path = file.get("path") if isinstance(file, dict) else path_of(key, work, known) if (key := lid(file)) else None
                if isinstance(path, str):
                    yield {"param": param.get("name"), "stageName": None, "source": path.removeprefix("file://"), "kind": "file"}


def _outputs(known: Known, own: str, folder: WorkFolder | None, work: Path) -> Iterator[dict[str, Any]]:
    listed = (known.lineage.task_outputs.get(own) or {}).get("output")
    names: dict[str, Any] = {}
    for output in listed if isinstance(listed, list) else ():
        value = output.get("value") if isinstance(output, dict) else None
        for one in value if isinstance(value, list) else [value]:
            if (key := lid(one)) is not None:
                names[key] = output.get("name")
    keys = dict.fromkeys([*(key for key, _ in known.lineage.files_of(own)), *names])
    if keys:
        for key in keys:
            if (path := path_of(key, work, known)) is not None:
                yield {"param": names.get(key), "path": path, "kind": "file"}
    elif folder is not None:
        for path in folder.outputs:
            yield {"param": None, "path": path, "kind": "file"}


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
