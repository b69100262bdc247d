"""A look at the scripts of a pipeline where they lie: repository, commit, and the names of processes."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lignin.base.redact import redact_url
from lignin.recording import repository_of, to_uri
from nextflow_lignin.account import PipelineRun
from nextflow_lignin.code import Bases
from nextflow_lignin.journal import Journal
from nextflow_lignin.lines import items, text

__all__ = ["look_at_scripts"]

_PROCESS = re.compile(r"^\s*process\s+(?:'|\")?(\w+)", re.MULTILINE)


def look_at_scripts(run: PipelineRun, *, journal: Journal, is_here: bool) -> Bases:
    """What can be read of a run's code, as far as the scripts are still those that ran; the same whenever it is asked."""
    noted = journal.get("bases")
    if noted is not None and (noted["names"].keys() >= run.processes.keys()):
        return _bases(noted)
    told = _look(run) if is_here else {"url": None, "prefix": "", "commit": None, "main": None, "names": {}}
    if noted is not None:
        # A process that came later; all else stays as it was told.
        told = {**noted, "names": {**told["names"], **noted["names"]}}
    for name in run.processes:
        told["names"].setdefault(name, name.rpartition(":")[2])
    if run.begin:
        journal.note("bases", told)
    return _bases(told)


def _bases(told: dict[str, Any]) -> Bases:
    return Bases(url=told["url"], prefix=told["prefix"], commit=told["commit"], main=told["main"], names=told["names"])


def _look(run: PipelineRun) -> dict[str, Any]:
    texts = dict(_unchanged(run))
    main, folder = text(run.create, "scriptFile"), text(run.create, "projectDir")
    found: dict[str, Any] = {"url": None, "prefix": "", "commit": None, "main": texts.get(main or ""), "names": dict(_names(run, texts))}
    if folder is None or not folder.startswith("/") or text(run.create, "repository"):
        return found
    repository = repository_of(Path(folder))
    if repository is not None and Path(folder).is_relative_to(repository.folder):
        prefix = Path(folder).relative_to(repository.folder).as_posix()
        found["url"] = redact_url(repository.url) if repository.url else to_uri(repository.folder)
        found["prefix"] = "" if prefix == "." else prefix
        is_whole = run.begin and len(texts) == sum(1 for _ in items(run.begin, "scripts"))
        found["commit"] = repository.version if is_whole and _stood_still(repository.folder, run) else None
    return found


def _stood_still(folder: Path, run: PipelineRun) -> bool:
    """Whether what is checked out now was so when the run began: git logs each move."""
    try:
        moved = (folder / ".git" / "logs" / "HEAD").stat().st_mtime
    except OSError:
        return False
    return moved <= run.started_at.timestamp()


def _unchanged(run: PipelineRun) -> Iterator[tuple[str, str]]:
    """The texts of those scripts that are still the ones that were loaded."""
    for source in items(run.begin, "scripts"):
        path, sha = text(source, "path"), text(source, "sha256")
        if path is None or sha is None or not path.startswith("/"):
            continue
        try:
            data = Path(path).read_bytes()
        except (OSError, ValueError):
            continue
        if hashlib.sha256(data).hexdigest() == sha:
            yield path, data.decode(errors="replace")


def _names(run: PipelineRun, texts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What each process is called where it is defined: the word `process` that stands nearest above its source."""
    for full, line in run.processes.items():
        script = texts.get(text(line, "script") or "")
        source = run.sources.get(text(line, "sourceSha256") or "")
        if script is None or source is None:
            continue
        defined = list(_PROCESS.finditer(script))
        own = full.rpartition(":")[2]
        places = _places(script, source.strip())
        above = {max((d for d in defined if d.start() < place), key=lambda d: d.start(), default=None) for place in places}
        names = {d[1] for d in above if d is not None}
        # Two processes of the same source: only its own name tells them apart.
        yield full, own if own in names or len(names) != 1 else names.pop()


def _places(script: str, source: str) -> Iterator[int]:
    place = script.find(source) if source else -1
    while place >= 0:
        yield place
        place = script.find(source, place + 1)
