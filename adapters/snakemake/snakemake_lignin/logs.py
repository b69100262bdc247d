"""What Snakemake wrote into `.snakemake/log/*.snakemake.log`: one file for each time that it was run.

The log names the workflow by the same uuid that the live hook is told, and jobs by the same numbers,
so that what is read here is the same run. Times are whole seconds, in the zone of the machine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lignin.base.ids import digest
from lignin.recording import RunStatus, to_uri
from snakemake_lignin.attempts import Attempt, Attempts
from snakemake_lignin.messages import Errors, failed_after_command, is_request_to_stop
from snakemake_lignin.shared_cache import CacheWords
from snakemake_lignin.store import split_files

__all__ = ["Invocation", "LoggedJob", "parse_log"]

_FACT = re.compile(r"^  ([A-Z][\w ()]+): (.*)$")
_MOMENT = re.compile(r"^\s*\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\]")
_RULE = re.compile(r"^(\s*)(?:local)?(rule|checkpoint) (\S+):$")
_ITEM = re.compile(r"^(\s+)([\w-]+): (.*)$")
_MESSAGE = re.compile(r"^\s*Job (\d+): ")
_FINISHED = re.compile(r"^Finished jobid: (\d+) \(Rule: (.*)\)$")
_FAILED = re.compile(r"^\s*Error in rule (.+):$")
_STEPS = re.compile(r"^(\d+) of (\d+) steps \(")
_ELAPSED = re.compile(r"^Elapsed time: (?:(\d+) days?, )?(\d+):(\d\d):(\d\d)")
_PROBLEM = re.compile(r"^\w*(?:Exception|Error)\b.*:$")
_PLAIN = re.compile(r"^\s*(\[|Select jobs|Execute \d|Finished jobid|Trying to restart|Exiting because|Shutting down|Removing |Complete log|\d+ of \d+ steps)")
# What is said of a file in a storage, after its address.
_STORED = re.compile(r"(\w+://.+?) \((?:[a-z: ]+, )?(?:send to storage|retrieve from storage|only provide storage uri)\)")
# A failed group lists its members deeper than a group that starts.
_FAILED_MEMBER = 8


@dataclass(slots=True, kw_only=True)
class LoggedJob:
    """One attempt of a job, in the words of the log.

    Attributes:
        id: Snakemake's number for it.
        attempt: counted from 1.
        rule: its rule's name; empty where the rule has a message of its own and no end was told.
        at: when it was started.
        kind: `rule` or `checkpoint`.
        told: `input`, `output`, `wildcards` and so on, as text.
        status: how it ended; `None` where the log does not say.
        ended: when.
        error: what went wrong.
    """

    id: int
    attempt: int
    rule: str
    at: datetime
    kind: str = "rule"
    told: dict[str, str] = field(default_factory=dict)
    status: RunStatus | None = None
    ended: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One run of Snakemake.

    Attributes:
        id: the workflow's uuid; of a Snakemake that did not write it, one made of folder and log.
        path: the log.
        at: when it began.
        last: when it ended, or else when the log was last written to.
        facts: what stands in the log's head, such as `Command` and `Snakefile`.
        jobs: attempts in the order of their starts.
        over: the log has an end.
        stopped: a user asked it to stop.
        unfinished: jobs that it meant to run were not run.
        error: one after which nothing was started any more.
        cores: how many it was given.
        is_idle: there was nothing to do.
    """

    id: str
    path: Path
    at: datetime
    last: datetime
    facts: Mapping[str, str]
    jobs: tuple[LoggedJob, ...]
    over: bool
    stopped: bool
    unfinished: bool
    error: str | None
    cores: int | None
    is_idle: bool = False

    @property
    def is_run(self) -> bool:
        """Whether a workflow was run at all: `--report`, `--lint`, `--dag` and the like leave a log too."""
        return bool(self.facts or self.jobs or self.unfinished or self.is_idle)


def parse_log(path: Path) -> Invocation:
    """Read one log.

    Raises:
        OSError: it can't be read.
    """
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    reader = _Reader(_named(path) or changed)
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        reader.take(line)
    reader.take("")
    return reader.result(path, changed)


