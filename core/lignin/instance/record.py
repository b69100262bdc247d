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

from lignin.instance.database import RECORDER
from lignin.instance.derive import chunks, derive_latest, derive_origins, derive_producers
from lignin.instance.record_files import Touched, write_files
from lignin.instance.record_runs import write_runs
from lignin.model import Artifact, run_input, run_output
from lignin.recording import Event, Story, fold

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["CatalogueRecorder", "record_story"]


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
    instance.database.lock(session, RECORDER)
    runs = write_runs(instance, session, story)
    touched = write_files(instance, session, story.claims, runs.ids)
    # All that new runs claim is in this story.
    _derive(session, touched, [row_id for key, row_id in runs.ids.items() if key not in runs.new])


def _derive(session: Session, touched: Touched, known_runs: Collection[int]) -> None:
    # What a run is told to be (its parent, its start) bears on all that it ever claimed.
    artifact_ids = set(touched.artifact_ids)
    for chunk in chunks(known_runs):
        for table in (run_input, run_output):
            artifact_ids.update(session.scalars(select(table.c.artifact_id).where(table.c.run_id.in_(chunk))))
    derive_latest(session, touched.families)
    derive_producers(session, artifact_ids)
    hashes = set(touched.hashes)
    for chunk in chunks(artifact_ids):
        hashes.update(h for h in session.scalars(select(Artifact.hash).where(Artifact.id.in_(chunk))) if h is not None)
    derive_origins(session, hashes)
