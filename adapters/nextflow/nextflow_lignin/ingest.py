"""From the plug-in's spool into the catalogue: at the end, again, or while the pipeline runs."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lignin.base.clock import now
from lignin.base.context import current_run_uid
from lignin.base.errors import LigninError, SpoolError
from lignin.base.ids import digest
from lignin.base.processes import is_gone
from lignin.base.settings import find_instance, spool_folder
from lignin.recording import BadLine, Event, RunKey, Spool, dump, hand_over
from nextflow_lignin.account import PipelineRun, gather
from nextflow_lignin.backfill import tell_origins
from nextflow_lignin.journal import Journal, Locked
from nextflow_lignin.lines import read_lines, text
from nextflow_lignin.spools import SpoolName, is_told, journal_path, spools_in
from nextflow_lignin.tell import Reading, read_spool_files, tell

__all__ = ["Ingested", "caller", "follow", "ingest_bytes", "ingest_spool"]

_ENGINE = "nextflow"
_POLL = 0.5
_PATIENCE = 3600.0
# At least so long between two looks of a follower, and so many times what a look takes.
_REST, _SHARE = 10.0, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What came of a spool.

    Attributes:
        runs: how many runs were told.
        bad: lines that are no events.
        delivered: all of it is in the catalogue.
        over: the runs have an end.
    """

    runs: int
    bad: tuple[BadLine, ...]
    delivered: bool
    over: bool


class _Teller:
    """Tells runs to the instance of their launch folder, each event once."""

    def __init__(self, journal: Journal, *, spool: Path | None, parent: str | None = None) -> None:
        self._journal = journal
        self._spool = spool
        self._told: set[str] = set()
        self._keys: set[RunKey] = set()
        if parent is not None and journal.get("parent") is None:
            journal.note("parent", parent)
        self._parent = _run_named(journal.get("parent") or "")

    @property
    def runs(self) -> int:
        """How many runs were told so far."""
        return len(self._keys)

    def pass_on(self, runs: Sequence[PipelineRun], *, code: int | None = None, quiet: bool = False) -> tuple[int, bool]:
        """Deliver what is new; the number of runs told so far, and whether all is in the catalogue."""
        folder = _launch_folder(runs)
        target = Spool(spool_folder(folder), engine=_ENGINE)
        for run in runs:
            for event in tell(run, journal=self._journal, spool=self._spool, code=code, parent=self._parent):
                self._keys.add(event.run)
                self._record(event, target)
            if run.has_ended or self._journal.get("closing") is not None:
                for event in tell_origins(run, journal=self._journal):
                    self._record(event, target)
        target.close()
        if target.path is None:
            return self.runs, True
        return self.runs, hand_over(target.path, runs=self.runs, seconds=_PATIENCE, folder=folder, quiet=quiet)

    def _record(self, event: Event, target: Spool) -> None:
        line = digest(dump(event))
        if line not in self._told:
            self._told.add(line)
            target.record(event)


def ingest_spool(spool: Path, *, code: int | None = None, wait: bool = False, parent: str | None = None) -> Ingested:
    """Bring one spool into the catalogue, after those of the session's earlier runs that were not yet; again, it changes nothing.

    Args:
        spool: the file.
        code: Nextflow's exit code, where a wrapper has seen its process end.
        wait: until another process that reads the spool is done.
        parent: the run that started Nextflow, where that is known.

    Raises:
        SpoolError: there is no such file, or it can't be read.
        Locked: another process reads it.
    """
    if not spool.is_file():
        raise SpoolError(f"there is no spool {spool}")
    for earlier in _unfinished_business(spool):
        # Another process may be at it, or it can't be read: what depends on it says so by itself.
        with suppress(Locked, SpoolError):
            _ingest_one(earlier, code=None, wait=False, parent=None)
    return _ingest_one(spool, code=code, wait=wait, parent=parent)


def ingest_bytes(data: bytes) -> Ingested:
    """Bring a spool that was piped into the catalogue."""
    lines, bad = read_lines(data)
    with Journal(None) as journal:
        runs = gather(lines)
        count, delivered = _Teller(journal, spool=None).pass_on(runs)
    return Ingested(runs=count, bad=tuple(bad), delivered=delivered, over=all(run.has_ended for run in runs))


