"""One workflow, told to a recorder as it goes."""

import logging
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lignin.recording import Event, Guard, Recorder, RunKey, RunStatus
from snakemake_lignin.attempts import (
    Attempt,
    Attempts,
    Member,
    judge_group,
    judge_workflow,
)
from snakemake_lignin.conceal import conceal, find_secrets
from snakemake_lignin.inside import failed_inside
from snakemake_lignin.live import (
    Jobs,
    Rules,
    find_jobs,
    read_config,
    read_doomed,
    read_info,
    read_inputs,
    read_outputs,
    read_params,
    read_workflow_code,
    script_of,
)
from snakemake_lignin.messages import (
    Errors,
    failed_after_command,
    is_interrupt,
    is_request_to_stop,
    submitted,
)
from snakemake_lignin.shared_cache import CacheWords, find_origin, note_origin
from snakemake_lignin.translate import (
    CodeText,
    Job,
    Sighting,
    Workflow,
    end_job,
    end_workflow,
    job_key,
    start_job,
    start_workflow,
)

__all__ = ["Story"]

_DOOMED = "lignin_outputs"


class Story:
    """Follows one workflow from its first event to its end.

    Args:
        engine: Snakemake's workflow object.
        recorder: what is told.
        guard: keeps a failure to read details from losing the job.
        identity: the uuid that Snakemake gave the workflow.
    """

    def __init__(self, engine: Any, *, recorder: Recorder, guard: Guard, identity: str) -> None:
        self._engine = engine
        self._recorder = recorder
        self._guard = guard
        self._id = identity
        self._folder = Path.cwd()
        self._attempts = Attempts()
        self._jobs = Jobs(engine, folder=self._folder)
        self._rules = Rules(engine)
        self._workflow: Workflow | None = None
        self._details: dict[int, Job] = {}
        self._errors = Errors()
        self._cache = CacheWords()
        self._stopped = False
        self._secrets: tuple[str, ...] = ()
        self.runs = 0

    def start(self, record: logging.LogRecord, *, parent: RunKey | None) -> None:
        """The workflow begins."""
        told = vars(record)
        with self._guard:
            self._secrets = find_secrets(read_config(self._engine))
        bare = Workflow(id=self._id, name=Path(str(told.get("snakefile_main") or "Snakefile")).name, at=_moment(record), parent=parent)
        self._tell(start_workflow(bare))
        self.runs += 1
        code: CodeText | None = None
        with self._guard:
            code = read_workflow_code(self._engine)
        with self._guard:
            full = replace(
                bare,
                at=bare.at + timedelta(microseconds=1),
                code=code,
                config=read_config(self._engine),
                command=str(told.get("cmd") or ""),
                info={
                    "configfiles": [str(path) for path in told.get("configfiles") or ()],
                    "workdir": str(self._folder),
                    "cores": self._engine._cores,  # the property raises where only nodes are set
                },
                environment={
                    "python": platform.python_version(),
                    "executable": sys.executable,
                    "platform": told.get("platform"),
                    "host": told.get("host"),
                    "user": told.get("user"),
                    "snakemake": told.get("snakemake_version"),
                },
            )
            self._workflow = full
            self._tell(start_workflow(full))

    def start_jobs(self, record: logging.LogRecord) -> None:
        """Attempts start. A group comes under a name of its own; its members tell themselves."""
        self._errors.note_start()
        self._sweep(_moment(record))
        for number in getattr(record, "jobs", None) or ():
            if isinstance(number, int):
                self._end_untold(self._attempts.begin(number, _moment(record)), _moment(record))

    def detail_job(self, record: logging.LogRecord) -> None:
        """An attempt's details: the moment to read the live job and its inputs."""
        told, at = vars(record), _moment(record)
        self._sweep(at)
        attempt, before = self._attempts.detail(int(told["jobid"]), at)
        self._end_untold(before, at)
        attempt.subject = self._jobs.find(attempt.id)
        bare = Job(
            workflow=self._id,
            id=attempt.id,
            attempt=attempt.number,
            rule=str(told.get("rule_name")),
            at=attempt.at,
            info={"reason": told.get("reason"), "shellcmd": told.get("shellcmd"), "wildcards": _plain(told.get("wildcards"))},
        )
        self._tell_start(attempt, bare)

    def finish_job(self, record: logging.LogRecord) -> None:
        """An attempt ended well: the moment to look at its outputs."""
        attempt = self._attempts.open.get(int(vars(record)["job_id"]))
        if attempt is not None:
            self._end_well(attempt, _moment(record))

    def fail_job(self, record: logging.LogRecord) -> None:
        """An attempt failed; it may be tried again."""
        told = vars(record)
        attempt = self._attempts.open.get(int(told["jobid"]))
        if attempt is not None:
            self._note_external(attempt, (told.get("aux") or {}).get("external_jobid"))
            error = self._why(attempt, told)
            status = RunStatus.CANCELLED if is_interrupt(error) else RunStatus.FAILED
            self._end(attempt, status, at=_moment(record), error=error)

    def keep_doomed(self, record: logging.LogRecord) -> None:
        """Put the outputs of a failed group's members into the record of its failure: Snakemake deletes them next."""
        numbers = [int(info["jobid"]) for info in vars(record).get("job_error_info") or ()]
        # Its own look-up, as `self._jobs` belongs to the thread that takes records.
        jobs = find_jobs(self._engine, numbers)
        vars(record)[_DOOMED] = {number: read_doomed(job, folder=self._folder) for number, job in jobs.items()}

    def fail_group(self, record: logging.LogRecord) -> None:
        """A group failed: Snakemake blames each member, so see who did its work."""
        at, told = _moment(record), vars(record)
        group = [a for info in told.get("job_error_info") or () if (a := self._attempts.open.get(int(info["jobid"])))]
        outputs: Mapping[int, tuple[Sighting, ...]] = told.get(_DOOMED) or {}
        verdicts = judge_group(self._members(group, outputs))
        for attempt in group:
            status = verdicts.get(attempt.id, RunStatus.FAILED)
            self._note_external(attempt, told.get("external_jobid"))
            made = outputs.get(attempt.id, ()) if status is RunStatus.ROLLED_BACK else ()
            if status is RunStatus.ROLLED_BACK and self._engine.execution_settings.keep_incomplete:
                status = RunStatus.COMPLETED
            error = None if status is RunStatus.COMPLETED else f"its group {told.get('groupid')} failed"
            self._end(attempt, status, at=at, error=error, outputs=made)

    def _members(self, group: Iterable[Attempt], outputs: Mapping[int, tuple[Sighting, ...]]) -> list[Member]:
        numbers = {attempt.subject: attempt.id for attempt in group if attempt.subject is not None and attempt.id in outputs}
        graph = self._engine.dag.dependencies
        return [
            Member(
                id=number,
                needs=frozenset(numbers[other] for other in list(graph.get(job, ())) if other in numbers),
                made=not any(sighting.is_missing for sighting in outputs[number]) if outputs[number] else None,
            )
            for job, number in numbers.items()
        ]

    def note_error(self, record: logging.LogRecord) -> None:
        """An error: of a job, or the workflow's own; which, shows later."""
        message = record.getMessage()
        self._errors.note(message)
        number = failed_after_command(message)
        attempt = None if number is None else self._attempts.open.get(number)
        if attempt is not None:
            self._end(attempt, RunStatus.FAILED, at=_moment(record), error=message)

    def note_message(self, record: logging.LogRecord) -> None:
        """A plain message: some facts are told in no other way."""
        message = record.getMessage()
        self._cache.hear(message)
        if is_request_to_stop(message):
            self._stopped = True
        elif found := submitted(message):
            for number in self._submitted(found[0]):
                if attempt := self._attempts.open.get(number):
                    self._note_external(attempt, found[1])

    def finish(self, at: datetime) -> None:
        """The workflow is over: judge what is open, then the whole."""
        for attempt in list(self._attempts.open.values()):
            with self._guard:
                self._judge_open(attempt, at)
        if self._workflow is not None and self._engine.touch:
            # Snakemake knows its executor only after the event of its start.
            self._tell(start_workflow(replace(self._workflow, at=self._workflow.at + timedelta(microseconds=1), info={**self._workflow.info, "touch": True})))
        unfinished = False
        with self._guard:
            dag = self._engine.dag
            unfinished = dag is None or any(True for _ in dag.needrun_jobs())
        status = judge_workflow(self._attempts, error=self._errors.last, stopped=self._stopped, unfinished=unfinished)
        error = None if status is RunStatus.COMPLETED else self._errors.last
        self._tell(end_workflow(self._id, status, at=max(at, self._workflow.at) if self._workflow else at, error=error))

    def _submitted(self, name: str) -> list[int]:
        """The jobs under a name in a message: a job's number, or a group's uuid."""
        if name.isdecimal():
            return [int(name)]
        groups = [job for job in list(self._engine.scheduler.running) if job.is_group() and str(job.jobid) == name]
        return [self._engine.dag.jobid(job) for group in groups for job in group.jobs]

    def _judge_open(self, attempt: Attempt, at: datetime) -> None:
        job = attempt.subject = attempt.subject or self._jobs.find(attempt.id)
        if not attempt.told:
            rule = "" if job is None else str(job.rule.name)
            attempt.told = True
            self._tell_start(attempt, Job(workflow=self._id, id=attempt.id, attempt=attempt.number, rule=rule, at=attempt.at))
        dag, scheduler = self._engine.dag, self._engine.scheduler
        if job is not None and dag is not None and dag.finished(job):
            self._end_well(attempt, at)
        elif scheduler is not None and _has_failed(job, scheduler):
            self._end(attempt, RunStatus.FAILED, at=at, error=self._why(attempt, {}))
        elif self._stopped:
            self._end(attempt, RunStatus.CANCELLED, at=at, error="the workflow was stopped")
        elif self._errors.last:
            self._end(attempt, RunStatus.FAILED, at=at, error=self._errors.last)
        else:
            self._end(attempt, RunStatus.CRASHED, at=at, error="the workflow ended without a word about this job")

    def _sweep(self, at: datetime) -> None:
        """With `--quiet progress` no end is told, so look in the graph who has finished."""
        scheduler = self._engine.scheduler
        if scheduler is None or scheduler.print_progress:
            return
        for attempt in list(self._attempts.open.values()):
            if attempt.subject is not None and self._engine.dag.finished(attempt.subject):
                self._end_well(attempt, at)

    def _end_untold(self, attempt: Attempt | None, at: datetime) -> None:
        if attempt is not None and attempt.told:
            self._attempts.last[attempt.id] = RunStatus.FAILED
            self._tell(*end_job(self._key(attempt), RunStatus.FAILED, at=max(at, attempt.at), error=self._why(attempt, {})))

    def _end_well(self, attempt: Attempt, at: datetime) -> None:
        if self._engine.touch:
            # Nothing ran: only the files' times were set.
            self._end(attempt, RunStatus.SKIPPED, at=at)
            return
        outputs: tuple[Sighting, ...] = ()
        status, reused = RunStatus.COMPLETED, None
        if attempt.subject is not None:
            with self._guard:
                self._jobs.note_finished(attempt.subject)
                outputs = read_outputs(attempt.subject, folder=self._folder)
            with self._guard:
                status, reused = self._ask_cache(attempt)
        self._end(attempt, status, at=at, outputs=outputs, reused=reused)

    def _ask_cache(self, attempt: Attempt) -> tuple[RunStatus, RunKey | None]:
        """Whether a job took its result from the cache between workflows, and from whom; what it put there is noted."""
        names = [str(path) for path in attempt.subject.output]
        if self._cache.is_hit(names):
            return RunStatus.CACHED, find_origin(self._folder / names[0])
        if self._cache.has_stored(names):
            for name in names:
                note_origin(self._folder / name, self._key(attempt))
        return RunStatus.COMPLETED, None

    def _end(
        self,
        attempt: Attempt,
        status: RunStatus,
        *,
        at: datetime,
        error: str | None = None,
        outputs: tuple[Sighting, ...] = (),
        reused: RunKey | None = None,
    ) -> None:
        self._attempts.end(attempt, status)
        done = status in {RunStatus.COMPLETED, RunStatus.CACHED}
        with self._guard:
            self._note_late(attempt, failed_inside=failed_inside(self._folder, self._key(attempt), done=done))
        detail = self._details.pop(attempt.id, None)
        # A clock may be set back meanwhile.
        at = max(at, attempt.at if detail is None else detail.at)
        late: tuple[Sighting, ...] = ()
        if detail is not None and any(sighting.is_missing for sighting in detail.inputs):
            with self._guard:
                late = self._late_inputs(attempt, detail, done=done)
        self._tell(*end_job(self._key(attempt), status, at=at, error=error, outputs=outputs, late_inputs=late, reused=reused))

    def _late_inputs(self, attempt: Attempt, detail: Job, *, done: bool) -> tuple[Sighting, ...]:
        """Inputs that were not there at the start; of those still missing, only what a finished job must have read."""
        missing = {sighting.ref.uri for sighting in detail.inputs if sighting.is_missing}
        found = read_inputs(attempt.subject, folder=self._folder, jobs=self._jobs)
        return tuple(s for s in found if s.ref.uri in missing and (done or not s.is_missing))

    def _tell_start(self, attempt: Attempt, bare: Job) -> None:
        full, job, events = bare, attempt.subject, start_job(bare)
        if job is not None:
            with self._guard:
                full = replace(
                    bare,
                    code=self._rules.code(job),
                    params=read_params(job),
                    info={**bare.info, **read_info(job)},
                    inputs=() if self._engine.touch else read_inputs(job, folder=self._folder, jobs=self._jobs),
                )
                events = start_job(full)
        self._details[attempt.id] = full
        self.runs += 1
        self._tell(*events)

    def _note_external(self, attempt: Attempt, name: object) -> None:
        """A cluster's name for the job comes late."""
        self._note_late(attempt, external_jobid=str(name) if name else None)

    def _note_late(self, attempt: Attempt, **facts: Any) -> None:
        """What is known only after a job's start is told with its start again; the first word counts."""
        detail = self._details.get(attempt.id)
        new = {} if detail is None else {name: value for name, value in facts.items() if value is not None and detail.info.get(name) is None}
        if detail is not None and new:
            self._details[attempt.id] = again = replace(detail, at=detail.at + timedelta(microseconds=1), info={**detail.info, **new})
            self._tell(start_job(again)[0])

    def _why(self, attempt: Attempt, told: Mapping[str, Any]) -> str | None:
        detail = self._details.get(attempt.id)
        command = str(told.get("shellcmd") or (detail.info.get("shellcmd") if detail else "") or "")
        name = "" if attempt.subject is None else Path(script_of(attempt.subject.rule)).name
        return self._errors.find(rule=detail.rule if detail else "", command=command, script=name)

    def _key(self, attempt: Attempt) -> RunKey:
        return job_key(self._id, attempt.id, attempt=attempt.number)

    def _tell(self, *events: Event) -> None:
        for event in events:
            self._recorder.record(conceal(event, self._secrets))


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _has_failed(job: Any, scheduler: Any) -> bool:
    return any(job is failed or (failed.is_group() and job in failed.jobs) for failed in list(scheduler.failed))


def _plain(mapping: Any) -> dict[str, Any]:
    return {str(name): value for name, value in dict(mapping or {}).items()}