class _Reader:
    def __init__(self, at: datetime) -> None:
        self.at, self.moment = at, at
        self.facts: dict[str, str] = {}
        self.jobs: list[LoggedJob] = []
        self.attempts = Attempts()
        self.errors = Errors()
        self.cache = CacheWords()
        self.elapsed: timedelta | None = None
        self.steps: tuple[int, int] | None = None
        self.cores: int | None = None
        self.over = self.stopped = self.idle = False
        self._block: tuple[str, str, int, dict[str, str]] | None = None
        self._problem: list[str] = []

    def take(self, line: str) -> None:
        if self._block is not None:
            if (item := _ITEM.match(line)) and len(item[1]) > self._block[2]:
                self._block[3][item[2]] = _STORED.sub(r"\1", item[3]) if item[2] in {"input", "output"} else item[3]
                return
            if line.startswith(" " * (self._block[2] + 4)) and self._block[0] == "failed":
                # The command of a failed job, and what is said of it.
                if line.strip() != "shell:":
                    self._block[3].setdefault("shell", line.strip())
                return
            self._close_block()
        if self._problem and not _PLAIN.match(line) and line.strip():
            self._problem.append(line)
            return
        if self._problem:
            self._blame("\n".join(self._problem))
            self._problem = []
        self._take_plain(line)

    def _take_plain(self, line: str) -> None:
        if found := _MOMENT.match(line):
            self.moment = max(self.at, datetime.strptime(found[1], "%a %b %d %H:%M:%S %Y").astimezone(UTC))
        elif found := _RULE.match(line):
            kind = found[2] if len(found[1]) < _FAILED_MEMBER else "member"
            self._block = (kind, found[3], len(found[1]), {})
        elif found := _FAILED.match(line):
            self._block = ("failed", found[1], len(line) - len(line.lstrip()), {})
        elif found := _MESSAGE.match(line):
            self._begin(int(found[1]), LoggedJob(id=int(found[1]), attempt=0, rule="", at=self.moment))
        elif found := _FINISHED.match(line):
            self._end(int(found[1]), RunStatus.COMPLETED, rule=found[2])
        elif found := _STEPS.match(line):
            self.steps = int(found[1]), int(found[2])
        elif _PROBLEM.match(line) or failed_after_command(line) is not None:
            self._problem = [line]
        else:
            self._take_word(line)

    def _take_word(self, line: str) -> None:
        self.cache.hear(line)
        if is_request_to_stop(line):
            self.stopped = True
        elif line.startswith("Complete log"):
            self.over = True
        elif line.startswith("Reason: ") and self.jobs and not self.jobs[-1].told:
            self.jobs[-1].told["reason"] = line.removeprefix("Reason: ")
        elif found := _ELAPSED.match(line):
            days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
            self.elapsed = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        elif line.startswith("Nothing to be done"):
            self.idle = True
        elif line.startswith("Execute "):
            self.errors.note_start()
        elif line.startswith("Provided cores: ") and line.split()[2].isdecimal():
            self.cores = int(line.split()[2])
        elif not self.jobs and (found := _FACT.match(line)):
            self.facts[found[1]] = found[2]
            if found[1] == "Date":
                self.at = self.moment = datetime.strptime(found[2], "%Y-%m-%d %H:%M:%S").astimezone(UTC)

    def _close_block(self) -> None:
        assert self._block is not None
        kind, rule, _, told = self._block
        self._block = None
        if not told.get("jobid", "").isdecimal():
            return
        number = int(told["jobid"])
        if kind == "failed":
            self._end(number, RunStatus.FAILED, rule=rule, error=self.errors.find(rule=rule, command=told.get("shell", ""), script=""))
        elif kind == "member":
            self._end(number, RunStatus.FAILED, rule=rule, error="its group failed")
        else:
            self._begin(number, LoggedJob(id=number, attempt=0, rule=rule, at=self.moment, kind=kind, told=told))

    def _begin(self, number: int, job: LoggedJob) -> None:
        attempt, before = self.attempts.detail(number, self.moment)
        if before is not None:
            self._finish(before, RunStatus.FAILED, error=f"rule {before.subject.rule} failed")
        attempt.subject, job.attempt = job, attempt.number
        self.jobs.append(job)

    def _end(self, number: int, status: RunStatus, *, rule: str, error: str | None = None) -> None:
        attempt = self.attempts.open.get(number)
        if attempt is not None:
            attempt.subject.rule = attempt.subject.rule or rule
            outputs = split_files(attempt.subject.told.get("output", ""), ())
            if status is RunStatus.COMPLETED and self.cache.is_hit(outputs):
                status = RunStatus.CACHED
            self._finish(attempt, status, error=error)

    def _finish(self, attempt: Attempt, status: RunStatus, *, error: str | None) -> None:
        self.attempts.end(attempt, status)
        attempt.subject.status, attempt.subject.ended, attempt.subject.error = status, self.moment, error

    def _blame(self, message: str) -> None:
        self.errors.note(message)
        number = failed_after_command(message)
        if number is not None:
            self._end(number, RunStatus.FAILED, rule="", error=message)

    def result(self, path: Path, changed: datetime) -> Invocation:
        unfinished = self.steps is not None and self.steps[0] < self.steps[1]
        done = self.steps is not None and not unfinished
        return Invocation(
            id=self.facts.get("Workflow ID") or digest(f"{to_uri(path.absolute().parents[2])} {path.name}"),
            path=path,
            at=self.at,
            # The file's own time is lost where it was copied.
            last=max(changed if self.elapsed is None else self.at + self.elapsed, self.moment, self.at + timedelta(microseconds=10)),
            facts=self.facts,
            jobs=tuple(self.jobs),
            over=self.over or self.idle or (self.errors.last is not None and not self.jobs),
            stopped=self.stopped,
            unfinished=unfinished,
            error=None if done else self.errors.last,
            cores=self.cores,
            is_idle=self.idle,
        )


def _named(path: Path) -> datetime | None:
    """The moment in a log's name."""
    found = re.match(r"(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)", path.name)
    return None if found is None else datetime.fromisoformat(f"{found[1]}T{found[2]}:{found[3]}:{found[4]}").astimezone(UTC)
