"""From what Nextflow says of a run to events: pure, without a look at any file.

What a run has read and written comes out as `Found`: where, and what must hold for its bytes to be
the run's. `sight` looks at the files and makes claims of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lignin.base.redact import redact_text
from lignin.recording import (
    Ended,
    RunKey,
    RunStatus,
    Started,
    encode_params,
    stored_source,
)
from nextflow_lignin.account import PipelineRun, TaskRun, task_key
from nextflow_lignin.code import Bases, pipeline_code, task_code
from nextflow_lignin.files import Found, files_of_pipeline, files_of_task, publications
from nextflow_lignin.lines import Line, flag, items, moment, number, plain, section, text

__all__ = ["Closing", "Context", "Told", "translate"]

Told = Started | Found | Ended

# Who knows more tells a start later, so that it counts whenever it is told: an import from Nextflow's stores,
# a run that is under way, one that is over.
_IMPORTED, _UNDER_WAY, _WHOLE = (timedelta(microseconds=n) for n in (-2, 0, 2))
_MAX_ERROR = 8192
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TASK_FACTS = ("tag", "hash", "container", "conda", "executor", "queue", "cpus", "memory", "disk", "time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The end of a run that Nextflow did not tell.

    Attributes:
        at: when it must have ended by.
        code: Nextflow's exit code, where a wrapper has seen it.
    """

    at: datetime
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known from elsewhere.

    Attributes:
        origins: by hash, the runs of tasks that earlier runs of the session have computed.
        bases: what was read in the scripts.
        closing: the end, where the process is gone without a word.
        parent: the run that started Nextflow.
        resumed_from: the name of the session's latest earlier run.
    """

    origins: Mapping[str, RunKey] = field(default_factory=dict)
    bases: Bases = field(default_factory=Bases)
    closing: Closing | None = None
    parent: RunKey | None = None
    resumed_from: str | None = None


def translate(run: PipelineRun, context: Context | None = None) -> Iterator[Told]:
    """All that is known of a run: the pipeline's, and one for each attempt of a task."""
    known = context or Context()
    is_over = run.has_ended or known.closing is not None
    yield _start_pipeline(run, known, is_over=is_over)
    for task in run.tasks.values():
        yield from _tell_task(run, task, known, is_over=is_over)
    if not is_stub(run):
        yield from files_of_pipeline(run)
        yield from publications(run)
    if is_over:
        yield _end_pipeline(run, known.closing)


def is_stub(run: PipelineRun) -> bool:
    """Whether only stubs ran, or nothing: no file of such a run is data."""
    return flag(run.create, "stub") or flag(run.create, "preview")


def _start_pipeline(run: PipelineRun, known: Context, *, is_over: bool) -> Started:
    create, begin = run.create, run.begin
    version = section(create, "nextflow")
    facts = {
        "session": run.session_id,
        "resumed_from": known.resumed_from,
        "command": text(create, "commandLine"),
        "revision": text(create, "revision"),
        "profile": text(create, "profile"),
        "config_files": [f.get("path") for f in items(create, "configFiles")],
        "launch_dir": text(create, "launchDir"),
        "work_dir": text(create, "workDir"),
        "output_dir": text(create, "outputDir"),
        "project_dir": text(create, "projectDir"),
        "manifest": plain(create.get("manifest")),
        "container_engine": text(create, "containerEngine"),
        **{name: True for name in ("resume", "stub", "preview") if flag(create, name)},
        "stats": plain(run.ends[0].get("stats")) if run.ends else None,
        "notes": [*_second_ends(run), *([f"{run.lost} events were lost: the disk was full"] if run.lost else [])],
        "imported": flag(create, "imported"),
    }
    environment = {"nextflow": text(version, "version"), "build": version.get("build"), "host": text(create, "host"), "user": text(create, "user")}
    params = plain(begin.get("params") or create.get("params"))
    shift = _IMPORTED if flag(create, "imported") else _WHOLE if is_over else _UNDER_WAY
    return Started(
        run=run.key,
        name=text(create, "projectName") or text(create, "scriptName") or run.name,
        at=run.started_at + shift,
        parent=known.parent,
        code=pipeline_code(run, known.bases) if begin or is_over else None,
        params=encode_params(params) if isinstance(params, dict) else {},
        info=_told({"run_name": run.name, **facts}),
        environment=_told(environment),
    )


def _second_ends(run: PipelineRun) -> list[str]:
    """A second end that says something else than the first."""
    return [f"ended again at {end.get('t')}: {_end_word(end)}" for end in run.ends[1:] if _end_word(end) != _end_word(run.ends[0])]


def _end_word(end: Line) -> str:
    return "well" if flag(end, "success") else redact_text(text(end, "errorMessage") or "not well")[:200]


def _end_pipeline(run: PipelineRun, closing: Closing | None) -> Ended:
    status, at, error = _ending(run, closing)
    return Ended(run=run.key, status=status, at=max(at, run.started_at + _WHOLE), error=_error(error))


def _ending(run: PipelineRun, closing: Closing | None) -> tuple[RunStatus, datetime, str | None]:
    if run.ends:
        end = run.ends[0]
        at = moment(end, "completedAt") or moment(end) or run.last
        if flag(end, "success"):
            return RunStatus.COMPLETED, at, None
        return _bad_end(run, end), at, _reason(run, end) or "the run failed, and Nextflow does not say why"
    if run.exit:
        at = moment(run.exit) or run.last
        if flag(run.exit, "success") and not run.errors:
            return RunStatus.COMPLETED, at, None
        said = _reason(run, run.exit) or "Nextflow ended before the pipeline did"
        return _bad_end(run, run.exit), at, said
    assert closing is not None
    at = max(run.last, closing.at)
    if closing.code == 0 and not run.errors:
        return RunStatus.COMPLETED, at, None
    if run.errors or closing.code is not None:
        return _bad_end(run, {}), at, _reason(run, {}) or f"Nextflow ended with exit code {closing.code}"
    return RunStatus.CRASHED, at, "Nextflow's process ended without a word"


