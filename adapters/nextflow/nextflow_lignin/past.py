"""Which earlier run has computed what a resumed one found done, where that run left no spool.

Nextflow's lineage store names the run of each task. Where there is none, the history says when each run of the session went on,
and a cached task's trace says when it was submitted: of one session only one run goes on at a time.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nextflow_lignin.account import PipelineRun, TaskRun
from nextflow_lignin.history import Launch, read_history
from nextflow_lignin.lineage import lid, read_record
from nextflow_lignin.lines import section, text

__all__ = ["Owner", "Past"]

Owner = tuple[str, str]

_SLACK = timedelta(seconds=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What Nextflow keeps of runs, in the folder where it was launched.

    Attributes:
        launches: the lines of its history.
        store: its lineage store.
    """

    launches: Sequence[Launch] = ()
    store: Path | None = None

    @classmethod
    def of(cls, run: PipelineRun) -> "Past":
        """What there is for a run of this machine; nothing where it can't be read."""
        folder = text(run.create, "launchDir")
        if folder is None or not folder.startswith("/"):
            return cls()
        for cache in filter(None, (os.environ.get("NXF_CACHE_DIR"), ".nextflow")):
            with suppress(OSError):
                return cls(launches=read_history(Path(folder) / cache / "history"), store=Path(folder) / ".lineage")
        return cls(store=Path(folder) / ".lineage")

    def owners(self, run: PipelineRun) -> Iterator[tuple[str, Owner]]:
        """By hash, session and name of the run that computed each cached task, as far as they can be told."""
        for task in run.tasks.values():
            if task.final is not None and task.final.get("state") == "cached":
                owner = self._by_store(task.id) or self._by_time(run, task)
                if owner is not None and owner != (run.session_id, run.name):
                    yield task.id, owner

    def _by_store(self, own: str) -> Owner | None:
        if self.store is None or "/" in own:
            return None
        task = read_record(self.store / own) or {}
        key = lid(task.get("workflowRun"))
        record = read_record(self.store / key) if key and ".." not in key else None
        session, name = (record or {}).get("sessionId"), (record or {}).get("name")
        return (session, name) if isinstance(session, str) and isinstance(name, str) else None

    def _by_time(self, run: PipelineRun, task: TaskRun) -> Owner | None:
        before = [launch for launch in self.launches if launch.session == run.session_id and launch.name != run.name and launch.at < run.started_at]
        at = _submitted(section(task.known, "trace"))
        if at is None:
            return (before[0].session, before[0].name) if len(before) == 1 else None
        begun = [launch for launch in before if launch.at <= at]
        last = max(begun, key=lambda launch: launch.at, default=None)
        if last is None or (last.end is not None and at > last.end + _SLACK):
            return None
        return last.session, last.name


def _submitted(trace: Mapping[str, object]) -> datetime | None:
    for name in ("submit", "start", "complete"):
        value = trace.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 4e12:
            return _EPOCH + timedelta(milliseconds=value)
    return None
