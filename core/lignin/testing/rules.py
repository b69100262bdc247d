"""The rules of the adapter contract: each takes all events of a scenario and tells what breaks it.

They stand apart from the test class, so that a captured spool can be held against them anywhere.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lignin.base.errors import SpoolError
from lignin.base.redact import redact, redact_text
from lignin.recording import (
    Code,
    Ended,
    Event,
    FileRef,
    Produced,
    RunKey,
    RunStatus,
    Started,
    Story,
    Used,
    dump,
    fold,
    load,
)

__all__ = ["RULES", "Rule", "canonical", "lines", "runs_started"]

Rule = Callable[[Sequence[Event]], Iterator[str]]

_KINDS = {"workflow", "task", "script", "notebook", "function", "pipeline"}
_WELL = {RunStatus.COMPLETED, RunStatus.CACHED, RunStatus.SKIPPED}
_CONTENT_ID = re.compile(r"b3d?:[0-9a-f]{64}|(?!b3d?:)[a-z0-9-]+:\S+")
_URI = re.compile(r"[a-z][a-z0-9+.-]*://\S*")


def canonical(story: Story) -> Mapping[str, Any]:
    """A story in one form whatever order it was told in: two doors tell the same if these are equal."""
    return {
        "started": {str(run): dump(event) for run, event in sorted(story.started.items(), key=lambda item: str(item[0]))},
        "ended": {str(run): dump(event) for run, event in sorted(story.ended.items(), key=lambda item: str(item[0]))},
        "claims": sorted(dump((Produced if c.written else Used)(run=c.run, ref=c.ref, role=c.role)) for c in story.claims),
    }


def lines(events: Sequence[Event]) -> Sequence[str]:
    """The events as they go out."""
    return [dump(event) for event in events]


def runs_started(events: Sequence[Event]) -> Sequence[RunKey]:
    """Every run that was told to have begun."""
    return list(dict.fromkeys(event.run for event in events if isinstance(event, Started)))


def survives_wire(events: Sequence[Event]) -> Iterator[str]:
    """Each event is one line of JSON that reads back as the same."""
    for event in events:
        try:
            line = dump(event)
            if "\n" in line or load(line) != event:
                yield f"reads back otherwise than it was written: {line[:300]}"
        except (SpoolError, TypeError, ValueError) as e:
            yield f"can't be written and read back ({e}): {event!r:.300}"


def names_runs(events: Sequence[Event]) -> Iterator[str]:
    """Engine, id and name are there, and the engine's name is in lower case."""
    for run in {event.run for event in events}:
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", run.engine):
            yield f"{run.engine!r} is no engine's name in lower case"
        if not run.id:
            yield f"a run of {run.engine} in {run.scope!r} has no id"
    for event in events:
        if isinstance(event, Started) and not event.name.strip():
            yield f"{event.run} has no name"


def starts_runs(events: Sequence[Event]) -> Iterator[str]:
    """Whatever used, produced or ended was started."""
    begun = set(runs_started(events))
    for event in events:
        if event.run not in begun:
            yield f"{type(event).__name__} of {event.run}, which was never started"
            begun.add(event.run)


def has_parents(events: Sequence[Event]) -> Iterator[str]:
    """Each parent within the scenario's engine was started, and the parents form no cycle."""
    parents = {event.run: event.parent for event in events if isinstance(event, Started)}
    for run, parent in parents.items():
        if parent is not None and parent not in parents and parent.engine == run.engine:
            yield f"{run} has the parent {parent}, which was never started"
        above, seen = parent, {run}
        while above is not None and above not in seen:
            seen.add(above)
            above = parents.get(above)
        if above is not None:
            yield f"{run} is above itself"


def counts_attempts(events: Sequence[Event]) -> Iterator[str]:
    """Attempts of one execution are 1, 2, 3 without a gap."""
    attempts: dict[tuple[str, str, str], set[int]] = {}
    for run in runs_started(events):
        attempts.setdefault((run.engine, run.scope, run.id), set()).add(run.attempt)
    for (engine, scope, own), numbers in attempts.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"{engine} {scope} {own} has the attempts {sorted(numbers)}"


def ends_finally(events: Sequence[Event]) -> Iterator[str]:
    """No run ends as scheduled or running; what went well has no error."""
    for event in events:
        if isinstance(event, Ended):
            if event.status in {RunStatus.SCHEDULED, RunStatus.RUNNING}:
                yield f"{event.run} ends as {event.status.value}"
            if event.status in _WELL and event.error:
                yield f"{event.run} is {event.status.value} and has an error: {event.error[:100]}"


def ends_all(events: Sequence[Event]) -> Iterator[str]:
    """Every run that was started ended."""
    story = fold(events)
    for run in story.started:
        if run not in story.ended:
            yield f"{run} was started and never ended"


