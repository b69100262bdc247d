"""From what Snakemake told to events. Pure: plain values in, events out, no Snakemake anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lignin.recording import (
    Code,
    Ended,
    Event,
    FileRef,
    Produced,
    RefState,
    RunKey,
    RunStatus,
    Started,
    Used,
    encode_params,
    hash_source,
    stored_source,
)

__all__ = ["CodeText", "Job", "Sighting", "Workflow", "end_job", "end_workflow", "job_key", "start_job", "start_workflow", "workflow_key"]

ENGINE = "snakemake"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeText:
    """Code as it was found.

    Attributes:
        key: names its family of versions.
        text: what people read.
        more: further texts that make a version: included files, an environment, a container.
        reference: where it comes from, a URL.
        version: the commit, if it says exactly what ran.
        description: the rule's docstring.
    """

    key: str
    text: str
    more: tuple[str, ...] = ()
    reference: str | None = None
    version: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow that began.

    Attributes:
        id: the uuid that Snakemake gave it.
        name: the Snakefile's file name.
        at: when.
        code: the Snakefile with all that it includes.
        config: the configuration's values.
        command: the command line.
        parent: the run that this process belongs to, from the environment.
        info: further facts: configuration files, working directory, cores.
        environment: interpreter, platform, host, user.
    """

    id: str
    name: str
    at: datetime
    code: CodeText | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    parent: RunKey | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A file as it was seen, and the name that its rule gives it."""

    ref: FileRef
    role: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether nothing was there."""
        return self.ref.state is RefState.MISSING and self.ref.size is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One attempt of a job that began.

    Attributes:
        workflow: the workflow's id.
        id: Snakemake's number for the job.
        attempt: counted from 1.
        rule: its rule's name.
        at: when it was started.
        code: its rule's code.
        params: by name, unnamed ones by position.
        info: wildcards, threads, resources and what else Snakemake says; absent ones are `None`.
        inputs: as they were when it started.
    """

    workflow: str
    id: int
    attempt: int
    rule: str
    at: datetime
    code: CodeText | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Sighting, ...] = ()


def workflow_key(workflow: str) -> RunKey:
    """The run of a workflow."""
    return RunKey(engine=ENGINE, scope=workflow, id="workflow")


def job_key(workflow: str, job: int, *, attempt: int) -> RunKey:
    """The run of one attempt of a job."""
    return RunKey(engine=ENGINE, scope=workflow, id=str(job), attempt=attempt)


def start_workflow(workflow: Workflow) -> Started:
    """The beginning of a workflow."""
    return Started(
        run=workflow_key(workflow.id),
        name=workflow.name,
        at=workflow.at,
        parent=workflow.parent,
        code=_code(workflow.code, kind="workflow"),
        params=encode_params(workflow.config),
        info=_told({**workflow.info, "command": workflow.command or None}),
        environment=_told(workflow.environment),
    )


def start_job(job: Job) -> tuple[Event, ...]:
    """The beginning of an attempt, and the files that it reads.

    A file that is not there yet comes from a member of the same group, so it is told at the end.
    """
    run = job_key(job.workflow, job.id, attempt=job.attempt)
    started = Started(
        run=run,
        name=job.rule,
        at=job.at,
        parent=workflow_key(job.workflow),
        code=_code(job.code, kind="task"),
        params=encode_params(job.params),
        info=_told({"jobid": job.id, **job.info}),
    )
    return started, *(Used(run=run, ref=sighting.ref, role=sighting.role) for sighting in job.inputs if not sighting.is_missing)


def end_job(
    run: RunKey,
    status: RunStatus,
    *,
    at: datetime,
    error: str | None = None,
    outputs: tuple[Sighting, ...] = (),
    late_inputs: tuple[Sighting, ...] = (),
    reused: RunKey | None = None,
) -> tuple[Event, ...]:
    """The end of an attempt, after the files that it wrote, and those that it read but that were not there at its start."""
    used = (Used(run=run, ref=sighting.ref, role=sighting.role) for sighting in late_inputs)
    produced = (Produced(run=run, ref=sighting.ref, role=sighting.role) for sighting in outputs)
    return *used, *produced, Ended(run=run, status=status, at=at, error=_error(error), reused=reused)


def end_workflow(workflow: str, status: RunStatus, *, at: datetime, error: str | None = None) -> Ended:
    """The end of a workflow."""
    return Ended(run=workflow_key(workflow), status=status, at=at, error=_error(error))


def _code(code: CodeText | None, *, kind: str) -> Code | None:
    if code is None:
        return None
    return Code(
        kind=kind,
        key=code.key,
        hash=hash_source(code.text, *code.more),
        source=stored_source(code.text),
        reference=code.reference,
        version=code.version,
        description=code.description,
    )


def _told(facts: Mapping[str, Any]) -> dict[str, Any]:
    return encode_params({name: value for name, value in facts.items() if value is not None and value not in ("", [], {}, ())})


def _error(text: str | None) -> str | None:
    return stored_source(text)[:8192] if text else None
