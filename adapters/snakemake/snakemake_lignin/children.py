"""Tells the processes that a job starts which run they are part of, through `LIGNIN_RUN`.

Snakemake starts the commands of jobs from threads of one process, and has no way to give each an
environment of its own. So two doors of its executors are held open while a workflow is recorded: the
prefix of the command that a job in a process of its own begins with (`run:` blocks, shadow jobs, cluster
jobs), and the class that the command of a job in a thread is started with. A Snakemake that has neither
leaves its children with `LIGNIN_PARENT`, the workflow's run; jobs run the same either way.
"""

import importlib
import os
import shlex
import subprocess
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lignin.recording import Guard, RunKey
from snakemake_lignin.attempts import Attempts
from snakemake_lignin.inside import counting_place

__all__ = ["OWN", "PARENT", "Children"]

PARENT, OWN = "LIGNIN_PARENT", "LIGNIN_RUN"
# Where the process of a job counts how often it tries; the logger plug-in has this name too.
_COUNT = "LIGNIN_ATTEMPTS"
# By name, as the package has a class of the same name; and what this module knows `subprocess` by.
_SHELL = importlib.import_module("snakemake.shell")
_STARTER = "sp"


class Children:
    """The jobs of one workflow, as those who log them and start them see them.

    Args:
        guard: keeps a failure of ours from a job.
        workflow: the run of the workflow.
        key: the run of a job's attempt.
    """

    def __init__(self, *, guard: Guard, workflow: RunKey, key: Callable[[int, int], RunKey]) -> None:
        self._guard = guard
        self._workflow = workflow
        self._key = key
        self._folder = Path.cwd()
        self._attempts = Attempts()
        self._runs: dict[int, RunKey] = {}
        self._thread = threading.local()
        self._doors: list[tuple[Any, str]] = []
        self._opened: set[int] = set()
        self._starter: Any = None

    def begin(self, job: int, at: datetime) -> None:
        """An attempt starts. To be called where Snakemake logs it, before it runs the job."""
        self._attempts.begin(job, at)

    def detail(self, job: int, at: datetime) -> None:
        """An attempt's details are logged, which comes right before it is run."""
        attempt, _ = self._attempts.detail(job, at)
        self._runs[job] = self._key(job, attempt.number)

    def watch(self, scheduler: Any) -> None:
        """Have the executors of a workflow hand runs down from now on."""
        for executor in (getattr(scheduler, "_executor", None), getattr(scheduler, "_local_executor", None)):
            if executor is not None and id(executor) not in self._opened:
                self._opened.add(id(executor))
                self._wrap(executor, "get_job_exec_prefix", self._prefixed)
                self._wrap(executor, "cached_or_run", self._inside)
        if self._starter is None and hasattr(_SHELL, _STARTER):
            self._starter = getattr(_SHELL, _STARTER)
            setattr(_SHELL, _STARTER, SimpleNamespace(**{**vars(self._starter), "Popen": self._popen()}))

    def release(self) -> None:
        """Leave Snakemake as it was."""
        for owner, name in self._doors:
            vars(owner).pop(name, None)
        self._doors.clear()
        if self._starter is not None:
            setattr(_SHELL, _STARTER, self._starter)
            self._starter = None

    def _wrap(self, executor: Any, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        original = getattr(executor, name, None)
        if original is not None:
            setattr(executor, name, wrapper(original))
            self._doors.append((executor, name))

    def _prefixed(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def prefix(job: Any) -> Any:
            before = original(job)
            given = self._declared(job)
            return f"{given} && {before}" if given and before else given or before

        return prefix

    def _inside(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def cached_or_run(job: Any, *args: Any, **options: Any) -> Any:
            self._thread.run = self._run_of(job)
            try:
                return original(job, *args, **options)
            finally:
                self._thread.run = None

        return cached_or_run

    def _run_of(self, job: Any) -> RunKey | None:
        """What to tell a job's process. One process runs a whole group, so that it is told the workflow's run only."""
        with self._guard:
            return self._workflow if job.is_group() else self._runs.get(job.jobid, self._workflow)
        return None

    def _declared(self, job: Any) -> str:
        """A command that tells a job's process its run, and where to count its attempts."""
        with self._guard:
            run = self._run_of(job)
            if run is None:
                return ""
            told = {OWN: str(run), PARENT: str(self._workflow)}
            if run != self._workflow:
                place = counting_place(self._folder, run)
                place.parent.mkdir(parents=True, exist_ok=True)
                told[_COUNT] = str(place)
            return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in told.items())
        return ""

    def _popen(self) -> type[subprocess.Popen[Any]]:
        thread = self._thread

        class Popen(subprocess.Popen[Any]):
            """What Snakemake starts a job's command with; the environment says which run it is."""

            def __init__(self, *args: Any, **options: Any) -> None:
                run = getattr(thread, "run", None)
                if run is not None:
                    given = options.get("env")
                    options["env"] = {**(os.environ if given is None else given), OWN: str(run)}
                super().__init__(*args, **options)

        return Popen
