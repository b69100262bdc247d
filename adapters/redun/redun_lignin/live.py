"""Executions as they go, seen from redun's calls to its backend: all of them come in the scheduler's own thread.

A job is told as it starts and as it ends, with its files as they stand at that moment. What these calls do not say is
read from redun's database once the execution is over: jobs from the cache with their origins, jobs of sub-schedulers,
jobs that never ended, tags.
"""

import getpass
import os
import platform
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import redun
from redun.scheduler import Job as RedunJob
from redun.scheduler import get_current_scheduler
from sqlalchemy.engine import make_url

from lignin.base.clock import now
from lignin.base.redact import redact_text
from lignin.base.settings import host_name
from lignin.recording import Ended, RunKey, RunStatus, Used, to_uri
from redun_lignin.active import GUARD, caller, enter, leave
from redun_lignin.database import Reading, read_execution
from redun_lignin.marks import note_end, note_start
from redun_lignin.outbox import Outbox, outbox
from redun_lignin.settings import Settings
from redun_lignin.tell import Closing, claims, tell
from redun_lignin.translate import (
    LIVE,
    SUBRUN,
    Account,
    Execution,
    Found,
    Job,
    account,
    ended_job,
    inputs,
    is_helper,
    outputs,
    root_of,
    run_key,
    started_execution,
    started_job,
)
from redun_lignin.values import bind, failure_of, files_in, params_of, sight, task_code

__all__ = ["Live", "reference_of"]

_UNKNOWN = object()


