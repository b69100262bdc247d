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
        named: parents and origins that any telling spoke of, one that was replaced too.
        told: every run that an event is of, in the order of their first.
    """

    started: dict[RunKey, Started] = field(default_factory=dict)
    ended: dict[RunKey, Ended] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    named: set[RunKey] = field(default_factory=set)
    told: dict[RunKey, None] = field(default_factory=dict)

    def runs(self) -> tuple[RunKey, ...]:
        """Every run that any event names, parents and origins included."""
        return tuple(self.told | dict.fromkeys(self.named))


def fold(events: Iterable[Event]) -> Story:
    """Fold events into a story."""
    story = Story()
    claims: dict[tuple[object, ...], tuple[FileRef, RefState]] = {}
    last = None
    for event in events:
        if event.run is not last:
            last = event.run
            story.told[last] = None
        match event:
            # The most first.
            case Used() | Produced():
                ref = event.ref
                place = (event.run, type(event) is Produced, event.role, ref.uri, ref.host, ref.key, ref.size, ref.mtime_ns)
                new = ref, ref.state
                if (known := claims.setdefault(place, new)) is not new:
                    claims[place] = max(known[0], ref, key=_knowledge), max(known[1], ref.state, key=_LOSSES.index)
            case Started():
                held = story.started.get(event.run)
                if held is None or telling(event) > telling(held):
                    story.started[event.run] = event
                if event.parent is not None:
                    story.named.add(event.parent)
            case Ended():
                other = story.ended.get(event.run)
                if other is None or ending_rank(event) > ending_rank(other):
                    story.ended[event.run] = event
                if event.reused is not None:
                    story.named.add(event.reused)
    story.claims = tuple(
        Claim(run=place[0], written=place[1], role=place[2], ref=told)  # type: ignore[arg-type]  # the tuple's first three
        for place, (ref, loss) in claims.items()
        for told in _told(ref, loss)
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


# What was said of a file's end, whoever knew its content: the engine will delete it, it is gone.
_LOSSES = (RefState.CHANGED, RefState.PRESENT, RefState.TEMPORARY, RefState.MISSING)


def _told(ref: FileRef, loss: RefState) -> tuple[FileRef, ...]:
    """The best sighting, with what any other knew of the file's end."""
    if ref.state is RefState.CHANGED and loss is not RefState.MISSING:
        # Whether it was deleted since is for the reader to see.
        return (ref, replace(ref, state=loss)) if loss is RefState.TEMPORARY else (ref,)
    return (ref if ref.state is loss else replace(ref, state=loss),)


def _knowledge(ref: FileRef) -> tuple[bool, bool, str, int, int]:
    """The place of one sighting among those of the same file at the same size and time: who knows more counts."""
    inode, n_files = (-1 if number is None else number for number in (ref.inode, ref.n_files))
    return ref.content_id is not None, ref.state is RefState.CHANGED, ref.content_id or "", inode, n_files
