"""Reads runs out of `.snakemake`: the doors `lignin import snakemake` and `lignin reconcile snakemake`.

A workflow that was recorded as it ran has left a note that names its spool, and the spool is told again
as it is. What that misses, and workflows without a note, are told from Snakemake's logs (who ran when,
under the names that the live hook uses) and metadata (files with their times), and from the Snakefile as
far as it still is what ran.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.recording import BadLine, Recorder, Story, fold, read_spool
from snakemake_lignin.account import Account
from snakemake_lignin.ask import Wanted, ask
from snakemake_lignin.logs import Invocation, parse_log
from snakemake_lignin.match import Found, match
from snakemake_lignin.note import find_spool, is_written, read_notes
from snakemake_lignin.store import Record, read_records, split_files
from snakemake_lignin.translate import job_key, workflow_key

__all__ = ["read"]

# How a log lists an output that is no file.
_STREAM = re.compile(r"(.+) \((?:pipe|service)\)")


def read(target: str | None, *, recorder: Recorder, since: datetime | None, closing: bool) -> None:
    """Tell every run that a working folder of Snakemake knows.

    Args:
        target: the working folder, by default the current one.
        recorder: what is told.
        since: leave out workflows that began before.
        closing: end workflows and jobs whose process is gone as crashed.

    Raises:
        UsageError: Snakemake has not run in that folder, or its records can't be read.
    """
    folder = Path(target or ".").absolute()
    store = folder / ".snakemake"
    if not (store / "log").is_dir():
        raise UsageError(f"Snakemake has not run in {folder}: there is no .snakemake/log. Name the folder in which it ran (its --directory).")
    try:
        parsed = [parse_log(path) for path in sorted((store / "log").glob("*.snakemake.log"))]
        logs = [_moved(log, folder) for log in parsed if log.is_run]
        notes = read_notes(store)
        records = _all_records(folder, logs)
    except OSError as e:
        raise UsageError(f"can't read {e.filename}: {e.strerror}. Run this as the user who ran Snakemake.") from e
    found, _ = match(logs, records)
    for log in logs:
        if since is None or log.at >= since:
            place = _Place(folder=_run_folder(folder, log), asked=folder, records=records, spool=notes.get(log.id), closing=closing)
            _tell(log, tuple(each for each in found if each.invocation is log), place, recorder)
    if since is None:
        _tell_unlogged({workflow: path for workflow, path in notes.items() if workflow not in {log.id for log in logs}}, recorder)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a workflow ran, what is stored of it, and the spool that it was recorded into."""

    folder: Path
    asked: Path
    records: Mapping[str, Record]
    spool: Path | None
    closing: bool


def _tell(log: Invocation, found: tuple[Found, ...], place: _Place, recorder: Recorder) -> None:
    spool = None if place.spool is None else find_spool(place.spool)
    if place.spool is not None and spool is None:
        say("!", f"{log.path.name} was recorded into {place.spool}, which is gone, so nothing of it is read anew")
        return
    story = _replay(spool, log.id, recorder) if spool is not None else Story()
    if workflow_key(log.id) in story.ended:
        return
    gone = place.closing and not is_written(log.path, host=log.facts.get("Host")) and (spool is None or not is_written(spool, host=None))
    # What the live hook is about to tell is not told here.
    if spool is not None and not gone:
        return
    account = _account(log, found, place, gone=gone)
    if workflow_key(log.id) not in story.started:
        recorder.record(account.begin())
    for each in found:
        key = job_key(log.id, each.job.id, attempt=each.job.attempt)
        begun = story.started.get(key)
        if begun is None:
            for event in account.begin_job(each):
                recorder.record(event)
        if key not in story.ended:
            for event in account.end_job(each, not_before=None if begun is None else begun.at):
                recorder.record(event)
    for event in account.end():
        recorder.record(event)


def _tell_unlogged(notes: Mapping[str, Path], recorder: Recorder) -> None:
    """With `--quiet all` Snakemake's log stays empty, and there is the spool alone."""
    for workflow, path in notes.items():
        spool = find_spool(path)
        if spool is not None:
            _replay(spool, workflow, recorder)


def _replay(spool: Path, workflow: str, recorder: Recorder) -> Story:
    """Tell again what a spool says of a workflow."""
    events = [event for event in read_spool(spool) if not isinstance(event, BadLine) and event.run.scope == workflow]
    for event in events:
        recorder.record(event)
    return fold(events)


def _account(log: Invocation, found: tuple[Found, ...], place: _Place, *, gone: bool) -> Account:
    wanted = [Wanted(id=each.job.id, rule=each.job.rule, output=_an_output(each, place.records)) for each in found]
    answer = ask(log, wanted, folder=place.asked, outputs=tuple(place.records))
    told = (name for each in found for name in split_files(each.job.told.get("output", ""), ()))
    noted = (match[1] for name in told if (match := _STREAM.fullmatch(name)))
    return Account(
        invocation=log,
        workflow=answer.workflow,
        says={(each.job.id, each.job.attempt): says for each, says in zip(found, answer.jobs, strict=True) if says},
        temporary=frozenset(name for says in answer.jobs if says for name in says.get("temporary", ())),
        streams=frozenset(name for says in answer.jobs if says for name in says.get("streams", ())).union(noted),
        found=found,
        records=place.records,
        folder=place.folder,
        gone=gone,
    )


def _moved(log: Invocation, folder: Path) -> Invocation:
    """The log of a folder that was moved or copied since, with the Snakefile that came along."""
    then, snakefile = log.facts.get("Working directory", ""), log.facts.get("Snakefile", "")
    if not then or not Path(snakefile).is_relative_to(then):
        return log
    here = folder / Path(snakefile).relative_to(then)
    return replace(log, facts={**log.facts, "Snakefile": str(here)}) if here.is_file() else log


def _an_output(found: Found, records: Mapping[str, Record]) -> str | None:
    names = [record.output for record in found.records] or split_files(found.job.told.get("output", ""), records)
    return next(iter(names), None)


def _run_folder(folder: Path, log: Invocation) -> Path:
    """Where paths begin: the folder with the logs, unless the Snakefile has a `workdir` of its own."""
    told = Path(log.facts.get("Run directory", folder))
    return told if not _has_records(folder) and _has_records(told) else folder


def _all_records(folder: Path, logs: Sequence[Invocation]) -> dict[str, Record]:
    return read_records((_run_folder(folder, logs[-1]) if logs else folder) / ".snakemake")


def _has_records(folder: Path) -> bool:
    store = folder / ".snakemake" / "metadata"
    return store.is_dir() and any(store.iterdir())
