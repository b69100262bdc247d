"""From a spool of the plug-in to events: what the lines say, what the files look like, who came before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lignin.base.clock import from_iso, now, to_iso
from lignin.base.processes import is_gone
from lignin.recording import BadLine, Event, RunKey
from nextflow_lignin.account import PipelineRun, executed, gather, pipeline_key, task_key
from nextflow_lignin.discover import discovered
from nextflow_lignin.files import Found
from nextflow_lignin.journal import Journal
from nextflow_lignin.lines import Line, number, read_lines, text
from nextflow_lignin.past import Past
from nextflow_lignin.scripts import look_at_scripts
from nextflow_lignin.sight import Sight, is_here
from nextflow_lignin.spools import SpoolName, parts_of, spools_in
from nextflow_lignin.translate import Closing, Context, is_stub, translate

__all__ = ["Reading", "read_spool_files", "tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a run's files hold.

    Attributes:
        lines: the events.
        bad: the lines that are none.
        size: in bytes.
    """

    lines: tuple[Line, ...]
    bad: tuple[BadLine, ...]
    size: int


def read_spool_files(spool: Path) -> Reading:
    """Read a run's spool, in one file or two.

    Raises:
        OSError: it can't be read.
    """
    lines: list[Line] = []
    bad: list[BadLine] = []
    size = 0
    for path in parts_of(spool) or [spool]:
        data = path.read_bytes()
        found, problems = read_lines(data)
        lines += found
        bad += problems
        size += len(data)
    return Reading(lines=tuple(lines), bad=tuple(bad), size=size)


def tell(
    run: PipelineRun, *, journal: Journal, spool: Path | None = None, code: int | None = None, parent: RunKey | None = None, past: Past | None = None
) -> Iterator[Event]:
    """All events of a run.

    Args:
        run: what Nextflow said.
        journal: what was seen before, and is now.
        spool: its file, beside which earlier runs of the session lie.
        code: Nextflow's exit code, where a wrapper has seen it: its process is gone.
        parent: the run that started Nextflow.
        past: what Nextflow keeps of earlier runs; what lies where it was launched, if it is not said.
    """
    here = is_here(text(run.create, "host"))
    earlier = _earlier(run, spool) if spool is not None else []
    context = Context(
        origins=_origins(run, earlier, journal=journal, past=past or (Past.of(run) if here else Past())),
        bases=look_at_scripts(run, journal=journal, is_here=here),
        closing=_closing(run, journal, code=code, is_here=here),
        parent=parent,
        resumed_from=_latest(earlier),
    )
    sight = Sight(text(run.create, "host"), journal=journal)
    for told in translate(run, context):
        if not isinstance(told, Found):
            yield told
        elif (claim := sight.claim(told)) is not None:
            yield claim
    if here and not is_stub(run):
        for found in discovered(run, journal=journal):
            if (claim := sight.claim(found)) is not None:
                yield claim


def _closing(run: PipelineRun, journal: Journal, *, code: int | None, is_here: bool) -> Closing | None:
    """The end of a run whose process is gone, and did not say that it goes."""
    if run.is_silent and run.has_ended:
        return None
    if (noted := journal.get("closing")) is not None:
        return Closing(at=from_iso(noted["at"]), code=noted["code"])
    pid = number(run.create, "pid")
    # A run in the background outlives whoever started it.
    is_dead = is_here and pid is not None and is_gone(pid, since=run.last)
    if not is_dead and (code is None or (is_here and pid is not None)):
        return None
    # Without a wrapper nobody saw when it went: it was there when it wrote its last line.
    at: datetime = run.last if code is None else now()
    journal.note("closing", {"at": to_iso(at), "code": code})
    return Closing(at=at, code=code)


def _earlier(run: PipelineRun, spool: Path) -> list[Path]:
    """Spools of earlier runs of the same session, the oldest first."""
    own = SpoolName.parse(spool)
    begun = int(run.started_at.timestamp() * 1000) if own is None else own.millis
    found = []
    for path in spools_in([spool.parent]):
        name = SpoolName.parse(path)
        if name is not None and name.session == run.session_id and name.run != run.name and name.millis < begun:
            found.append(path)
    return found


def _latest(earlier: list[Path]) -> str | None:
    name = SpoolName.parse(earlier[-1]) if earlier else None
    return None if name is None else name.run


def _origins(run: PipelineRun, earlier: list[Path], *, journal: Journal, past: Past) -> Mapping[str, RunKey]:
    """Who has really computed what this run found done: by the spools of the session's earlier runs, else by what Nextflow keeps."""
    cached = {task.id for task in run.tasks.values() if task.final and task.final.get("state") == "cached"}
    if not cached:
        return {}
    found: dict[str, RunKey] = {}
    for path in earlier:
        for other in gather(read_spool_files(path).lines):
            if other.key != pipeline_key(run.session_id, run.name):
                found.update(executed(other))
    if cached - found.keys():
        # Noted, since the history forgets, and the same must be told again.
        noted = {own: tuple(owner) for own, owner in (journal.get("owners") or {}).items()}
        told = {**dict(past.owners(run)), **noted}
        if told != noted:
            journal.note("owners", told)
        found = {own: task_key(pipeline_key(*owner), own) for own, owner in told.items()} | found
    return found
