"""What a heap of events says, whatever order it came in, however often each was told.

Every merge below takes the greater of two values in a total order, so it is commutative,
associative and idempotent: the graph cannot depend on order or repetition. `Story` is the result:
what `MemoryRecorder` shows, and what the catalogue writes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from lignin.base.clock import to_iso
from lignin.base.ids import digest
from lignin.recording.events import (
    Ended,
    Event,
    FileRef,
    Produced,
    RefState,
    RunKey,
    RunStatus,
    Started,
    Used,
)
from lignin.recording.wire import dump

__all__ = ["Claim", "Story", "ending_rank", "fold", "telling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A run's word that it read or wrote a file."""

    run: RunKey
    ref: FileRef
    role: str
    written: bool


@dataclass(slots=True, kw_only=True)
class Story:
    """All runs with their last word, and all claims.

    Attributes:
        started: by run, the telling with the latest time.
        ended: by run, the ending that stands.
        claims: each claim once, with its content if any telling had it.
    """

    started: dict[RunKey, Started] = field(default_factory=dict)
    ended: dict[RunKey, Ended] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()

    def runs(self) -> tuple[RunKey, ...]:
        """Every run that any event names, parents and origins included, in no set order."""
        named = dict.fromkeys((*self.started, *self.ended))
        named |= dict.fromkeys(s.parent for s in self.started.values() if s.parent)
        named |= dict.fromkeys(e.reused for e in self.ended.values() if e.reused)
        named |= dict.fromkeys(c.run for c in self.claims)
        return tuple(named)


def fold(events: Iterable[Event]) -> Story:
    """Fold events into a story."""
    story = Story()
    claims: dict[tuple[object, ...], FileRef] = {}
    for event in events:
        match event:
            case Started():
                held = story.started.get(event.run)
                if held is None or telling(event) > telling(held):
                    story.started[event.run] = event
            case Ended():
                other = story.ended.get(event.run)
                if other is None or ending_rank(event) > ending_rank(other):
                    story.ended[event.run] = event
            case Used() | Produced():
                ref = event.ref
                place = (event.run, isinstance(event, Produced), event.role, ref.uri, ref.host, ref.key, ref.size, ref.mtime_ns)
                known = claims.get(place)
                claims[place] = ref if known is None else _better(known, ref)
    story.claims = tuple(
        Claim(run=place[0], written=place[1], role=place[2], ref=ref)  # type: ignore[arg-type]  # the tuple's first three
        for place, ref in claims.items()
    )
    return story


def telling(event: Started) -> str:
    """The place of one telling in the order among tellings of a start: the latest counts; ties by text."""
    return f"{to_iso(event.at)} {digest(dump(event))[:12]}"


def ending_rank(event: Ended) -> str:
    """The place of one ending in the order among endings of a run.

    What the engine itself said beats what was only inferred from silence (`crashed`), whenever
    either was told; a rollback undoes a completion.
    """
    rank = {RunStatus.CRASHED: 0, RunStatus.ROLLED_BACK: 2}.get(event.status, 1)
    return f"{rank} {to_iso(event.at)} {digest(dump(event))[:12]}"


def _better(a: FileRef, b: FileRef) -> FileRef:
    """Of two sightings of the same file at the same size and time, the one that knows more."""
    best = max(a, b, key=_knowledge)
    if best.state is RefState.PRESENT and RefState.TEMPORARY in (a.state, b.state):
        return replace(best, state=RefState.TEMPORARY)
    return best


def _knowledge(ref: FileRef) -> tuple[bool, int, str, int, int]:
    certainty = {RefState.PRESENT: 1, RefState.TEMPORARY: 2, RefState.MISSING: 3, RefState.CHANGED: 4}[ref.state]
    return ref.content_id is not None, certainty, ref.content_id or "", ref.inode or 0, ref.n_files or 0
