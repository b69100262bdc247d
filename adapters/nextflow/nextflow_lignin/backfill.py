"""The doors "reconcile" and "import": runs from what Nextflow left in the folder where it was launched.

What the plug-in has written of a run, if it did, is read as well and believed first, so that a run that is
known in full is told as it was.
"""

import fcntl
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from lignin.base.clock import now, to_iso
from lignin.base.errors import NotFound
from lignin.recording import Event, Recorder
from nextflow_lignin.account import PipelineRun, gather
from nextflow_lignin.history import Launch
from nextflow_lignin.journal import Journal, read_notes
from nextflow_lignin.lines import Line, text
from nextflow_lignin.past import Past
from nextflow_lignin.sources import Known, Sources
from nextflow_lignin.spools import SpoolName, journal_path, spool_folders, spools_in
from nextflow_lignin.synthesise import lines_of_launch
from nextflow_lignin.tell import read_spool_files, tell

__all__ = ["Sources", "read", "read_sources", "tell_origins"]

_SILENCE = timedelta(minutes=10)
_LAST_SEQ = 2_000_000_000


def read(target: str | None, *, recorder: Recorder, since: datetime | None, closing: bool) -> None:
    """Tell `recorder` every run that was launched in a folder.

    Args:
        target: the folder; `None` for the current one.
        recorder: what is told.
        since: leave out runs that began before.
        closing: end those that were left open and whose process is gone. An import says so as well: they are over in the same way.

    Raises:
        NotFound: Nextflow was not launched there, or what it left can't be read.
    """
    read_sources(Sources.find(Path(target or ".").absolute()), recorder=recorder, since=since)


def read_sources(sources: Sources, *, recorder: Recorder, since: datetime | None = None) -> int:
    """Tell `recorder` the runs that these sources know; returns how many.

    Raises:
        NotFound: one of them can't be read.
    """
    known = Known.read(sources)
    spools = {(name.session, name.run): path for path in spools_in(spool_folders(sources.launch)) if (name := SpoolName.parse(path)) is not None}
    lines = {own: read_spool_files(path).lines for own, path in spools.items()}
    # A trace has only the first digits of a hash, and the work folder that has the others may be gone.
    known.hashes = {own for told in lines.values() for line in told if (own := text(line, "hash")) is not None}
    count = 0
    for launch in known.launches:
        if since is None or launch.at >= since:
            key = launch.session, launch.name
            for event in _tell_launch(known, launch, spool=spools.get(key), told=lines.get(key, ())):
                recorder.record(event)
            count += 1
    return count


def tell_origins(run: PipelineRun, *, journal: Journal) -> Iterator[Event]:
    """The earlier runs that computed what this run found done, and that left no spool: as an import tells them."""
    folder = text(run.create, "launchDir")
    wanted = {tuple(owner) for owner in (journal.get("owners") or {}).values()}
    if not wanted or folder is None or not Path(folder).is_dir():
        return
    with suppress(NotFound):
        known = Known.read(Sources.find(Path(folder)))
        spooled = {(name.session, name.run) for path in spools_in(spool_folders(Path(folder))) if (name := SpoolName.parse(path)) is not None}
        for launch in known.launches:
            if (launch.session, launch.name) in wanted - spooled:
                yield from _tell_launch(known, launch, extra=_as_computed(run, launch, journal))


def _as_computed(run: PipelineRun, launch: Launch, journal: Journal) -> list[Line]:
    """What a run says of the tasks that it found done, as the run that did them would have: all that it knows is of that one."""
    owners = journal.get("owners") or {}
    lines: list[Line] = []
    for task in run.tasks.values():
        if task.final is not None and tuple(owners.get(task.id, ())) == (launch.session, launch.name):
            frame = {"run": {"sessionId": launch.session, "runName": launch.name, "startedAt": to_iso(launch.at)}, "imported": True}
            # After all that Nextflow's stores say, which comes first.
            lines.append({**task.final, **frame, "state": "complete", "status": "COMPLETED", "seq": _LAST_SEQ + len(lines)})
    return lines


def _tell_launch(
    known: Known, launch: Launch, *, spool: Path | None = None, told: Sequence[Line] = (), extra: Sequence[Line] = ()
) -> Iterator[Event]:
    lines: list[Line] = [*told, *lines_of_launch(known, launch), *extra]
    with Journal(None) as journal:
        if spool is not None:
            for (kind, name), value in read_notes(journal_path(spool)).items():
                journal.note(kind, value, name=name)
        elif launch.status == "-" and (at := _closed_at(known, launch)) is not None:
            journal.note("closing", {"at": to_iso(at), "code": None})
        beside = spool or spool_folders(known.sources.launch)[0] / "none"
        past = Past(launches=known.launches, store=known.sources.lineage)
        for run in gather(lines):
            yield from tell(run, journal=journal, spool=beside, past=past)


def _closed_at(known: Known, launch: Launch) -> datetime | None:
    """When a run that has no end must have ended; `None` while it may go on."""
    cache = known.sources.launch / ".nextflow" / "cache" / launch.session
    following = known.next_of(launch)
    index = cache / f"index.{launch.name}"
    last = launch.at
    with suppress(OSError):
        last = max(last, datetime.fromtimestamp(index.stat().st_mtime, launch.at.tzinfo))
    held = _is_held(cache / "db" / "LOCK")
    if held is None:
        return last if now() - last > _SILENCE else None
    # Its session may be held by a later run of it.
    resumed = following is not None and any(other.session == launch.session and other.at > launch.at for other in known.launches)
    return None if held and not resumed else last


def _is_held(lock: Path) -> bool | None:
    """Whether a process holds Nextflow's lock on a session; `None` where that can't be seen. Asks only, takes nothing."""
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except OSError:
        return None
    try:
        asked = fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        return bool(struct.unpack("hhqqi", asked)[0] != fcntl.F_UNLCK)
    except (OSError, struct.error):
        return None
    finally:
        os.close(descriptor)
