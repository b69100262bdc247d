"""Where the plug-in's spools lie, and which of them were not read to their end yet."""

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lignin.base.errors import LigninError
from lignin.base.settings import find_instance
from nextflow_lignin.journal import SUFFIX, read_notes

__all__ = ["SpoolName", "journal_path", "nextflow_home", "parts_of", "spool_folders", "spools_in", "untold"]

_NAME = re.compile(r"(?P<session>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(?P<run>.+)-(?P<millis>\d+)\.jsonl")
_PLACE = Path(".lignin") / "nextflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolName:
    """What a spool's name says: session, run, and when it began, in milliseconds since 1970."""

    session: str
    run: str
    millis: int

    @classmethod
    def parse(cls, path: Path) -> "SpoolName | None":
        """The parts of a spool's name; `None` for another file."""
        found = _NAME.fullmatch(path.name)
        return None if found is None else cls(session=found["session"], run=found["run"], millis=int(found["millis"]))


def nextflow_home() -> Path:
    """Nextflow's own folder."""
    return Path(os.environ.get("NXF_HOME") or Path(os.environ.get("HOME") or "~").expanduser() / ".nextflow")


def spool_folders(launch: Path | None = None) -> Sequence[Path]:
    """The folders in which the plug-in may have left something, for runs that were launched in `launch` (here)."""
    place = launch or Path.cwd()
    folders = [place / _PLACE, nextflow_home() / "lignin" / "nextflow"]
    if named := os.environ.get("LIGNIN_NEXTFLOW_SPOOL"):
        folders.insert(0, place / named)
    with suppress(LigninError):
        folders.append(find_instance(place).home / "nextflow")
    return tuple(dict.fromkeys(folders))


def spools_in(folders: Iterable[Path]) -> Sequence[Path]:
    """All spools in some folders, the oldest run first; of a run in two files the first one found."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
            if SpoolName.parse(path) is not None:
                found.setdefault(path.name, path)
    return sorted(found.values(), key=_millis)


def parts_of(spool: Path) -> Sequence[Path]:
    """The files of one run: where the disk was full, its end lies in the other folder."""
    places = dict.fromkeys((spool, *(folder / spool.name for folder in spool_folders(_launch_of(spool)))))
    return [path for path in places if path.is_file()]


def journal_path(spool: Path) -> Path:
    """Where is noted what was seen as a spool was read."""
    return spool.with_name(spool.name + SUFFIX)


def size_of(spool: Path) -> int:
    """The bytes of a run's files."""
    return sum(path.stat().st_size for path in parts_of(spool))


def untold(folders: Iterable[Path]) -> Sequence[Path]:
    """The spools that have not been read to their end."""
    return [spool for spool in spools_in(folders) if not is_told(spool)]


def is_told(spool: Path) -> bool:
    """Whether a spool was read to the end of its run, and has not grown since."""
    notes = read_notes(journal_path(spool)).get(("told", ""))
    return isinstance(notes, dict) and notes.get("over") is True and notes.get("size") == size_of(spool)


def _launch_of(spool: Path) -> Path | None:
    return spool.parent.parent.parent if spool.parent.parts[-2:] == _PLACE.parts else None


def _millis(path: Path) -> int:
    name = SpoolName.parse(path)
    return 0 if name is None else name.millis
