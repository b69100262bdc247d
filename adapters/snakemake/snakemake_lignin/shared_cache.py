"""Snakemake's cache between workflows (`--cache`): who took a result from it, and who had computed it.

Snakemake tells both in messages only, and does not keep who filled the cache. So the run that did is
noted by the place of its result, in the user's own folder, as other workflows lie elsewhere. The note
holds the time of the cached file: what someone else has computed anew since then is not claimed.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from lignin.base.ids import digest
from lignin.base.settings import user_home
from lignin.recording import RunKey

__all__ = ["CacheWords", "find_origin", "note_origin"]

_STORED = re.compile(r"^Moving output file (.+) to cache\.$")
_TAKEN = re.compile(r"^(?:Symlinking|Copying) output file (.+) from cache\b")


class CacheWords:
    """What was said of output files: a result that was just put into the cache is linked from there, too."""

    def __init__(self) -> None:
        self._stored: set[str] = set()
        self._taken: set[str] = set()

    def hear(self, message: str) -> None:
        """Take a message, whatever it is about."""
        if found := _STORED.match(message):
            self._stored.add(found[1])
        elif found := _TAKEN.match(message):
            self._taken.add(found[1])

    def is_hit(self, outputs: Iterable[str]) -> bool:
        """Whether a job took these files from the cache, which is forgotten then."""
        names = set(outputs)
        # Of a folder, each entry is linked.
        mine = {taken for taken in self._taken if taken in names or any(taken.startswith(f"{name}/") for name in names)}
        self._taken -= mine
        return bool(mine) and not names & self._stored

    def has_stored(self, outputs: Iterable[str]) -> bool:
        """Whether a job put these files into the cache, which is forgotten then."""
        names = set(outputs)
        stored = bool(names & self._stored)
        self._stored -= names
        return stored


def note_origin(output: Path, run: RunKey) -> None:
    """Note that `run` computed what `output` is a link to.

    Raises:
        OSError: the note can't be written.
    """
    place = _cached_file(output)
    if place is not None:
        note = _note_of(place)
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"run": str(run), "written_ns": place.stat().st_mtime_ns}), encoding="utf-8")


def find_origin(output: Path) -> RunKey | None:
    """The run that computed what `output` is a link to, if it is known for certain."""
    try:
        place = _cached_file(output)
        note = {} if place is None else json.loads(_note_of(place).read_text(encoding="utf-8"))
        return RunKey.parse(note["run"]) if place is not None and note["written_ns"] == place.stat().st_mtime_ns else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _cached_file(output: Path) -> Path | None:
    """The file or folder in the cache; a folder that was taken from it is one of links."""
    if output.is_symlink():
        return output.readlink()
    # Snakemake's own time stamp in it is a file.
    inside = next((entry for entry in sorted(output.iterdir()) if entry.is_symlink()), None) if output.is_dir() else None
    return None if inside is None else inside.readlink().parent


def _note_of(place: Path) -> Path:
    return user_home() / "snakemake-cache" / digest(str(place))
