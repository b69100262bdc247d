"""Events of a workflow that is over, from what its logs, its store and its Snakefile say.

Nothing is claimed that may have changed since: code and names count only if the store's own text is the
Snakefile's of today, or if its files are older than the run; a file only at the time that the store has of it.
Files that changed are named in the run's `info` alone. Of two tellings of a start the one that knew more has
the later time, by microseconds, so that reading again, after a Snakefile was edited, loses nothing.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lignin.base.redact import redact_url
from lignin.recording import Event, FileRef, RefState, RunStatus, local_path, observe, to_uri
from snakemake_lignin.attempts import Attempts, judge_workflow
from snakemake_lignin.conceal import conceal, conceal_text
from snakemake_lignin.inside import failed_inside
from snakemake_lignin.journal import Journal
from snakemake_lignin.logs import Invocation, LoggedJob
from snakemake_lignin.match import Found
from snakemake_lignin.query import SCHEME
from snakemake_lignin.shared_cache import find_origin
from snakemake_lignin.store import Record, output_ref, source_ref, split_files
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

__all__ = ["Account"]

_NOTED = re.compile(r" \((?:send to storage|retrieve from storage|pipe|service).*\)$")
# A version of the registry that nobody noted: no run can name it.
_UNKNOWN = FileRef(uri="file:", state=RefState.CHANGED)
_NO_CODE = re.compile(r"\s*(script|notebook|wrapper|cwl|template_engine):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Tells one workflow.

    Attributes:
        invocation: its log.
        workflow: what its Snakefile says today; empty where it can't be read.
        says: what it says of jobs, by number and attempt.
        temporary: outputs that are deleted when they are used up.
        streams: pipes and what services offer, which are no files.
        found: its jobs with their records.
        records: the whole store, by output.
        folder: the working folder.
        gone: no process writes the log any more.
    """

    invocation: Invocation
    workflow: Mapping[str, Any]
    says: Mapping[tuple[int, int], Mapping[str, Any]]
    temporary: frozenset[str]
    streams: frozenset[str]
    found: tuple[Found, ...]
    records: Mapping[str, Record]
    folder: Path
    gone: bool

    def begin(self) -> Event:
        """The start of the workflow."""
        facts, says = self.invocation.facts, self.workflow
        unchanged = bool(says) and _is_older(says["newest"], self.invocation.at.timestamp())
        known = 2 * unchanged + bool(says and self._is_same_config)
        command = facts.get("Command", "")
        return self._clean(
            start_workflow(
                Workflow(
                    id=self.invocation.id,
                    name=Path(facts.get("Snakefile", "Snakefile")).name,
                    at=self.invocation.at + timedelta(microseconds=known),
                    code=_code(says["code"]) if unchanged else None,
                    config=says["config"] if says and self._is_same_config else {},
                    command=command,
                    info={
                        "configfiles": [piece for number, piece in enumerate(facts.get("Config file(s)", "").split("'")) if number % 2],
                        "workdir": str(self.folder),
                        "cores": self.invocation.cores,
                        "touch": True if self._is_touch else None,
                        "read_from": str(self.invocation.path),
                    },
                    environment={
                        "python": facts.get("Python version", "").partition(" ")[0],
                        "platform": facts.get("Platform"),
                        "host": facts.get("Host"),
                        "user": facts.get("User"),
                        "snakemake": facts.get("Snakemake version"),
                    },
                )
            )
        )

    def end(self) -> Iterator[Event]:
        """The end of the workflow, if it is over."""
        if (status := self.verdict()) is not None:
            error = self.invocation.error if status is not RunStatus.COMPLETED and self.workflow else None
            yield self._clean(end_workflow(self.invocation.id, status, at=self.invocation.last, error=error))

    def verdict(self) -> RunStatus | None:
        """How it ended; `None` where it is under way, for all that is known."""
        log = self.invocation
        if not log.over:
            return RunStatus.CRASHED if self.gone else None
        attempts = Attempts()
        for each in self.found:
            attempt, _ = attempts.detail(each.job.id, each.job.at)
            attempts.end(attempt, self.status(each) or RunStatus.CRASHED)
        return judge_workflow(attempts, error=log.error, stopped=log.stopped, unfinished=log.unfinished)

    def status(self, found: Found) -> RunStatus | None:
        """How a job ended; with `--quiet` only the store says that it did."""
        job, log = found.job, self.invocation
        if job.status is RunStatus.CACHED:
            return job.status
        done = job.status is RunStatus.COMPLETED or (job.status is None and bool(found.records))
        if done:
            return RunStatus.SKIPPED if self._is_touch else RunStatus.COMPLETED
        if job.status is not None or not (log.over or self.gone):
            return job.status
        if log.stopped:
            return RunStatus.CANCELLED
        return RunStatus.FAILED if log.over and log.error else RunStatus.CRASHED

    def begin_job(self, found: Found) -> Iterator[Event]:
        """The start of a job, and what it read that is still there."""
        job, says = self._job(found), self._says(found)
        if not self._is_touch:
            seen = tuple(self._inputs(found, says))
            changed = [s for s in (*seen, *self._outputs(found, says)) if not _is_claimed(s)]
            names = sorted({os.path.relpath(path, self.folder) for s in changed if (path := local_path(s.ref))})
            known = timedelta(microseconds=not names)
            job = replace(job, at=job.at + known, inputs=tuple(filter(_is_claimed, seen)), info={**job.info, "changed_since": names or None})
        for event in start_job(job):
            yield self._clean(event)

    def end_job(self, found: Found, *, not_before: datetime | None = None) -> Iterator[Event]:
        """The end of a job with what it wrote, if it is over."""
        status, says = self.status(found), self._says(found)
        if status is None:
            return
        at = max(found.job.ended or self._ended(found), not_before or self._job(found).at + timedelta(microseconds=1))
        done = status in {RunStatus.COMPLETED, RunStatus.CACHED}
        outputs = tuple(filter(_is_claimed, self._outputs(found, says))) if done else ()
        late = tuple(s for s in self._inputs(found, says) if s.is_missing and _is_claimed(s)) if done else ()
        error = None if done or status is RunStatus.SKIPPED else found.job.error or self._open_error(status)
        if error and not self.workflow:
            error = f"rule {found.job.rule} did not end well"
        key = job_key(self.invocation.id, found.job.id, attempt=found.job.attempt)
        reused = find_origin(self.folder / found.records[0].output) if status is RunStatus.CACHED and found.records else None
        for event in end_job(key, status, at=at, error=error, outputs=outputs, late_inputs=late, reused=reused):
            yield self._clean(event)

    def _ended(self, found: Found) -> datetime:
        ends = [datetime.fromtimestamp(record.ended, UTC) for record in found.records]
        return max(ends, default=self.invocation.last)

    def _open_error(self, status: RunStatus) -> str:
        if status is RunStatus.CANCELLED:
            return "the workflow was stopped"
        return self.invocation.error or "the workflow ended without a word about this job"

    def _says(self, found: Found) -> Mapping[str, Any]:
        return self.says.get((found.job.id, found.job.attempt), {})

    def _job(self, found: Found) -> Job:
        says, job = self._says(found), found.job
        record = found.records[0] if found.records else None
        same = self._is_same(found, says)
        info = dict(says.get("info") or {}) if same else _told_info(job, record)
        if self.workflow:
            info |= {"reason": job.told.get("reason"), "shellcmd": record.shellcmd if record else info.get("shellcmd")}
        else:
            # Without the configuration nobody knows which words are secret.
            info |= {"reason": None, "shellcmd": None, "params_unnamed": None}
        params = says.get("params", {}) if same and (record is None or says.get("stored_params") == list(record.params)) else {}
        code = self._job_code(found, says, same=same)
        info["failed_inside"] = failed_inside(
            self.folder, job_key(self.invocation.id, job.id, attempt=job.attempt), done=self.status(found) is RunStatus.COMPLETED
        )
        return Job(
            workflow=self.invocation.id,
            id=job.id,
            attempt=job.attempt,
            rule=job.rule,
            at=job.at + timedelta(microseconds=4 * same + 2 * (code is not None)),
            code=code,
            params=params,
            info={**info, "checkpoint": True if job.kind == "checkpoint" else None},
        )

    def _is_same(self, found: Found, says: Mapping[str, Any]) -> bool:
        """Whether the Snakefile still describes the job as it was."""
        if "directive" not in says:
            return False
        if not found.records:
            return self._is_same_config and _is_older(self.workflow["newest"], found.began)
        record = found.records[0]
        plain = [name for name in record.inputs if not name.startswith("<")]
        return bool(says["directive"] == record.code and set(plain) <= set(says["inputs"]) and len(says["inputs"]) <= len(record.inputs))

    @property
    def _is_same_config(self) -> bool:
        return bool(self.workflow.get("checksum", "") == self.invocation.facts.get("Config MD5", ""))

    @property
    def _is_touch(self) -> bool:
        return not {"--touch", "-t"}.isdisjoint(self.invocation.facts.get("Command", "").split())

    def _job_code(self, found: Found, says: Mapping[str, Any], *, same: bool) -> CodeText | None:
        if same and _is_older(says["newest"], found.began):
            return _code(says["code"])
        text = found.records[0].code if found.records else None
        if not text or _NO_CODE.match(text):
            return None
        if says.get("code"):
            return CodeText(key=says["code"]["key"], reference=says["code"]["reference"], text=text)
        name = Path(self.invocation.facts.get("Snakefile", "Snakefile")).name
        return CodeText(key=f"{name}::{found.job.rule}", reference=to_uri(self.folder), text=text)

    def _inputs(self, found: Found, says: Mapping[str, Any]) -> Iterator[Sighting]:
        names = found.records[0].inputs if found.records else split_files(found.job.told.get("input", ""), self.records)
        roles = says.get("inputs") or {}
        for name in names:
            if not name.startswith("<") and name not in self.streams and not _NOTED.search(name):
                role = roles.get(name, "")
                yield Sighting(ref=self._input(name, found), role=role)
                around = next((str(p) for p in Path(name).parents if str(p) in self.records), None)
                if around is not None:
                    yield Sighting(ref=self._input(around, found), role=role)

    def _input(self, name: str, found: Found) -> FileRef:
        if name.startswith(SCHEME):
            # Without a record of its own, a job's start is known to the second.
            entry = Journal(self.folder).last(name, before=found.began + (0 if found.records else 1))
            return _UNKNOWN if entry is None else entry.ref
        if "://" in name:
            return FileRef(uri=redact_url(name))
        record = self.records.get(name)
        if record is not None and record.began <= found.began + (0 if found.records else 1):
            return output_ref(record, folder=self.folder, temporary=name in self.temporary)
        if record is not None:
            # It was made anew since.
            return replace(observe(self.folder / name), size=None, mtime_ns=None, inode=None, state=RefState.CHANGED)
        return source_ref(self.folder / name, before=found.began)

    def _outputs(self, found: Found, says: Mapping[str, Any]) -> Iterator[Sighting]:
        roles = says.get("outputs") or {}
        for record in found.records:
            if record.output.startswith(SCHEME):
                entry = Journal(self.folder).written(record.output, told=record.ended)
                yield Sighting(ref=_UNKNOWN if entry is None else entry.ref, role=roles.get(record.output, ""))
            elif "://" in record.output:
                yield Sighting(ref=FileRef(uri=redact_url(record.output)), role=roles.get(record.output, ""))
            elif record.output not in self.streams:
                ref = output_ref(record, folder=self.folder, temporary=record.output in self.temporary)
                yield Sighting(ref=ref, role=roles.get(record.output, ""))
        for name in split_files(found.job.told.get("output", ""), self.records):
            # Without metadata (`--drop-metadata`) the file's own time has to do.
            if name not in self.records and name not in self.streams and not _NOTED.search(name) and found.job.ended is not None:
                seen = observe(self.folder / name)
                end = found.job.ended + timedelta(seconds=1)
                if seen.size is not None and found.began <= (seen.mtime_ns or 0) / 1e9 <= end.timestamp():
                    yield Sighting(ref=seen, role=roles.get(name, ""))

    def _clean(self, event: Event) -> Event:
        return conceal(event, tuple(self.workflow.get("secrets", ())))


