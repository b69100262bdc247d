"""The four events that every adapter speaks, and the values they are made of.

All are frozen and made of plain values, so that any language can write them as JSON lines (see
`wire`). A run is named by its engine's own ids, so that the same execution, told twice, by a live
hook or read from the engine's store later, is the same run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from urllib.parse import quote, unquote

from lignin.base.ids import derived_uid

__all__ = ["Code", "Ended", "Event", "FileRef", "Produced", "RefState", "RunKey", "RunStatus", "Started", "Used"]

_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")


class RunStatus(StrEnum):
    """How a run stands. All but the first two are final."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CACHED = "cached"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    CRASHED = "crashed"
    ROLLED_BACK = "rolled back"


class RefState(StrEnum):
    """What is known of a file's bytes.

    `present`: there when it was told; `temporary`: the engine will delete it; `changed`: size, time
    or inode moved between the event and the hashing, so no content is claimed; `missing`: gone
    before it could be hashed.
    """

    PRESENT = "present"
    TEMPORARY = "temporary"
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKey:
    """One execution by its engine's own name: what makes replays meet the same run.

    Attributes:
        engine: `snakemake`, `prefect`, `redun`, `nextflow`, or another engine's lower-case name;
            `lignin` names a run of a script, notebook or function, whose uid is the `id`.
        scope: what makes `id` unique within the engine, such as a workflow's uuid; may be empty.
        id: the engine's own id of the workflow, job or task.
        attempt: counted from 1.
    """

    engine: str
    scope: str
    id: str
    attempt: int = 1

    def __hash__(self) -> int:
        # What tells nearly all from each other: a run is looked up dozens of times on its way into a catalogue.
        return hash((self.scope, self.id))

    @property
    def uid(self) -> str:
        """The sixteen base62 characters of this run in every catalogue."""
        return self.id if self.engine == "lignin" else derived_uid(str(self))

    def __str__(self) -> str:
        """One line that `parse` reads; fit for an environment variable such as `LIGNIN_RUN`."""
        return ":".join((_quoted(self.engine), _quoted(self.scope), _quoted(self.id), str(self.attempt)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str()` wrote.

        Raises:
            ValueError: the text does not have the four parts.
        """
        engine, scope, own, attempt = text.split(":")
        return cls(engine=unquote(engine), scope=unquote(scope), id=unquote(own), attempt=int(attempt))


def _quoted(part: str) -> str:
    return part if _PLAIN.fullmatch(part) else quote(part, safe="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The code that a run executes: a transform, once it is in the catalogue.

    Attributes:
        kind: `workflow`, `task`, `script`, `notebook`, `function` or `pipeline`.
        key: the name of its family of versions, unique within `reference` (or on its own where
            there is none): `Snakefile`, `Snakefile::align`, `flows.py::normalise`.
        hash: what tells one version from the next: a hash of the source with all that it loads.
        source: the text itself, redacted.
        reference: where it comes from: a repository's URL, or the URI of its folder.
        version: commit of that repository, if it is clean.
        description: a line for people.
    """

    kind: str
    key: str
    hash: str
    source: str | None = None
    reference: str | None = None
    version: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file or folder, as seen at one moment.

    Attributes:
        uri: `file:///absolute/path`, `s3://bucket/key`, …; a folder's has no slash at its end.
        host: the machine that a `file:` URI belongs to, else `None`.
        size: in bytes; a folder's is the sum over its files.
        mtime_ns: time of the last change, in nanoseconds since 1970; a folder's is its newest file's.
        inode: to notice replacement.
        content_id: `b3:…` or `b3d:…` (see `lignin.base.content`), or another store's checksum such
            as `etag:…`; `None` until the bytes were read.
        n_files: number of files in a folder, `None` for a file.
        state: what is known of the bytes.
        key: a key that a user or a policy gave; `None` for a file that was found.
    """

    uri: str
    host: str | None = None
    size: int | None = None
    mtime_ns: int | None = None
    inode: int | None = None
    content_id: str | None = None
    n_files: int | None = None
    state: RefState = RefState.PRESENT
    key: str | None = None

    def __hash__(self) -> int:
        # What tells nearly all from each other; an enum's own hash is not made in C.
        return hash((self.uri, self.host, self.size, self.mtime_ns, self.content_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A run began. Told again with a later `at`, it replaces what was told before.

    Attributes:
        run: which execution.
        name: what people call it.
        at: when, aware.
        parent: the workflow run, or the task, that started this one.
        code: what it executes.
        params: its own named parameters, as JSON values, redacted.
        info: the engine's extras (wildcards, threads, resources, container, ids, links), as JSON.
        environment: interpreter, packages, machine, as JSON.
    """

    run: RunKey
    name: str
    at: datetime
    parent: RunKey | None = None
    code: Code | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A run read a file. `role` is the input's name in the task, or empty."""

    run: RunKey
    ref: FileRef
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """A run wrote a file. `role` is the output's name in the task, or empty."""

    run: RunKey
    ref: FileRef
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run came to its end.

    Attributes:
        run: which execution.
        status: a final `RunStatus`.
        at: when, aware.
        error: what went wrong, redacted, for runs that did not end well.
        reused: for a cached run, the run that really computed the result.
    """

    run: RunKey
    status: RunStatus
    at: datetime
    error: str | None = None
    reused: RunKey | None = None


Event = Started | Used | Produced | Ended
