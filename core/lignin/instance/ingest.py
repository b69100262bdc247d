"""Spools into the catalogue."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from lignin.base.errors import SpoolError
from lignin.instance.apply_policy import apply_policy, label_runs
from lignin.instance.record import record_story
from lignin.instance.retained import retain_outputs
from lignin.recording import (
    BadLine,
    Claim,
    Event,
    FileRef,
    Policy,
    RunKey,
    Story,
    Treatment,
    fold,
    read_content,
    read_spool,
)
from lignin.recording.spool import SUFFIX, is_at_rest

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["IngestReport", "ingest", "waiting_spools"]

_BATCH = 20_000
DONE = "ingested"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What came of one spool.

    Attributes:
        path: the spool.
        events: how many were read.
        runs: how many runs they speak of.
        hashed: how many files were read here, because no one had.
        bad: lines that are no events.
    """

    path: Path
    events: int
    runs: int
    hashed: int
    bad: tuple[BadLine, ...]


def waiting_spools(instance: Instance) -> Sequence[Path]:
    """The spools that were not ingested yet: the instance's own, and the user's."""
    return sorted({path for folder in instance.config.spools if folder.is_dir() for path in folder.glob(f"*{SUFFIX}")})


def ingest(instance: Instance, path: Path) -> IngestReport:
    """Bring one spool into the catalogue; doing it again changes nothing.

    Files that nobody has hashed yet are hashed here, if they lie on this machine and are
    still as they were told. A spool of ours whose writer is gone moves to `ingested/` beside it.

    Raises:
        SpoolError: there is no such file, or it can't be read.
        UsageError: the instance's policy can't be used.
    """
    # Not `path.is_file()`, which raises where a name is too long.
    if not os.path.isfile(path):  # noqa: PTH113
        raise SpoolError(f"there is no spool {path}")
    bad: list[BadLine] = []
    events, hashed = 0, 0
    runs: set[RunKey] = set()
    # Asked before the first line is read: what is written meanwhile must find its spool in its place.
    is_over = is_at_rest(path)
    policy = Policy.read(instance.config.folder)
    stream = _events(path, bad)
    contents: dict[FileRef, FileRef] = {}
    while batch := list(islice(stream, _BATCH)):
        events += len(batch)
        story = fold(batch)
        apply_policy(policy, story)
        hashed += _read_contents(story, contents, policy)
        if policy.retain != "none":
            # Before the next run can overwrite them.
            retain_outputs(instance, policy, story.claims)
        record_story(instance, story)
        label_runs(instance, policy, story.started.values())
        runs.update(story.runs())
    if path.parent in instance.config.spools and all(line.torn for line in bad) and is_over:
        _put_away(path)
    return IngestReport(path=path, events=events, runs=len(runs), hashed=hashed, bad=tuple(bad))


def _events(path: Path, bad: list[BadLine]) -> Iterator[Event]:
    for item in read_spool(path):
        if isinstance(item, BadLine):
            bad.append(item)
        else:
            yield item


def _read_contents(story: Story, contents: dict[FileRef, FileRef], policy: Policy) -> int:
    """Complete a story's claims with the contents of files that nobody has read."""
    if all(claim.ref.content_id is not None for claim in story.claims):
        return 0
    known = {_sighting(claim.ref): claim.ref for claim in story.claims if claim.ref.content_id}
    before = len(contents)
    claims = []
    for claim in story.claims:
        if claim.ref.content_id is not None or policy.treat(claim.ref) is not Treatment.HASH:
            claims.append(claim)
            continue
        # The run that wrote a file may have read it, when the one that used it had not.
        found = known.get(_sighting(claim.ref)) or _cached(claim.ref, contents)
        read = replace(claim.ref, content_id=found.content_id, n_files=found.n_files, state=found.state)
        claims.append(replace(claim, ref=read))
    story.claims = _distinct(claims)
    return len(contents) - before


def _cached(ref: FileRef, contents: dict[FileRef, FileRef]) -> FileRef:
    if ref not in contents:
        contents[ref] = read_content(ref)
    return contents[ref]


def _sighting(ref: FileRef) -> tuple[object, ...]:
    return ref.uri, ref.host, ref.size, ref.mtime_ns


def _distinct(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    return tuple(dict.fromkeys(claims))


def _put_away(path: Path) -> None:
    folder = path.parent / DONE
    folder.mkdir(exist_ok=True)
    # Another process may have ingested it at the same time, and moved it first.
    with suppress(FileNotFoundError):
        path.rename(folder / path.name)
