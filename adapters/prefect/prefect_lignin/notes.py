"""The live hooks' own word on runs, kept in the spools beside the catalogue: what Prefect's store can't tell.

A spool has the source, the files and the resolved parameters of the runs that were recorded as they ran, and says
which process wrote it. It stays where it is, or in `ingested/`, after it was brought in.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lignin.base.errors import SpoolError
from lignin.base.settings import spool_folder, user_home
from lignin.recording import BadLine, Code, Ended, Event, RunKey, Started, read_spool
from lignin.recording.spool import SUFFIX, is_at_rest

__all__ = ["Notes", "read_notes"]

_INGESTED = "ingested"


@dataclass(slots=True, kw_only=True)
class Notes:
    """What was recorded live.

    Attributes:
        events: by Prefect's id of a run, in the order in which they were written.
        started: the last telling of each attempt's start.
        ended: the last telling of each attempt's end.
        spools: where each attempt's start was told.
        flows: the attempts of task runs by id of their flow run.
        codes: what tasks and flows are made of, by task key, or by flow id and version of the flow's file.
    """

    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    started: dict[RunKey, Started] = field(default_factory=dict)
    ended: dict[RunKey, Ended] = field(default_factory=dict)
    spools: dict[RunKey, Path] = field(default_factory=dict)
    flows: dict[str, dict[RunKey, None]] = field(default_factory=lambda: defaultdict(dict))
    codes: dict[tuple[str, str], Code | None] = field(default_factory=dict)

    def code(self, what: str, version: str | None) -> Code | None:
        """The code of a task key, or of a flow id in a version, if it was seen and is certain."""
        return self.codes.get((what, version or ""))

    def in_flow(self, flow_run_id: str) -> Iterator[RunKey]:
        """The task runs of a flow run."""
        return iter(self.flows.get(flow_run_id, {}))

    def last_word(self, run: RunKey) -> datetime | None:
        """The last moment at which the process of a run was alive for certain; `None` if it may be so still."""
        spool = self.spools.get(run)
        return _end_of_writer(spool) if spool is not None else None

    def take(self, path: Path) -> None:
        """Take in one spool."""
        for event in read_spool(path):
            if isinstance(event, BadLine) or event.run.engine != "prefect":
                continue
            self.events[event.run.id].append(event)
            if isinstance(event, Started):
                self.started[event.run] = event
                self.spools[event.run] = path
                if isinstance(flow := event.info.get("flow_run_id"), str):
                    self.flows[flow][event.run] = None
                self._note_code(event)
            elif isinstance(event, Ended):
                self.ended[event.run] = event

    def _note_code(self, event: Started) -> None:
        if event.code is None:
            return
        info = event.info
        name = (info.get("task_key"), "") if "task_key" in info else (info.get("flow_id"), info.get("flow_version") or "")
        if isinstance(name[0], str) and isinstance(name[1], str):
            known = self.codes.setdefault((name[0], name[1]), event.code)
            if known is not None and known.hash != event.code.hash:
                # Two functions under one name: nobody can tell which one ran.
                self.codes[name[0], name[1]] = None


def read_notes(*, since: datetime | None) -> Notes:
    """The word of all spools that were written to at or after `since`.

    Raises:
        SpoolError: one of them can't be read.
    """
    notes = Notes()
    for path in _spools():
        try:
            if since is None or path.stat().st_mtime >= since.timestamp():
                notes.take(path)
        except (FileNotFoundError, SpoolError):
            if path.exists():
                raise
            # It was put away at this moment.
            notes.take(path.parent / _INGESTED / path.name)
    return notes


def _spools() -> list[Path]:
    folders = dict.fromkeys((spool_folder(), user_home() / "spool"))
    found = (path for folder in folders for place in (folder, folder / _INGESTED) if place.is_dir() for path in place.glob(f"*-prefect-*{SUFFIX}"))
    # The same name in both places is the same spool, seen as it moved.
    return sorted({path.name: path for path in found}.values(), key=lambda path: path.name)


def _end_of_writer(path: Path) -> datetime | None:
    """When a spool was last written to, if its writer is a process of this machine that has ended."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if is_at_rest(path) else None
    except OSError:
        return None
