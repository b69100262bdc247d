"""What the plug-in would have written of a run, made from what Nextflow left behind."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lignin.base.clock import to_iso
from lignin.recording import repository_of
from nextflow_lignin.history import Launch
from nextflow_lignin.lineage import Record
from nextflow_lignin.processes import module_at, process_lines
from nextflow_lignin.published import publish_lines
from nextflow_lignin.sources import Known, option_of, params_of, words_of
from nextflow_lignin.spools import nextflow_home
from nextflow_lignin.tasks import task_lines

__all__ = ["lines_of_launch"]

# Beyond all lines of a plug-in, which are believed first.
_FIRST_SEQ = 1_000_000_000
_COMMIT = re.compile(r"[0-9a-f]{40}")
_INCLUDE = re.compile(r"""^\s*include\b[^\n;]*?(?:\{[^}]*\})?\s*from\s*\(?\s*['"](\.{1,2}/[^'"\n]+)['"]""", re.MULTILINE)
_SLACK = timedelta(seconds=2)
_MOST_FILES = 1000


def lines_of_launch(known: Known, launch: Launch) -> Iterator[dict[str, Any]]:
    """The lines of one run."""
    frame = {"schema": 1, "run": {"sessionId": launch.session, "runName": launch.name, "startedAt": to_iso(launch.at)}, "imported": True}
    key = known.lineage.run_key(launch.session, launch.name)
    record = known.lineage.runs.get(key or "", {})
    create = _create(known, launch, record)
    parts: list[tuple[datetime, dict[str, Any]]] = [(launch.at, create)]
    tasks = list(task_lines(known, launch, run_key=key, work=Path(create["workDir"])))
    if record or tasks or launch.status == "OK":
        begin = _begin(launch, record, create)
        parts.append((launch.at, begin))
        parts += [(launch.at, line) for line in process_lines(begin["scripts"], (str(line["process"]) for _, line in tasks))]
    parts += tasks
    parts += publish_lines(known, launch, run_key=key, work=Path(create["workDir"]), tasks=tasks)
    if launch.status in {"OK", "ERR"}:
        end = launch.end or launch.at
        parts.append((end, {"type": "run.complete", "success": launch.status == "OK", "exit": None, "completedAt": to_iso(end)}))
    elif launch.status == "?":
        # Only the lineage store knows it, which has no ends: what it has written last is as late as can be said.
        last = max(at for at, _ in parts)
        parts.append((last, {"type": "run.complete", "success": not any(line.get("failed") for _, line in tasks), "exit": None, "completedAt": to_iso(last)}))
    for number, (at, line) in enumerate(parts):
        yield {**frame, "seq": _FIRST_SEQ + number, "t": to_iso(at), **line}


def _create(known: Known, launch: Launch, record: Record) -> dict[str, Any]:
    words = words_of(launch.command)
    config = record.get("config") if isinstance(record.get("config"), dict) else {}
    assert config is not None
    home = known.sources.launch
    work = option_of(launch.command, "-w", "-work-dir") or config.get("workDir")
    output = option_of(launch.command, "-o", "-output-dir") or config.get("outputDir") or "results"
    profile = option_of(launch.command, "-profile")
    return {
        "type": "run.create",
        "commandLine": launch.command or None,
        "launchDir": str(home),
        "workDir": str(known.sources.work or home / "work") if not isinstance(work, str) else str(home / work),
        "outputDir": str(home / str(output)) if "://" not in str(output) else str(output),
        "scriptId": launch.revision if launch.revision and not _COMMIT.fullmatch(launch.revision) else None,
        "revision": option_of(launch.command, "-r", "-revision"),
        "profile": profile or None,
        "resume": "-resume" in words,
        "stub": bool({"-stub", "-stub-run"} & set(words)),
        "preview": "-preview" in words,
        "nextflow": {},
        "host": None,
        "configFiles": [],
        **_project(known, launch, record),
    }


def _project(known: Known, launch: Launch, record: Record) -> dict[str, Any]:
    """Where the scripts lie, and which repository they are of."""
    home = known.sources.launch
    workflow = record.get("workflow") if isinstance(record.get("workflow"), dict) else {}
    assert workflow is not None
    scripts = [path for path, _ in _script_files(workflow)]
    named = _pipeline_word(launch.command)
    commit = workflow.get("commitId") or (launch.revision if launch.revision and _COMMIT.fullmatch(launch.revision) else None)
    repository = workflow.get("repository")
    folder = script = None
    if named is not None and (home / named).is_dir():
        folder = home / named
    elif named is not None and (home / named).is_file():
        script, folder = home / named, (home / named).parent
    elif named is not None and (commit or repository):
        assets = nextflow_home() / "assets" / _asset_name(named)
        folder = assets
        url = found.url if assets.is_dir() and (found := repository_of(assets)) else None
        repository = repository or _plain_url(url or named)
    main = script or (Path(scripts[0]) if scripts else folder / "main.nf" if folder else None)
    folder = folder or (main.parent if main else None)
    return {
        "scriptFile": str(main) if main else None,
        "projectDir": str(folder) if folder else None,
        "scriptName": main.name if main else None,
        "projectName": named if repository else main.name if main else None,
        "repository": repository,
        "commitId": commit if repository else None,
    }


def _begin(launch: Launch, record: Record, create: Mapping[str, Any]) -> dict[str, Any]:
    params = {str(p.get("name")): p.get("value") for p in record.get("params") or [] if isinstance(p, dict)}
    workflow = record.get("workflow")
    listed = list(_script_files(workflow if isinstance(workflow, dict) else {}))
    if not listed and create["scriptFile"] and not create["repository"]:
        listed = [(str(path), None) for path in _included(Path(create["scriptFile"]))]
    project = Path(create["projectDir"]) if create["projectDir"] else None
    folders = {kind: _folder_files(project / kind, launch) if project and not create["repository"] else [] for kind in ("bin", "lib", "templates")}
    return {
        "type": "run.begin",
        "params": params or dict(params_of(launch.command)),
        "scripts": [{"path": path, "sha256": _sha256(Path(path), launch) or (f"nextflow {checksum}" if checksum else launch.revision)} for path, checksum in listed],
        **folders,
    }


def _script_files(workflow: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """The path and Nextflow's checksum of each script, the main one first."""
    for file in workflow.get("scriptFiles") or []:
        if isinstance(file, dict) and isinstance(file.get("path"), str):
            checksum = file.get("checksum")
            yield file["path"].removeprefix("file://"), str(checksum["value"]) if isinstance(checksum, dict) and checksum.get("value") else None


def _included(main: Path) -> list[Path]:
    """The main script, and those that it includes, directly or through others, by relative paths."""
    found, waiting = [main], [main]
    while waiting:
        script = waiting.pop()
        try:
            text = script.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for named in _INCLUDE.findall(text):
            path = module_at(script, named)
            if path is not None and path not in found:
                found.append(path)
                waiting.append(path)
    return found


def _folder_files(folder: Path, launch: Launch) -> list[dict[str, Any]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()][:_MOST_FILES] if folder.is_dir() else []
    return [{"path": str(path), "sha256": _sha256(path, launch)} for path in files]


def _sha256(path: Path, launch: Launch) -> str | None:
    """The hash of a file that has not changed since the run began."""
    try:
        if path.stat().st_mtime > (launch.at + _SLACK).timestamp():
            return None
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _pipeline_word(command: str) -> str | None:
    """What is run: the first word after `run` that is no option and no option's value."""
    words = words_of(command)
    if "run" not in words:
        return None
    before = ""
    for word in words[words.index("run") + 1 :]:
        if not word.startswith("-") and not (before.startswith("-") and before not in {"-resume", "-stub", "-stub-run", "-preview", "-latest", "-with-trace", "-bg", "-ansi-log"}):
            return word
        before = word
    return None


def _asset_name(named: str) -> str:
    """The folder of a downloaded project below `assets`."""
    bare = named.removeprefix("file:").rstrip("/").removesuffix(".git")
    if "://" in bare:
        return "/".join(bare.split("/")[-2:])
    return f"local/{bare.rpartition('/')[2]}" if bare.startswith("/") else bare


def _plain_url(url: str) -> str:
    return url.removeprefix("file://").removeprefix("file:").removesuffix(".git")
