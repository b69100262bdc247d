"""The registry as a storage of Snakemake's: looks up, brings and saves versions of artifacts.

Nothing is ever taken away from the registry: what Snakemake removes is only no longer there for its
working folder. No run is named here. Which job read or wrote a version is told as an event, like
that of any other file, or follows from `LIGNIN_RUN` in a job's own process on another machine.
"""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lignin as ln
from lignin.base.errors import LigninError, UsageError
from lignin.base.settings import host_name
from lignin.recording import FileRef, to_uri
from snakemake_lignin.journal import READ, REMOVED, TOUCHED, WRITTEN, Entry, Journal, tick
from snakemake_lignin.query import SCHEME, Query

__all__ = ["Versions"]

# Snakemake asks the same of one object several times in a row.
_FRESH_SECONDS = 1.0
_STAMP = ".snakemake_timestamp"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What the registry said, and when."""

    artifact: Any
    at: float


class Versions:
    """The artifacts that one workflow names, each by its query.

    In each verb `noted` says whether the working folder's notes count: not so where jobs have disks of their own.
    """

    def __init__(self) -> None:
        self._journal = Journal()
        self._looked: dict[str, _Looked] = {}
        self._first_met: dict[str, int] = {}
        self._read: dict[str, FileRef] = {}
        self._written: dict[str, FileRef] = {}
        self._began = time.time()

    def exists(self, query: str, *, noted: bool) -> bool:
        """Whether there is such a version, with bytes; one that Snakemake removed is not there for its folder."""
        artifact = self._find(query)
        if artifact is None or artifact.state == "gone":
            return False
        last = self._journal.last(query) if noted else None
        return last is None or last.did != REMOVED or last.uid != artifact.uid

    def told(self, query: str, *, noted: bool) -> int:
        """The time of a version, in nanoseconds since 1970: of one that is new to this folder it is now."""
        artifact = self._known(query)
        last = self._journal.last(query) if noted and Query.parse(query).version is None else None
        if last is None:
            return tick(round(artifact.created_at.timestamp() * 1_000_000) * 1000)
        if last.uid == artifact.uid:
            return last.told
        return self._first_met.setdefault(artifact.uid, tick())

    def size(self, query: str) -> int:
        """Its bytes, a folder's being the sum."""
        return int(self._known(query).size or 0)

    def is_folder(self, query: str) -> bool:
        """Whether it is a folder."""
        return self._known(query).n_files is not None

    def checksum(self, query: str) -> str:
        """What tells its content from others: of what was brought here, or else of what would be."""
        known = self._read.get(query)
        content = self._known(query).hash if known is None else known.content_id
        return f"lignin:{content or self._known(query).uid}"

    def fetch(self, query: str, target: Path, *, noted: bool) -> None:
        """Put a copy of a version where Snakemake wants it, with the time that it was told."""
        self._looked.pop(query, None)
        artifact = self._known(query)
        told = self.told(query, noted=noted)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        _copy(artifact.cache(), draft, told=told)
        _clear(target)
        draft.replace(target)
        self._read[query] = reference(artifact)
        if noted:
            self._note(query, READ, artifact, told=told)

    def save(self, query: str, source: Path, *, noted: bool) -> None:
        """Save what a job made as a version of its key; the same content again is the same version.

        Raises:
            UsageError: the query names a version that is there for good.
        """
        asked = Query.parse(query)
        if asked.version is not None:
            raise UsageError(f"{query} names one version for good, so it can't be the output of a rule; leave out ?version={asked.version}")
        # The storage is named, since a file that lies in a storage would be registered where it lies, and this one is deleted.
        artifact = ln.Artifact(source, key=asked.key, storage=ln.settings.storage).save()
        self._keep(query, artifact)
        self._written[query] = self._read[query] = reference(artifact)
        if noted:
            self._note(query, WRITTEN, artifact, told=tick())

    def touch(self, query: str) -> None:
        """Let this folder take a version for a new one."""
        self._note(query, TOUCHED, self._known(query), told=tick())

    def remove(self, query: str) -> None:
        """Let a version be absent for this folder, until there is another; the registry keeps it."""
        artifact = self._find(query)
        if artifact is not None:
            self._note(query, REMOVED, artifact, told=tick())

    def keys(self, prefix: str) -> Iterator[str]:
        """The queries of all keys that begin so."""
        for artifact in ln.Artifact.filter(key__startswith=prefix, is_latest=True):
            yield f"{SCHEME}{artifact.key}"

    def reference(self, query: str, *, written: bool, noted: bool) -> FileRef | None:
        """The version that jobs of this workflow read, or wrote, as runs name it; `None` where nothing is known."""
        if written and noted:
            return self._written.get(query)
        known = (self._written if written else self._read).get(query)
        if known is not None:
            return known
        if written:
            # What a job on another machine has saved is newer than any look at it from here.
            artifact = self._keep(query, _look_up(Query.parse(query)))
            return reference(artifact) if artifact is not None and artifact.created_at.timestamp() >= self._began else None
        looked = self._looked.get(query)
        return None if looked is None or looked.artifact is None else reference(looked.artifact)

    def _known(self, query: str) -> Any:
        artifact = self._find(query)
        if artifact is None:
            raise UsageError(f"the registry has no {query}")
        return artifact

    def _find(self, query: str) -> Any:
        looked = self._looked.get(query)
        if looked is None or time.monotonic() - looked.at > _FRESH_SECONDS:
            return self._keep(query, _look_up(Query.parse(query)))
        return looked.artifact

    def _keep(self, query: str, artifact: Any) -> Any:
        self._looked[query] = _Looked(artifact=artifact, at=time.monotonic())
        return artifact

    def _note(self, query: str, did: str, artifact: Any, *, told: int) -> None:
        self._journal.note(query, Entry(at=time.time_ns(), did=did, uid=artifact.uid, told=told, ref=reference(artifact)))


def reference(artifact: Any) -> FileRef:
    """A saved artifact as runs name it: by what makes its version, so that it meets its row whichever way it is told."""
    place = artifact.path
    is_local = "://" not in str(place)
    # A key names a family; of a file that was found where it lies, the place does.
    is_named = str(artifact.family).startswith("key:")
    return FileRef(
        uri=to_uri(Path(place)) if is_local else str(place),
        host=(artifact.storage.host or host_name()) if is_local else None,
        size=artifact.size,
        mtime_ns=artifact.mtime_ns,
        content_id=artifact.hash,
        n_files=artifact.n_files,
        key=artifact.key if is_named else None,
    )


def _look_up(query: Query) -> Any:
    """The artifact, or `None`. A key that was given goes before a file that happens to lie at such a path."""
    found = ln.Artifact.filter(key=query.key)
    rows = list(found if query.version else found.filter(is_latest=True))
    named = [row for row in rows if str(row.family).startswith("key:")] or rows
    if query.version:
        named = [row for row in named if query.version in {row.uid, row.version_tag, row.uid[-4:]}]
    if len({row.family for row in named}) > 1:
        raise UsageError(f"several artifacts have the key {query.key!r}: {', '.join(sorted(row.uid for row in named))}. Name one: {query}?version=UID")
    return max(named, key=lambda row: row.uid, default=None)


def _copy(source: Path, target: Path, *, told: int) -> None:
    """A copy of its own, since a job may write into it, and the registry's bytes must stay."""
    _clear(target)
    try:
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns(_STAMP))
        else:
            shutil.copyfile(source, target)
        os.utime(target, ns=(told, told))
    except OSError as e:
        _clear(target)
        raise LigninError(f"can't copy {source} to {target}: {e.strerror or e}") from e


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