def _bad_end(run: PipelineRun, end: Line) -> RunStatus:
    is_signal = any(text(e, "signal") for e in run.errors) or (text(end, "errorMessage") or "").startswith("SIG")
    return RunStatus.CANCELLED if is_signal else RunStatus.FAILED


def _reason(run: PipelineRun, end: Line) -> str | None:
    told = [text(end, name) for name in ("errorReport", "errorMessage", "error")]
    told += [text(error, name) for error in run.errors for name in ("report", "message", "errorType")]
    return next((reason for reason in told if reason), None)


def _tell_task(run: PipelineRun, task: TaskRun, known: Context, *, is_over: bool) -> Iterator[Told]:
    key = task_key(run.key, task.id)
    started = _start_task(run, task, known, is_over=is_over)
    yield started
    if task.final is not None:
        yield from files_of_task(run, task, key=key, with_outputs=not is_stub(run))
        yield _end_task(run, task, known, started=started)
    elif is_over and (run.is_silent or known.closing is not None):
        # It was submitted and never told its end: publishing failed, or Nextflow was killed.
        is_killed = not run.has_ended
        status = RunStatus.CRASHED if is_killed else RunStatus.CANCELLED
        at = known.closing.at if known.closing and is_killed else run.last
        yield Ended(run=key, status=status, at=max(at, started.at), error="the run ended before this task was done")


def _start_task(run: PipelineRun, task: TaskRun, known: Context, *, is_over: bool) -> Started:
    line = task.known
    trace = section(line, "trace")
    process = text(line, "process") or (text(line, "name") or "task").partition(" (")[0]
    # Of a cached task the trace is that of the run that did the work.
    own = {} if line.get("state") in {"cached", "stored"} else trace
    # Never before what was told while it was under way.
    floor = run.started_at if flag(line, "imported") else task.opened
    at = max(_epoch(own.get("start")) or _epoch(own.get("submit")) or task.opened, floor)
    shift = _IMPORTED if flag(line, "imported") else _WHOLE if task.final is not None or is_over else _UNDER_WAY
    return Started(
        run=task_key(run.key, task.id),
        name=text(line, "name") or process,
        at=at + shift,
        parent=run.key,
        code=task_code(run, process, line, known.bases),
        params=encode_params(_values(line)),
        info=_told(_facts(run, task, process)),
    )


def _facts(run: PipelineRun, task: TaskRun, process: str) -> dict[str, Any]:
    line = task.known
    script = text(line, "script")
    trace = {name: value for name, value in section(line, "trace").items() if name not in {"script", "env"}}
    return {
        "process": process,
        "task_id": number(line, "taskId"),
        "attempt": number(line, "attempt") or 1,
        "retry_of": _retried(run, line),
        "work_dir": text(line, "workDir"),
        "exit": number(line, "exit"),
        "error_action": text(line, "errorAction"),
        **{name: line.get(name) for name in _TASK_FACTS},
        "script": stored_source(script) if script else None,
        "stub": flag(line, "stub") or None,
        "trace": trace,
        "results": {str(v.get("param") or v.get("position")): plain(v.get("value")) for v in items(line, "outputValues")},
        "cut": plain(line.get("cut")),
    }


def _values(line: Line) -> dict[str, Any]:
    return {str(v.get("param") or f"input {v.get('position')}"): plain(v.get("value")) for v in items(line, "values") if v.get("param") != "$"}


def _retried(run: PipelineRun, line: Line) -> str | None:
    """The hash of the attempt before this one: the same process and index."""
    index, attempt = number(line, "index"), number(line, "attempt") or 1
    if index is None or attempt < 2 or line.get("state") == "cached":
        return None
    for other in run.tasks.values():
        told = other.known
        if told.get("process") == line.get("process") and told.get("index") == index and (number(told, "attempt") or 1) == attempt - 1:
            return other.id
    return None


def _end_task(run: PipelineRun, task: TaskRun, known: Context, *, started: Started) -> Ended:
    line = task.known
    at = max(_epoch(section(line, "trace").get("complete")) or moment(line) or run.last, started.at)
    key = started.run
    match line.get("state"):
        case "stored":
            return Ended(run=key, status=RunStatus.SKIPPED, at=started.at)
        case "cached":
            origin = known.origins.get(task.id)
            return Ended(run=key, status=RunStatus.CACHED, at=started.at, reused=None if origin == key else origin)
    if flag(line, "aborted") or line.get("status") == "ABORTED":
        return Ended(run=key, status=RunStatus.CANCELLED, at=at, error="Nextflow stopped it")
    if flag(line, "failed"):
        return Ended(run=key, status=RunStatus.FAILED, at=at, error=_error(_task_error(line)))
    return Ended(run=key, status=RunStatus.COMPLETED, at=at)


def _task_error(line: Line) -> str:
    error = section(line, "error")
    told = [part for name in ("message", "stderr") if (part := text(error, name))]
    code = number(line, "exit")
    return "\n".join(told) or ("it failed" if code is None else f"it failed with exit code {code}")


def _epoch(value: object) -> datetime | None:
    """A moment told in milliseconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 4e12:
        return None
    return _EPOCH + timedelta(milliseconds=value)


def _told(facts: Mapping[str, Any]) -> dict[str, Any]:
    return encode_params({name: value for name, value in facts.items() if value is not None and value is not False and value not in ("", [], {}, ())})


def _error(words: str | None) -> str | None:
    return stored_source(words)[:_MAX_ERROR] if words else None
