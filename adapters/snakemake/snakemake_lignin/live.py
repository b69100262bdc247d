"""Reads Snakemake's live objects into plain values.

Events carry display strings only; names, parameters, flags and code are in the objects. They are
read in the thread of Snakemake's logging while Snakemake goes on, so nothing here changes them.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from snakemake.exceptions import RuleException
from snakemake.script import get_source

from lignin.base.redact import redact_url
from lignin.recording import FileRef, file_code_key, observe, read_content, repository_of, to_uri
from snakemake_lignin.query import SCHEME
from snakemake_lignin.translate import CodeText, Sighting

__all__ = ["Jobs", "Rules", "find_jobs", "read_config", "read_doomed", "read_info", "read_inputs", "read_outputs", "read_params", "read_roles", "read_workflow_code", "script_of", "source_place"]

# Above this, a temporary file is hashed behind the others rather than at once.
_PROMPT_BYTES = 256 * 1024 * 1024


class Jobs:
    """Snakemake's jobs by number, and the folders that they write: its own list is searched once, not for each event."""

    def __init__(self, workflow: Any, *, folder: Path) -> None:
        self._workflow = workflow
        self._folder = folder
        self._known: dict[int, Any] = {}
        self._folders: set[Path] = set()
        self._seen: dict[Path, FileRef] = {}

    def find(self, number: int) -> Any | None:
        """The job of this number, or `None`. A checkpoint replaces jobs, so a stale hit is looked up anew."""
        dag = self._workflow.dag
        if dag is None:
            return None
        job = self._known.get(number)
        if job is None or job not in dag.jobs:
            jobs = _snapshot(dag)
            self._known |= {dag.jobid(each): each for each in jobs}
            self._folders.update(path for each in jobs for path in self._written_by(each))
        return self._known.get(number)

    def folder_around(self, path: Path) -> FileRef | None:
        """The folder that some job writes as one output and that `path` lies in, as it was when first asked for."""
        place = next((parent for parent in path.parents if parent in self._folders), None) if self._folders else None
        if place is None:
            return None
        if place not in self._seen:
            self._seen[place] = observe(place)
        return self._seen[place]

    def note_finished(self, job: Any) -> None:
        """A job wrote its folders anew, so they are to be looked at again."""
        for path in self._written_by(job):
            self._seen.pop(path, None)

    def _written_by(self, job: Any) -> Iterator[Path]:
        return (_absolute(path, self._folder) for path in job.output if "directory" in getattr(path, "flags", {}))


def find_jobs(workflow: Any, numbers: Iterable[int]) -> dict[int, Any]:
    """The jobs of these numbers that the graph knows."""
    dag, wanted = workflow.dag, set(numbers)
    return {} if dag is None else {number: job for job in _snapshot(dag) if (number := dag.jobid(job)) in wanted}


class Rules:
    """The code of rules, read once each."""

    def __init__(self, workflow: Any) -> None:
        self._workflow = workflow
        self._known: dict[tuple[str, str], CodeText] = {}

    def code(self, job: Any) -> CodeText:
        """The code of a job's rule; a script's path and an environment's may depend on wildcards."""
        rule = job.rule
        environment = "\n".join(_environment(job)).strip()
        place = (rule.name, f"{_path_of(rule, job)}\n{environment}")
        if place not in self._known:
            self._known[place] = self._read(job, environment)
        return self._known[place]

    def _read(self, job: Any, environment: str) -> CodeText:
        rule = job.rule
        key, reference, version = _place_of(str(rule.snakefile))
        container = rule.container_img if isinstance(rule.container_img, str) else ""
        return CodeText(
            key=f"{key}::{rule.name}",
            text=self._text(job),
            more=tuple(text for text in (environment, container, str(rule.env_modules or "")) if text),
            reference=reference,
            version=version,
            description=(rule.docstring or "").strip() or None,
        )

    def _text(self, job: Any) -> str:
        rule = job.rule
        script = rule.script or rule.notebook
        if script is not None:
            basedir = None if rule.basedir is None else rule.basedir.get_path_or_uri(secret_free=True)
            _, source, *_ = get_source(script, self._workflow.sourcecache, basedir, job.wildcards, job.params)
            return str(source)
        if rule.shellcmd is not None:
            return str(rule.shellcmd)
        if rule.wrapper or rule.cwl or rule.template_engine:
            return redact_url(str(rule.wrapper or rule.cwl or rule.template_engine))
        return str(rule.run_func_src or "") if job.is_run else ""