def orders_times(events: Sequence[Event]) -> Iterator[str]:
    """Every time has an offset, and no run ends before it starts."""
    for event in events:
        if isinstance(event, Started | Ended) and event.at.utcoffset() is None:
            yield f"{type(event).__name__} of {event.run} has a time without an offset"
            return
    story = fold(events)
    for run, ended in story.ended.items():
        begun = story.started.get(run)
        if begun is not None and ended.at < begun.at:
            yield f"{run} ends at {ended.at}, before it starts at {begun.at}"


def names_files(events: Sequence[Event]) -> Iterator[str]:
    """References are absolute URIs; local ones have a host; contents say how they were hashed."""
    for event in events:
        if isinstance(event, Used | Produced):
            for problem in _ref_problems(event.ref):
                yield f"{event.run}: {event.ref.uri!r} {problem}"


def _ref_problems(ref: FileRef) -> Iterator[str]:
    if not _URI.fullmatch(ref.uri):
        yield "is no absolute URI, or is not quoted"
    path = ref.uri.partition("://")[2]
    if ref.uri.startswith("file://"):
        if not path.startswith("/"):
            yield "is no absolute path: file:///folder/name"
        if not ref.host:
            yield "is a local file without the host it lies on"
    elif ref.host:
        yield "has a host, though every machine sees it alike"
    if any(step in {".", ".."} for step in path.split("/")):
        yield "steps through . or .."
    if path.endswith("/") and len(path) > 1:
        yield "ends with a slash"
    if ref.content_id is not None and not _CONTENT_ID.fullmatch(ref.content_id):
        yield f"has a content id that does not say how it was made: {ref.content_id!r}"


def speaks_json(events: Sequence[Event]) -> Iterator[str]:
    """Parameters, extras and environment come back from JSON as they went in."""
    for event in events:
        if isinstance(event, Started):
            for what in ("params", "info", "environment"):
                value = dict(getattr(event, what))
                try:
                    same = json.loads(json.dumps(value, allow_nan=False)) == value
                except (TypeError, ValueError) as e:
                    yield f"{what} of {event.run} are no JSON: {e}"
                    continue
                if not same:
                    yield f"{what} of {event.run} come back otherwise from JSON (keys that are no texts, tuples): {value!r:.200}"


def keeps_secrets(events: Sequence[Event]) -> Iterator[str]:
    """Nothing that looks secret is left in parameters, extras, sources, errors and URIs."""
    for event in events:
        match event:
            case Started():
                for what in ("params", "info", "environment"):
                    value = dict(getattr(event, what))
                    if redact(value) != value:
                        yield f"{what} of {event.run} hold what looks secret"
                if event.code is not None and _tells(event.code.source, event.code.reference):
                    yield f"the code of {event.run} holds what looks secret"
            case Ended() if _tells(event.error):
                yield f"the error of {event.run} holds what looks secret"
            case Used() | Produced() if _tells(event.ref.uri):
                yield f"a file's URI of {event.run} holds what looks secret"
            case _:
                pass


def _tells(*texts: str | None) -> bool:
    return any(text is not None and redact_text(text) != text for text in texts)


def versions_code(events: Sequence[Event]) -> Iterator[str]:
    """Code has a key, a hash and a known kind; one key and hash always stand for one source."""
    sources: dict[tuple[str, str | None, str], set[str]] = {}
    for event in events:
        if isinstance(event, Started) and event.code is not None:
            code: Code = event.code
            if not code.key.strip() or not code.hash.strip():
                yield f"the code of {event.run} has no key or no hash"
            if code.kind not in _KINDS:
                yield f"the code of {event.run} is of kind {code.kind!r}, not one of {', '.join(sorted(_KINDS))}"
            if code.source is not None:
                sources.setdefault((code.key, code.reference, code.hash), set()).add(code.source)
    for (key, _, code_hash), texts in sources.items():
        if len(texts) > 1:
            yield f"{key} has {len(texts)} sources under one hash {code_hash}"


def reuses_others(events: Sequence[Event]) -> Iterator[str]:
    """Only a cached run reuses another, and it is another."""
    for event in events:
        if isinstance(event, Ended) and event.reused is not None:
            if event.status is not RunStatus.CACHED:
                yield f"{event.run} is {event.status.value} and names a run that it reuses"
            if event.reused == event.run:
                yield f"{event.run} reuses itself"


def tolerates_order(events: Sequence[Event]) -> Iterator[str]:
    """Told twice, backwards and shuffled, the events say the same."""
    expected = canonical(fold(events))
    shuffled = list(events)
    random.Random(len(shuffled)).shuffle(shuffled)
    for name, told in (("twice", [*events, *events]), ("backwards", events[::-1]), ("shuffled", shuffled)):
        if canonical(fold(told)) != expected:
            yield f"told {name}, the events say something else"


RULES: tuple[Rule, ...] = (
    survives_wire,
    names_runs,
    starts_runs,
    has_parents,
    counts_attempts,
    ends_finally,
    ends_all,
    orders_times,
    names_files,
    speaks_json,
    keeps_secrets,
    versions_code,
    reuses_others,
    tolerates_order,
)