def _is_claimed(sighting: Sighting) -> bool:
    """Whether something is known of the file as the job left or met it."""
    ref = sighting.ref
    return ref.size is not None or not ref.uri.startswith("file:") or (ref.state is RefState.MISSING and ref.mtime_ns is not None)


def _code(says: Mapping[str, Any]) -> CodeText:
    # Which commit was checked out then, nobody knows now.
    return CodeText(**{**says, "more": tuple(says["more"]), "version": None})


def _is_older(newest: float | None, began: float) -> bool:
    return newest is not None and newest <= began


def _told_info(job: LoggedJob, record: Record | None) -> dict[str, Any]:
    told = job.told
    return {
        "wildcards": dict(_pairs(told.get("wildcards", ""))),
        "threads": int(told["threads"]) if told.get("threads", "").isdecimal() else 1,
        "resources": dict(_pairs(told.get("resources", ""))),
        "log": list(record.log if record else split_files(told.get("log", ""), ())),
        "benchmark": told.get("benchmark"),
        "container": record.container if record else None,
        "params_unnamed": [conceal_text(text) for text in record.params] if record else None,
    }


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    """The pairs of `a=1, b=2`; a value may hold `, ` but then what follows has no `=`."""
    pairs: list[tuple[str, str]] = []
    for piece in text.split(", ") if text else ():
        name, equals, value = piece.partition("=")
        if equals and name.isidentifier():
            pairs.append((name, value))
        elif pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]}, {piece}")
    return pairs
