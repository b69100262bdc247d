"""The doors "reconcile" and "import": runs from what Nextflow left in the folder where it was launched.

What the plug-in has written of a run, if it did, is read as well and believed first, so that a run that is
known in full is told as it was.
"""

import fcntl
import os
import struct
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from lignin.base.clock import now, to_iso
from lignin.recording import Recorder
from nextflow_lignin.account import gather
from nextflow_lignin.history import Launch
from nextflow_lignin.journal import Journal, read_notes
from nextflow_lignin.lines import Line, text
from nextflow_lignin.sources import Known, Sources
from nextflow_lignin.spools import SpoolName, journal_path, spool_folders, spools_in
from nextflow_lignin.synthesise import lines_of_launch
from nextflow_lignin.tell import read_spool_files, tell

__all__ = ["Sources", "read", "read_sources"]

_SILENCE = timedelta(minutes=10)


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
            _read_launch(known, launch, spool=spools.get(key), told=lines.get(key, ()), recorder=recorder)
            count += 1
    return count


def _read_launch(known: Known, launch: Launch, *, spool: Path | None, told: Sequence[Line], recorder: Recorder) -> None:
    lines: list[Line] = [*told, *lines_of_launch(known, launch)]
    with Journal(None) as journal:
        if spool is not None:
            for (kind, name), value in read_notes(journal_path(spool)).items():
                journal.note(kind, value, name=name)
        elif launch.status == "-" and (at := _closed_at(known, launch)) is not None:
            journal.note("closing", {"at": to_iso(at), "code": None})
        beside = spool or spool_folders(known.sources.launch)[0] / "none"
        for run in gather(lines):
            for event in tell(run, journal=journal, spool=beside):
                recorder.record(event)


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