def follow(spool: Path, *, parent_pid: int | None) -> Ingested:
    """Bring a spool into the catalogue while it is written, until Nextflow says that it ends, or its process is gone.

    Raises:
        SpoolError: the spool can't be read.
        Locked: another process follows it.
    """
    _detach()
    begun, due = now(), time.monotonic()
    size = -1
    with Journal(journal_path(spool)) as journal:
        teller = _Teller(journal, spool=spool, parent=caller())
        while True:
            # Asked before it is read: what the process wrote before its end is then there.
            over = (parent_pid is not None and is_gone(parent_pid, since=begun)) or _says_exit(spool)
            is_due = time.monotonic() >= due and _size(spool) != size
            if over or is_due:
                start, reading = time.monotonic(), _read(spool)
                told, size = gather(reading.lines), _size(spool)
                if over or any(run.begin for run in told):
                    _, delivered = teller.pass_on(told, quiet=not over)
                if over:
                    is_over = _is_over(told, journal)
                    journal.note("told", {"size": reading.size, "over": is_over})
                    return Ingested(runs=teller.runs, bad=reading.bad, delivered=delivered, over=is_over)
                due = time.monotonic() + max(_REST, _SHARE * (time.monotonic() - start))
            time.sleep(_POLL)


def _ingest_one(spool: Path, *, code: int | None, wait: bool, parent: str | None) -> Ingested:
    with Journal(journal_path(spool), wait=wait) as journal:
        reading = _read(spool)
        runs = gather(reading.lines)
        count, delivered = _Teller(journal, spool=spool, parent=parent).pass_on(runs, code=code)
        over = _is_over(runs, journal)
        # What was only kept in our own spool is told as well: `lignin ingest --all` brings it in.
        journal.note("told", {"size": reading.size, "over": over})
        return Ingested(runs=count, bad=reading.bad, delivered=delivered, over=over)


def _unfinished_business(spool: Path) -> list[Path]:
    own = SpoolName.parse(spool)
    if own is None:
        return []
    names = [(path, SpoolName.parse(path)) for path in spools_in([spool.parent])]
    return [path for path, name in names if name and name.session == own.session and name.millis < own.millis and not is_told(path)]


def _is_over(runs: Sequence[PipelineRun], journal: Journal) -> bool:
    return journal.get("closing") is not None or all(run.has_ended for run in runs)


def _says_exit(spool: Path) -> bool:
    """Whether the last line is that of a JVM that ends."""
    with suppress(OSError), spool.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - 65_536))
        last, _ = read_lines(stream.read().rstrip(b"\n").rpartition(b"\n")[2])
        return bool(last) and last[0]["type"] == "run.exit"
    return False


def _read(spool: Path) -> Reading:
    try:
        return read_spool_files(spool)
    except OSError as e:
        raise SpoolError(f"can't read the spool {spool}: {e.strerror or e}.") from e


def _size(spool: Path) -> int:
    with suppress(OSError):
        return spool.stat().st_size
    return -1


def _launch_folder(runs: Sequence[PipelineRun]) -> Path:
    """The folder whose instance is meant: where Nextflow was launched, or else where we are."""
    for run in runs:
        launch = text(run.create, "launchDir")
        if launch and launch.startswith("/") and Path(launch).is_dir():
            with suppress(LigninError):
                find_instance(Path(launch))
                return Path(launch)
    return Path.cwd()


def caller() -> str:
    """The run that this process belongs to, as the environment of a child says it; empty outside of any."""
    return (current_run_uid() or os.environ.get("LIGNIN_PARENT") or "").partition("@")[0]


def _run_named(text: str) -> RunKey | None:
    with suppress(ValueError):
        return RunKey.parse(text) if ":" in text else RunKey(engine="lignin", scope="", id=text) if text else None
    return None


def _detach() -> None:
    """Ctrl+C at the pipeline is not meant for us, and its work comes first."""
    with suppress(OSError):
        os.setsid()
    with suppress(OSError):
        os.nice(10)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
