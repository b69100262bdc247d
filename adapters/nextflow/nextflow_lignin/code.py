"""Which code a run executes: the pipeline, and the process of a task."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lignin.base.redact import redact_url
from lignin.recording import Code, hash_source, stored_source, to_uri
from nextflow_lignin.account import PipelineRun
from nextflow_lignin.lines import Line, items, text

__all__ = ["Bases", "pipeline_code", "task_code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bases:
    """What was read where the scripts lie.

    Attributes:
        url: of the repository that a local project is checked out from.
        prefix: path of the project's folder in that repository.
        commit: what is checked out there, if the scripts are those of it.
        main: the main script's text.
        names: by full name, what a process is called where it is defined: aliases share it.
    """

    url: str | None = None
    prefix: str = ""
    commit: str | None = None
    main: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)


def pipeline_code(run: PipelineRun, bases: Bases) -> Code | None:
    """The pipeline: by repository and main script; a version of it by commit, or by all sources that were loaded."""
    script, commit = text(run.create, "scriptFile"), text(run.create, "commitId")
    if script is None:
        return None
    sources = _sources(run)
    if text(run.create, "repository") and commit:
        version = hash_source("commit", commit)
    elif sources:
        version = hash_source(*sources)
    else:
        version = hash_source("script", text(run.create, "scriptId") or script)
    return Code(
        kind="workflow",
        key=posixpath.join(bases.prefix, _within(run, script)),
        hash=version,
        source=stored_source(bases.main) if bases.main else None,
        reference=_reference(run, bases),
        version=commit or bases.commit,
        description=None,
    )


def task_code(run: PipelineRun, process: str, line: Line, bases: Bases) -> Code | None:
    """The process of a task: by the module that defines it; a version of it by its source."""
    told = run.processes.get(process, {})
    source_hash = text(line, "sourceSha256") or text(told, "sourceSha256")
    module = text(told, "script") or text(run.create, "scriptFile")
    if source_hash is None or module is None:
        return None
    name = bases.names.get(process) or process.rpartition(":")[2]
    source = run.sources.get(source_hash)
    return Code(
        kind="task",
        key=f"{posixpath.join(bases.prefix, _within(run, module))}::{name}",
        hash=source_hash,
        source=stored_source(source) if source else None,
        reference=_reference(run, bases),
    )


def _sources(run: PipelineRun) -> list[str]:
    """All sources that were loaded, by path and content."""
    listed = {
        f"{_within(run, path)} {text(source, 'sha256') or ''}"
        for kind in ("scripts", "bin", "lib", "templates")
        for source in items(run.begin, kind)
        if (path := text(source, "path")) is not None
    }
    return sorted(listed)


def _within(run: PipelineRun, path: str) -> str:
    """A script's path in its project, or its whole path."""
    folder = text(run.create, "projectDir")
    if folder and PurePosixPath(path).is_relative_to(folder):
        return PurePosixPath(path).relative_to(folder).as_posix()
    return path


def _reference(run: PipelineRun, bases: Bases) -> str | None:
    repository, folder = text(run.create, "repository"), text(run.create, "projectDir")
    if repository:
        return to_uri(Path(repository)) if repository.startswith("/") else redact_url(repository)
    if bases.url:
        return redact_url(bases.url)
    return to_uri(Path(folder)) if folder and folder.startswith("/") else folder
