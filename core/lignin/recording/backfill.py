"""Runs that are over, from an engine's own store: the doors "reconcile" and "import" of an adapter.

Live hooks lose things in every engine (a killed process, a remote child), and runs made without
Lignin never had any. An adapter reads them back through one function, which it names in the entry
point group `lignin.backfills` under its engine's name.
"""

from datetime import datetime
from typing import Protocol

from lignin.base.errors import MissingExtra, UsageError
from lignin.base.installed import entry_points
from lignin.recording.recorder import Recorder

__all__ = ["ENGINES", "Backfill", "find_backfill"]

_GROUP = "lignin.backfills"
# Those that come with Lignin, installed or not, and what their store is.
ENGINES = {
    "nextflow": "the folder in which Nextflow was launched, by default the current one",
    "prefect": "Prefect's API: URL, by default the one that is configured",
    "redun": "redun's database: URL or path, by default what ./.redun/redun.ini says",
    "snakemake": "Snakemake's working folder, by default the current one",
}


class Backfill(Protocol):
    """Reads an engine's store."""

    def __call__(self, target: str | None, *, recorder: Recorder, since: datetime | None, closing: bool) -> None:
        """Tell `recorder` of every run that the store knows, as the live hooks would have.

        Args:
            target: which store, in the engine's own terms; `None` for the usual one.
            recorder: what is told.
            since: leave out runs that began before.
            closing: end the runs that were left open and whose process is gone.

        Raises:
            LigninError: there is no such store, or it can't be read.
        """


def find_backfill(engine: str) -> Backfill:
    """The reader of an engine's store.

    Raises:
        UsageError: no adapter of that name is known.
        MissingExtra: it is not installed, or can't be loaded.
    """
    points = {point.name: point for point in entry_points(_GROUP)}
    if engine not in points:
        if engine in ENGINES:
            raise MissingExtra(f"Lignin's adapter for {engine} is not installed. Install it with: pip install 'lignin[{engine}]'")
        raise UsageError(f"there is no adapter for {engine!r}. There are: {', '.join(sorted({*ENGINES, *points}))}")
    try:
        found: Backfill = points[engine].load()
    except (ImportError, AttributeError) as e:
        raise MissingExtra(f"Lignin's adapter for {engine} can't be loaded: {e}. Install it with: pip install 'lignin[{engine}]'") from e
    return found