def read_workflow_code(workflow: Any) -> CodeText:
    """The main Snakefile, with all that it includes."""
    texts = []
    for file in list(workflow.included):
        with workflow.sourcecache.open(file) as stream:
            texts.append(stream.read())
    main = next(iter(workflow.included)).get_path_or_uri(secret_free=True)
    key, reference, version = _place_of(main)
    return CodeText(key=key, text=texts[0], more=tuple(texts[1:]), reference=reference, version=version)


def read_config(workflow: Any) -> dict[str, Any]:
    """The configuration's values as the workflow sees them, overrides included."""
    return {str(name): value for name, value in dict(workflow.config).items()}


def read_params(job: Any) -> dict[str, Any]:
    """A job's parameters: by name, unnamed ones by position."""
    return {role or str(position): value for position, (role, value) in enumerate(_items(job.params))}


def read_roles(paths: Any) -> dict[str, str]:
    """Each path of a job's input or output, storage addresses as such, with its name or an empty one."""
    return {str(path.storage_object.query) if getattr(path, "is_storage", False) else str(path): role for role, path in _paths(paths)}


def read_info(job: Any) -> dict[str, Any]:
    """What else Snakemake knows of a job; absent facts are `None`."""
    return {
        "wildcards": dict(job.wildcards_dict),
        "threads": job.threads,
        "resources": {name: _plain(value) for name, value in job.resources.items() if not name.startswith("_")},
        "group": job.group,
        "log": [str(path) for path in job.log],
        "benchmark": str(job.benchmark) if job.benchmark else None,
        "shellcmd": _shellcmd(job),
        "container": job.rule.container_img if isinstance(job.rule.container_img, str) else None,
        "conda_env": _environment(job)[0] or None,
        "checkpoint": True if job.is_checkpoint else None,
    }


def read_inputs(job: Any, *, folder: Path, jobs: Jobs) -> tuple[Sighting, ...]:
    """The files that a job reads, as they are now.

    A file inside a folder that another job writes as a whole has no job of its own, so that folder
    is an input as well.
    """
    dag = job.dag
    # Flags stand at the outputs only, so the jobs that make the inputs are asked.
    made = [path for producer in list(dag.dependencies.get(job, ())) for path in producer.output]
    found = dict.fromkeys(_read_files(job.input, made=made, dag=dag, folder=folder, written=False))
    around = ((jobs.folder_around(_absolute(path, folder)), role) for role, path in _paths(job.input) if not getattr(path, "is_storage", False))
    return *found, *dict.fromkeys(Sighting(ref=ref, role=role) for ref, role in around if ref is not None)


def read_outputs(job: Any, *, folder: Path) -> tuple[Sighting, ...]:
    """The files that a job wrote, as they are now."""
    return tuple(_read_files(job.output, made=job.output, dag=job.dag, folder=folder, written=True))


def read_doomed(job: Any, *, folder: Path) -> tuple[Sighting, ...]:
    """The files that a job wrote and that Snakemake is about to delete, with their contents."""
    return tuple(replace(s, ref=read_content(s.ref) if (s.ref.size or 0) <= _PROMPT_BYTES else s.ref) for s in read_outputs(job, folder=folder))


def _read_files(paths: Any, *, made: Iterable[Any], dag: Any, folder: Path, written: bool) -> Iterator[Sighting]:
    """Each file of a job's input or output under its name; pipes and services are no files."""
    flagged = [path for path in made if getattr(path, "flags", None)]
    streams = {str(path) for path in flagged if "pipe" in path.flags or "service" in path.flags}
    temporary = {str(path) for path in flagged if _is_temporary(path, dag)}
    for role, path in _paths(paths):
        if _is_artifact(path):
            # Its local copy is nothing of its own: producer and consumer meet at the version in the registry.
            ref = path.storage_object.reference(written=written)
            if ref is not None:
                yield Sighting(ref=ref, role=role)
        elif str(path) not in streams:
            yield Sighting(ref=_look(path, folder, is_temporary=str(path) in temporary), role=role)


