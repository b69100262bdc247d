"""The work folder of a task: what Nextflow wrote there to run it, and what came of it."""

import glob
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nextflow_lignin.history import amount

__all__ = ["WorkFolder", "read_work_folder", "work_folders"]

_HEAD = re.compile(r"^### (?:- )?(.*)$")
_QUOTED = re.compile(r"^'(.*)'$")
_MOST_LINKS = 10_000
_MAX_TEXT = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFolder:
    """What stands in a task's work folder.

    Attributes:
        name: of the task.
        script: what ran.
        exit: its code, once it ended.
        stderr: its last lines.
        begun, ended: by the times of Nextflow's own files.
        inputs: stage name and target of each link.
        outputs: what the declared patterns match.
        metrics: of `.command.trace`.
    """

    path: Path
    name: str | None
    script: str | None
    exit: int | None
    stderr: str | None
    begun: datetime | None
    ended: datetime | None
    inputs: Sequence[tuple[str, str]]
    outputs: Sequence[str]
    metrics: dict[str, int | float]


def work_folders(work: Path, prefix: str = "") -> Iterator[tuple[str, Path]]:
    """The hash and folder of each task, of those whose hash begins so."""
    for first in sorted(work.glob(f"{glob.escape(prefix[:2]) or '??'}")):
        if len(first.name) == 2:
            for path in sorted(first.glob(f"{glob.escape(prefix[2:])}*")):
                if len(path.name) == 30 and path.is_dir():
                    yield first.name + path.name, path


def read_work_folder(path: Path) -> WorkFolder | None:
    """What stands in a folder; `None` where there is no such folder."""
    if not path.is_dir():
        return None
    name, patterns = _header(_text(path / ".command.run") or "")
    inputs = list(_links(path))
    script = _text(path / ".command.sh")
    code = (_text(path / ".exitcode") or "").strip()
    trace = (_text(path / ".command.trace") or "").splitlines()
    stderr = (_text(path / ".command.err") or "").splitlines()[-50:]
    return WorkFolder(
        path=path,
        name=name,
        script=script.partition("\n")[2] if script and script.startswith("#!") else script,
        exit=int(code) if code.isdecimal() else None,
        stderr="\n".join(stderr) or None,
        begun=_time(path / ".command.begin") or _time(path / ".command.run"),
        ended=_time(path / ".exitcode"),
        inputs=inputs,
        outputs=list(_matching(path, patterns, {stage for stage, _ in inputs})),
        metrics={k: v for k, _, text in (line.partition("=") for line in trace) if text and (v := amount(text)) is not None},
    )


def _header(text: str) -> tuple[str | None, list[str]]:
    """The task's name and the patterns of its outputs, from the block that Nextflow puts first."""
    name, patterns, inside = None, [], False
    for line in text.splitlines()[1:200]:
        if not line.startswith("###") or line == "### ...":
            break
        if line.startswith("### name: "):
            quoted = _QUOTED.match(line.removeprefix("### name: "))
            name = quoted[1].replace("''", "'") if quoted else line.removeprefix("### name: ")
        inside = line == "### outputs:" or (inside and line.startswith("### - "))
        if inside and line.startswith("### - "):
            found = _HEAD.match(line)
            quoted = _QUOTED.match(found[1]) if found else None
            if quoted:
                patterns.append(quoted[1].replace("''", "'"))
    return name, patterns


def _links(folder: Path) -> Iterator[tuple[str, str]]:
    count = 0
    for base, inner, files in os.walk(folder):
        for name in sorted([*inner, *files]):
            path = Path(base) / name
            if path.is_symlink():
                target = os.path.abspath(Path(base) / path.readlink())  # noqa: PTH100 - links stay as Nextflow made them
                # A link within the folder is the task's own.
                if not target.startswith(f"{folder}/"):
                    yield path.relative_to(folder).as_posix(), target
                    count += 1
        if count > _MOST_LINKS:
            return


def _matching(folder: Path, patterns: Sequence[str], staged: set[str]) -> Iterator[str]:
    found: set[str] = set()
    for pattern in patterns:
        with suppress(ValueError, NotImplementedError, OSError, re.error):
            found.update(path.relative_to(folder).as_posix() for path in folder.glob(pattern))
    for name in sorted(found - staged):
        if name != "." and not name.startswith(".command."):
            yield f"{folder}/{name}"


def _text(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(_MAX_TEXT)
    except OSError:
        return None


def _time(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