@dataclass(slots=True, kw_only=True)
class _State:
    """One execution so far.

    Attributes:
        argv: its command.
        run: its key.
        parent: the run that started it.
        jobs: what is known of its jobs.
        begun: those whose own inputs were told.
        told: those whose files and ends were told.
        below: by job, those that it called.
        accounts: what ended jobs amount to.
        returned: files in results, by redun's hash of the call.
    """

    argv: tuple[str, ...]
    run: RunKey
    parent: RunKey | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    below: dict[str, list[str]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    returned: dict[str, tuple[Found, ...]] = field(default_factory=dict)


class Live:
    """Follows the executions of one backend.

    Args:
        settings: how to record.
        reference: where redun's database is.
    """

    def __init__(self, settings: Settings, *, reference: str | None) -> None:
        self.settings = settings
        self._reference = reference
        self._states: dict[str, _State] = {}
        self._last: tuple[str, Any] = ("", None)
        self._result: tuple[str, Any] = ("", None)
        self._hits: dict[str, Any] = {}

    @property
    def _outbox(self) -> Outbox:
        return outbox(self.settings)

    def executions(self) -> set[str]:
        """The ids of those that are under way."""
        return set(self._states)

    def start_execution(self, execution_id: str, argv: list[str]) -> None:
        """An execution begins; redun's database has it from its first job on, and so has the record."""
        self._states[execution_id] = _State(argv=tuple(map(str, argv)), run=run_key(execution_id))

    def start_job(self, job: RedunJob, at: datetime) -> None:
        """A job starts, or was found in the cache."""
        scheduler = get_current_scheduler(required=False)
        if job.execution is None or (scheduler is not None and scheduler._dryrun):
            return
        state = self._states.get(job.execution.id)
        if state is None:
            # A part that is added to an execution of another process.
            self.start_execution(job.execution.id, [])
            state = self._states[job.execution.id]
        if job.id in state.jobs:
            return
        args, kwargs = job.eval_args or ((), {})
        code = task_code(job.task)
        bound = bind(code.source, args, kwargs)
        told = Job(
            id=job.id,
            parent_id=job.parent_job.id if job.parent_job else None,
            task=code,
            started_at=at,
            params=params_of(bound),
            files_in=files_in(bound, task=code.name),
        )
        if not state.jobs and told.parent_id is None:
            self._begin(state, told)
        state.jobs[job.id] = told
        state.below.setdefault(told.parent_id or "", []).append(job.id)
        if not self._is_hidden(told):
            self._tell_start(state, told)

    def note_value(self, value_hash: str, value: Any) -> None:
        """Redun has stored a value; the result of a job comes just before its call."""
        self._last = (value_hash, value)

    def held_value(self) -> tuple[str, Any]:
        """The value that was stored last, with redun's hash of it."""
        return self._last

    def note_call(self, call_hash: str, result_hash: object, held: tuple[str, Any]) -> None:
        """Redun has stored a call, of the job that ends next; `held` was stored just before."""
        self._result = (call_hash, held[1] if held[0] == result_hash else _UNKNOWN)
        self._last = ("", None)

    def note_hit(self, call_hash: str | None, result: Any) -> None:
        """Redun has found the result of an earlier call."""
        if call_hash:
            self._hits[call_hash] = result

    def end_job(self, job: RedunJob, at: datetime) -> None:
        """A job has ended, well or not."""
        state = self._states.get(job.execution.id) if job.execution else None
        seen = state.jobs.get(job.id) if state else None
        if state is None or seen is None:
            return
        call_hash = job.call_hash or ""
        result = self._result[1] if call_hash and self._result[0] == call_hash else self._hits.pop(call_hash, _UNKNOWN)
        self._result = ("", None)
        found: tuple[Found, ...] | None = state.returned.get(call_hash)
        if result is not _UNKNOWN:
            found = () if failure_of(result) is not None else files_in({"": result})
            state.returned[call_hash] = found
        ended = replace(seen, ended_at=at, cached=job.was_cached, failure=None if result is _UNKNOWN else failure_of(result), files_out=found or ())
        state.jobs[job.id] = ended
        below = self._below(state, job.id)
        sums = account(ended, below, hidden=self.settings.hide_helpers)
        state.accounts[job.id] = sums if found is not None else replace(sums, is_partial=True)
        self._reopen_caller(state, ended, sums)
        if result is _UNKNOWN or ended.cached or any(a.is_partial for a in below) or ended.task.name == SUBRUN:
            # Only redun's database knows the whole of it.
            return
        state.told.add(job.id)
        if not self._is_hidden(ended):
            self._tell_end(state, ended, below)

    def finish(self, backend: Any, execution_id: str, *, error: BaseException | None, is_dry: bool = False) -> None:
        """An execution is over: tell what its calls have not told, and how it ended."""
        state = self._states.pop(execution_id, None)
        if state is None or not state.jobs or is_dry:
            return
        leave(state.run)
        closing = _closing(error)
        is_own = any(job.parent_id is None for job in state.jobs.values())
        reading: Reading | None = None
        before = GUARD.failures
        with GUARD:
            reading = self._read(backend, execution_id, state)
        if reading is None:
            # Redun's database can't be asked; of the jobs that are open nothing is known, but it is over.
            if is_own:
                status = RunStatus.COMPLETED if error is None else closing.status
                self._outbox.record(Ended(run=state.run, status=status, at=closing.at, error=closing.error if error else None))
        else:
            for event in tell(
                reading, hidden=self.settings.hide_helpers, closing=closing if is_own else None, begun=state.begun, told=state.told
            ):
                self._outbox.record(event)
            if is_own and GUARD.failures == before:
                note_end(execution_id, jobs=len(reading.jobs))
        self._outbox.ask_for_delivery()

    # --- within one execution ----------------------------------------------------------------

    def _begin(self, state: _State, root: Job) -> None:
        state.parent = caller()
        enter(state.run)
        note_start(state.run.id)
        self._outbox.record(started_execution(self._execution(state, root), shift=LIVE))

    def _execution(self, state: _State, root: Job) -> Execution:
        return Execution(
            id=state.run.id,
            argv=state.argv,
            root=root,
            reference=self._reference,
            parent=state.parent,
            environment=_environment(),
        )

    def _tell_start(self, state: _State, job: Job) -> None:
        self._outbox.record(self._started(state, job))
        with GUARD:
            for found in job.files_in:
                if found.hash and (ref := sight(found, at=None)) is not None:
                    self._outbox.record(Used(run=run_key(job.id), ref=ref, role=found.role))
            state.begun.add(job.id)

    def _started(self, state: _State, job: Job) -> Any:
        above = root_of(job, state.jobs, hidden=self.settings.hide_helpers)
        return started_job(job, execution_id=state.run.id, parent_id=above, reference=self._reference, shift=LIVE)

    def _tell_end(self, state: _State, job: Job, below: list[Account]) -> None:
        own = {f.identity for f in job.files_in if f.hash} if job.id in state.begun else set()
        read = tuple(f for f in inputs(job, below) if f.identity not in own)
        for event in claims(run=run_key(job.id), read=read, written=outputs(job, below), at=None):
            self._outbox.record(event)
        self._outbox.record(ended_job(job))

    def _below(self, state: _State, job_id: str) -> list[Account]:
        inner = sorted((state.jobs[own] for own in state.below.get(job_id, ())), key=lambda job: (job.started_at, job.id))
        return [state.accounts.get(job.id) or self._open_account(state, job) for job in inner]

    def _open_account(self, state: _State, job: Job) -> Account:
        """Of a job that has not ended redun's database knows no arguments."""
        bare = replace(job, params=None, files_in=())
        return account(bare, self._below(state, job.id), hidden=self.settings.hide_helpers)

    def _reopen_caller(self, state: _State, job: Job, sums: Account) -> None:
        """A helper that ends after its caller, which failed without it: the caller is told once more at the end."""
        if self._is_hidden(job) and (sums.written or sums.read):
            above = root_of(job, state.jobs, hidden=True)
            if above is not None:
                state.told.discard(above)

    def _is_hidden(self, job: Job) -> bool:
        return self.settings.hide_helpers and is_helper(job.task.name)

    def _read(self, backend: Any, execution_id: str, state: _State) -> Reading | None:
        bare = {own: replace(job, files_in=(), files_out=()) for own, job in state.jobs.items() if job.ended_at is None}
        known = {own: job for own, job in state.jobs.items() if own in state.told} | bare
        with backend.Session() as session:
            reading = read_execution(
                session, execution_id, reference=self._reference, hidden=self.settings.hide_helpers, known=known
            )
        if reading is None:
            return None
        execution = replace(reading.execution, parent=state.parent, environment=_environment())
        return replace(reading, execution=execution)


def reference_of(db_uri: str) -> str | None:
    """A database's place as a URI without credentials and driver; `None` the working folder for one in memory."""
    url = make_url(db_uri)
    if url.get_backend_name() == "sqlite":
        name = url.database
        return to_uri(Path(os.path.abspath(name)) if name and name != ":memory:" else Path.cwd())  # noqa: PTH100 - links keep their name
    place = url.set(drivername=url.get_backend_name(), username=None, password=None, query={})
    return redact_text(place.render_as_string(hide_password=True))


def _closing(error: BaseException | None) -> Closing:
    if error is None or isinstance(error, KeyboardInterrupt | SystemExit):
        # redun turns Ctrl-C into an exit.
        return Closing(status=RunStatus.CANCELLED, at=now(), error="the execution was stopped")
    return Closing(status=RunStatus.FAILED, at=now(), error=redact_text(f"{type(error).__name__}: {error}"))


def _environment() -> dict[str, Any]:
    user = None
    with suppress(OSError, KeyError, ImportError):
        user = getpass.getuser()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": host_name(),
        "user": user,
        "redun": redun.__version__,
    }