def _is_artifact(path: Any) -> bool:
    """Whether our own storage plug-in brings or saves it."""
    return getattr(path, "is_storage", False) and str(path.storage_object.query).startswith(SCHEME)


def _paths(paths: Any) -> Iterator[tuple[str, Any]]:
    """Each path of a job's input or output with its name, or an empty one."""
    for role, value in _items(paths):
        for path in [value] if isinstance(value, str) else value:
            yield role or "", path


def _look(path: Any, folder: Path, *, is_temporary: bool) -> FileRef:
    local = folder / str(path)
    if not getattr(path, "is_storage", False):
        seen = observe(local, temporary=is_temporary)
        # Snakemake deletes it soon after, so its content is read before anything else.
        return read_content(seen) if is_temporary and (seen.size or 0) <= _PROMPT_BYTES else seen
    query = str(path.storage_object.query)
    if "://" not in query and (folder / query).exists():
        return observe(folder / query, temporary=is_temporary)
    uri = redact_url(query) if "://" in query else f"{path.storage_object.provider.name}://{query.lstrip('/')}"
    # The engine's own copy tells size and content of what it fetched or sent; its path means nothing.
    copy = observe(local)
    content = read_content(copy) if copy.size is not None and copy.size <= _PROMPT_BYTES else copy
    return FileRef(uri=uri, size=content.size, content_id=content.content_id, n_files=content.n_files)


def _absolute(path: Any, folder: Path) -> Path:
    return Path(os.path.abspath(folder / str(path)))  # noqa: PTH100 - resolve() would follow links


def _items(named: Any) -> Iterator[tuple[str | None, Any]]:
    """Each item of a list of Snakemake's with its name, or its slice of the list where a name has several."""
    ranges = {start: (name, end) for name, (start, end) in named._get_names()}
    position = 0
    while position < len(named):
        name, end = ranges.get(position, (None, None))
        yield name, named[position] if end is None else list(named[position:end])
        position = position + 1 if end is None else max(end, position + 1)


def _is_temporary(path: Any, dag: Any) -> bool:
    return "temp" in path.flags and not dag.workflow.storage_settings.notemp and path not in dag.targetfiles


def _snapshot(dag: Any) -> list[Any]:
    """All jobs at one moment; a checkpoint may be changing the graph, so a failed look is repeated."""
    for _ in range(100):
        try:
            return list(dag.jobs)
        except RuntimeError:
            continue
    return []


def _place_of(snakefile: str) -> tuple[str, str | None, str | None]:
    """Key, reference and version of a Snakefile, which may lie on this disk or elsewhere."""
    if "://" in snakefile:
        base, _, name = redact_url(snakefile).rpartition("/")
        return name or snakefile, base or None, None
    path = Path(snakefile).absolute()
    repository = repository_of(path.parent)
    if repository is None:
        return file_code_key(path), to_uri(path.parent), None
    return file_code_key(path), repository.url or to_uri(repository.folder), repository.version


def script_of(rule: Any) -> str:
    """Where a rule's script or notebook lies, its wildcards as they are; empty for a rule of another kind."""
    script = rule.script or rule.notebook
    return "" if script is None else source_place(script)


def source_place(source: Any) -> str:
    """Where a source file of a workflow lies; one beside the Snakefile may be a plain text."""
    return str(source.get_path_or_uri(secret_free=True) if hasattr(source, "get_path_or_uri") else source)


def _path_of(rule: Any, job: Any) -> str:
    text = script_of(rule)
    return f"{text}\n{job.wildcards}" if "{" in text else text


def _environment(job: Any) -> tuple[str, str]:
    """Name and text of a job's conda environment; the text is empty where it is not a file on this disk."""
    spec = job.conda_env_spec
    if spec is None:
        return "", ""
    found = next((getattr(spec, name) for name in ("file", "path", "name") if getattr(spec, name, None)), spec)
    name = source_place(found)
    path = Path(name)
    text = path.read_text(encoding="utf-8", errors="replace") if "://" not in name and path.is_file() else ""
    return redact_url(name), text


def _shellcmd(job: Any) -> Any:
    """A job's command; `None` where its template names what there is not, for which the job fails."""
    try:
        return job.shellcmd
    except RuleException:
        return None


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str | bool) or value is None else str(value)

