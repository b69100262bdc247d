"""An engine's own store into the catalogue."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lignin.instance.ingest import ingest
from lignin.model import Artifact, Run
from lignin.recording import Spool, find_backfill

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["BackfillReport", "backfill"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillReport:
    """What came of an engine's store.

    Attributes:
        runs: how many runs it told of.
        new_runs, new_artifacts: how many rows came into the catalogue meanwhile.
        hashed: how many files were read.
    """

    runs: int
    new_runs: int
    new_artifacts: int
    hashed: int


def backfill(instance: Instance, engine: str, target: str | None = None, *, since: datetime | None = None, closing: bool = False) -> BackfillReport:
    """Bring the runs that an engine's store knows into the catalogue; what is there already stays as it is.

    Args:
        instance: the catalogue.
        engine: `snakemake`, `prefect`, `redun`, or the name of an adapter that is installed.
        target: the store, in the engine's own terms; `None` for the usual one.
        since: leave out runs that began before.
        closing: end the runs that were left open and whose process is gone.

    Raises:
        MissingExtra: the adapter is not installed.
        LigninError: there is no such store, or it can't be read.
    """
    read = find_backfill(engine)
    before = _count(instance)
    with tempfile.TemporaryDirectory(prefix="lignin-") as folder:
        spool = Spool(Path(folder), engine=engine)
        try:
            read(target, recorder=spool, since=since, closing=closing)
        finally:
            spool.close()
        if spool.path is None:
            return BackfillReport(runs=0, new_runs=0, new_artifacts=0, hashed=0)
        report = ingest(instance, spool.path)
    after = _count(instance)
    return BackfillReport(runs=report.runs, new_runs=after[0] - before[0], new_artifacts=after[1] - before[1], hashed=report.hashed)


def _count(instance: Instance) -> tuple[int, int]:
    with instance.database.reading() as session:
        return (
            session.scalar(select(func.count()).select_from(Run)) or 0,
            session.scalar(select(func.count()).select_from(Artifact)) or 0,
        )
