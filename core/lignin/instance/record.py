"""The catalogue's recorder: events into runs, artifacts and edges.

Idempotent and order-tolerant: whatever order events come in, and however often each is told, the
catalogue ends the same. A batch is folded first, written with a handful of statements, and then
what follows from it is derived anew for all that it touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.instance.derive import derive_latest, derive_origins, derive_producers
from lignin.instance.record_files import Touched, write_files
from lignin.instance.record_runs import write_runs
from lignin.model import Artifact, run_input, run_output
from lignin.recording import Event, Story, fold

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["CatalogueRecorder", "record_story"]

_CHUNK = 500


class CatalogueRecorder:
    """A recorder that writes each event into an open instance."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def record(self, event: Event) -> None:
        """Write one event."""
        self.record_many((event,))

    def record_many(self, events: Iterable[Event]) -> None:
        """Write many events in one transaction."""
        record_story(self._instance, fold(events))


def record_story(instance: Instance, story: Story) -> None:
    """Write a story in one transaction."""
    instance.database.transact(lambda session: _write(instance, session, story))


def _write(instance: Instance, session: Session, story: Story) -> None:
    ids = write_runs(instance, session, story)
    touched = write_files(instance, session, story.claims, ids)
    _derive(session, touched, set(ids.values()))


def _derive(session: Session, touched: Touched, run_ids: Collection[int]) -> None:
    # What a run is told to be (its parent, its start) bears on all that it ever claimed.
    artifact_ids = set(touched.artifact_ids)
    for begin in range(0, len(run_ids), _CHUNK):
        chunk = sorted(run_ids)[begin : begin + _CHUNK]
        for table in (run_input, run_output):
            artifact_ids.update(session.scalars(select(table.c.artifact_id).where(table.c.run_id.in_(chunk))))
    derive_latest(session, touched.families)
    derive_producers(session, artifact_ids)
    hashes: set[str] = set()
    listed = sorted(artifact_ids)
    for begin in range(0, len(listed), _CHUNK):
        found = session.scalars(select(Artifact.hash).where(Artifact.id.in_(listed[begin : begin + _CHUNK])))
        hashes.update(h for h in found if h is not None)
    derive_origins(session, hashes)
