"""What Snakemake logs, event by event, becomes a record.

`take` runs in a thread of Snakemake's logging, which an exception would end for good, so all of it
is inside a `Guard`. `close` runs in the main thread when the workflow is over: Snakemake has no
event for that, so what is still open is judged from its scheduler and its graph.
"""

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import snakemake.api
import snakemake.workflow

from lignin.base.clock import now
from lignin.base.settings import spool_folder
from lignin.recording import Courier, Guard, RunKey, Spool, hand_over, is_strict
from snakemake_lignin.children import OWN, PARENT, Children
from snakemake_lignin.note import write_note
from snakemake_lignin.settings import Settings
from snakemake_lignin.story import Story
from snakemake_lignin.translate import job_key, workflow_key

__all__ = ["Hook"]


class Hook:
    """Records the workflows of one Snakemake process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Never strict inside: an exception in the logging thread would only end the recording.
        self._guard = Guard("snakemake", strict=False)
        self._spool: Spool | None = None
        self._courier: Courier | None = None
        self._story: Story | None = None
        self._children: Children | None = None
        self._environment = {name: os.environ.get(name) for name in (PARENT, OWN)}
        self._folder = Path.cwd()
        self._runs = 0
        self._handlers: dict[str, Callable[[Story, logging.LogRecord], None]] = {
            "job_started": lambda story, record: story.start_jobs(record),
            "job_info": lambda story, record: story.detail_job(record),
            "job_finished": lambda story, record: story.finish_job(record),
            "job_error": lambda story, record: story.fail_job(record),
            "group_error": lambda story, record: story.fail_group(record),
            "error": lambda story, record: story.note_error(record),
            "none": lambda story, record: story.note_message(record),
        }

    def take(self, record: logging.LogRecord) -> None:
        """Take one log record. Never raises."""
        with self._guard:
            event = str(getattr(record, "event", None) or "none").rpartition(".")[2].lower()
            if event == "workflow_started":
                self._begin(record)
            elif self._story is not None and event in self._handlers:
                self._handlers[event](self._story, record)

    def look(self, record: logging.LogRecord) -> bool:
        """See to what can't wait until `take` gets the record; a filter that lets all pass.

        Called in the thread that logs, which waits: a job is started as soon as its details are logged, and is
        to know its run, and the files of a failed group are deleted as soon as the failure is logged.
        """
        with self._guard:
            event = str(getattr(record, "event", None)).rpartition(".")[2].lower()
            if event == "group_error" and self._story is not None:
                self._story.keep_doomed(record)
            elif event == "workflow_started":
                self._enter(record)
            elif event in {"job_started", "job_info"} and self._children is not None:
                self._hand_down(record, self._children)
        return True

    def close(self) -> None:
        """Finish the record, and hand it to the catalogue.

        Raises:
            SystemExit: with `LIGNIN_STRICT`, if anything could not be recorded.
        """
        delivered = False
        with self._guard:
            if self._children is not None:
                self._children.release()
        with self._guard:
            self._finish()
            delivered = self._hand_over()
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        # Snakemake swallows an Exception here, so strictness needs one that is none.
        if is_strict() and (self._guard.failures or (self._runs and not delivered)):
            sys.exit("lignin (snakemake): the workflow was not recorded as a whole, and LIGNIN_STRICT is set.")

    def _enter(self, record: logging.LogRecord) -> None:
        """From here on, what this process starts is part of the workflow."""
        if not _is_workflow(snakemake.workflow.workflow):
            return
        identity = str(getattr(record, "workflow_id"))  # noqa: B009 - attributes of records are set at run time
        os.environ[PARENT] = str(workflow_key(identity))
        # What runs inside a job is not the process that started us.
        os.environ.pop(OWN, None)
        if self._children is not None:
            self._children.release()
        self._children = Children(
            guard=self._guard, workflow=workflow_key(identity), key=lambda job, attempt: job_key(identity, job, attempt=attempt)
        )

    def _hand_down(self, record: logging.LogRecord, children: Children) -> None:
        told, at = vars(record), datetime.fromtimestamp(record.created, UTC)
        if "jobid" in told:
            children.detail(int(told["jobid"]), at)
            return
        children.watch(snakemake.workflow.workflow.scheduler)
        for number in told.get("jobs") or ():
            if isinstance(number, int):
                children.begin(number, at)

    def _begin(self, record: logging.LogRecord) -> None:
        engine = snakemake.workflow.workflow
        if not _is_workflow(engine):
            return
        identity = str(getattr(record, "workflow_id"))  # noqa: B009 - attributes of records are set at run time
        parent = self._parent()
        self._finish()
        if self._courier is None:
            self._folder = Path.cwd()
            self._spool = Spool(spool_folder(self._folder), engine="snakemake")
            self._courier = Courier(self._spool, guard=self._guard, hash_files=self._settings.hash_files)
        self._story = Story(engine, recorder=self._courier, guard=self._guard, identity=identity)
        self._story.start(record, parent=parent)
        for log in engine.logger_manager.get_logfile():
            if self._spool is not None and self._spool.path is not None:
                write_note(Path(log).parents[1], workflow=identity, spool=self._spool.path)

    def _parent(self) -> RunKey | None:
        """The run that started this process, or that it belongs to: an engine's key, or `uid@instance` of a tracked script."""
        for name in (OWN, PARENT):
            text = (self._environment[name] or "").partition("@")[0]
            if text and ":" not in text:
                return RunKey(engine="lignin", scope="", id=text)
            with suppress(ValueError):
                return RunKey.parse(text)
        return None

    def _finish(self) -> None:
        story, self._story = self._story, None
        if story is not None:
            story.finish(now())
            self._runs += story.runs

    def _hand_over(self) -> bool:
        """Wait for the hashes, then ingest; say how it went. Whether all is in the catalogue."""
        if self._courier is None or self._spool is None:
            return False
        end = time.monotonic() + self._settings.wait
        self._courier.flush(self._settings.wait)
        self._spool.close()
        if not hand_over(self._spool.path, runs=self._runs, seconds=end - time.monotonic(), folder=self._folder):
            return False
        if not self._settings.quiet:
            sys.stderr.write(f"→ lignin: recorded {self._runs} runs\n")
        return True


def _is_workflow(engine: Any) -> bool:
    """Whether this is a workflow of the user's that runs; a job's own process is none."""
    return engine.exec_mode.name == "DEFAULT" and not engine.dryrun
