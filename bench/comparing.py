"""Run one workflow plain and recorded, in fresh copies of its folder at the same place, and say how the two differ.

Compared are the exit code, the files that are there at the end, by content, and what was printed as a result. What differs
between two plain runs as well says nothing, so a case that seems to differ is run plain once more, and such files are left out.
Of the recorded run it is asked that each task that ran, by the engine's own word, is one run, that every run has ended, and
that each has a parent that was told too.
"""

import hashlib
import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lignin.recording import BadLine, Ended, Started, Story, fold, read_spool

__all__ = ["Case", "Engine", "Outcome", "Verdict", "compare"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A public workflow.

    Attributes:
        name: what it is called there.
        folder: what is copied.
        command: how it is started, without what switches the adapter on.
        place: the folder inside the copy where it is started.
    """

    name: str
    folder: Path
    command: Sequence[str]
    place: str = "."


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run left: exit code (`None` if it was stopped for its time), result, log, and files by content."""

    code: int | None
    result: str
    log: str
    files: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How the two runs of a case compare.

    Attributes:
        name: of the case.
        code: the exit code without the adapter.
        runs: how many the recorded run told of.
        tasks: how many of them are tasks.
        unsteady: files that differ between two plain runs.
        differences: what differs with the adapter, or is wrong in its record.
    """

    name: str
    code: int | None
    runs: int = 0
    tasks: int = 0
    unsteady: int = 0
    differences: Sequence[str] = field(default_factory=tuple)


class Engine(Protocol):
    """How an engine's workflows are prepared and started, and what it says of the tasks that ran."""

    ignored: frozenset[str]

    def prepare(self, folder: Path, *, observed: bool) -> None:
        """Write into a fresh copy what switches the adapter on."""

    def command(self, case: Case, *, observed: bool) -> tuple[Sequence[str], Mapping[str, str]]:
        """The command line, and what is added to the environment."""

    def tasks(self, folder: Path, outcome: Outcome) -> Counter[str]:
        """By the engine's own word, how often each task was tried in the run that has just ended."""

    def told(self, story: Story) -> Counter[str]:
        """The same, as it was recorded."""


def compare(engine: Engine, case: Case, *, space: Path, environment: Mapping[str, str], seconds: float) -> Verdict:
    """Run a case with and without the adapter.

    Args:
        engine: whose it is.
        case: the workflow.
        space: an empty folder for copies and spools.
        environment: of both.
        seconds: after which either is stopped.
    """
    plain = _run(engine, case, space=space, environment=environment, seconds=seconds, observed=False)
    watched = _run(engine, case, space=space, environment=environment, seconds=seconds, observed=True)
    expected = engine.tasks(space / "work" / case.place, watched)
    story = _story(space / "spool")
    differences, unsteady = _differences(plain, watched), 0
    if differences:
        again = _run(engine, case, space=space, environment=environment, seconds=seconds, observed=False)
        known = set(_differences(plain, again))
        unsteady = len(known & set(differences))
        differences = [text for text in differences if text not in known]
    told = engine.told(story)
    if plain.code is not None:
        differences += _faults(story, told, expected)
    return Verdict(
        name=case.name, code=plain.code, runs=len(story.started), tasks=sum(told.values()), unsteady=unsteady, differences=tuple(differences)
    )


def _run(engine: Engine, case: Case, *, space: Path, environment: Mapping[str, str], seconds: float, observed: bool) -> Outcome:
    work, spool = space / "work", space / "spool"
    for folder in (work, spool):
        _remove(folder)
    shutil.copytree(case.folder, work, symlinks=True)
    folder = work / case.place
    engine.prepare(folder, observed=observed)
    command, more = engine.command(case, observed=observed)
    with (space / "out").open("w+b") as out, (space / "err").open("w+b") as err:
        process = subprocess.Popen(
            command, cwd=folder, env={**environment, "LIGNIN_SPOOL": str(spool), **more}, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
        code: int | None
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            code = None
            process.wait()
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return Outcome(code=code, result=texts[0], log=texts[1], files=_contents(work, engine.ignored))


def _contents(folder: Path, ignored: frozenset[str]) -> dict[str, str]:
    found = {}
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in ignored and not Path(base, name).is_symlink())
        for name in sorted({*files, *(n for n in os.listdir(base) if Path(base, n).is_symlink())} - ignored):
            path = Path(base, name)
            try:
                text = f"link to {path.readlink()}" if path.is_symlink() else _digest(path) if path.is_file() else "no file"
            except OSError as e:
                text = type(e).__name__
            found[str(path.relative_to(folder))] = text
        if not files and not folders:
            found[f"{Path(base).relative_to(folder)}/"] = "empty folder"
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _differences(plain: Outcome, other: Outcome) -> list[str]:
    found = [] if plain.code == other.code else [f"exit code {plain.code}, then {other.code}"]
    if plain.result != other.result:
        found.append("what it printed")
    for name in sorted({*plain.files, *other.files}):
        before, after = plain.files.get(name), other.files.get(name)
        if before != after:
            found.append(f"{name} {'is missing' if after is None else 'is new' if before is None else 'is another'}")
    return found


def _story(spool: Path) -> Story:
    events = [event for path in sorted(spool.rglob("*.jsonl")) for event in read_spool(path)]
    assert not [event for event in events if isinstance(event, BadLine)], "a spool has lines that are no events"
    return fold([event for event in events if not isinstance(event, BadLine)])


def _faults(story: Story, told: Counter[str], expected: Counter[str]) -> list[str]:
    found = [f"{(expected - told)[name]} × {name} ran and is not told" for name in expected - told]
    found += [f"{(told - expected)[name]} × {name} is told and did not run" for name in told - expected]
    found += [f"{_name(start)} has no end" for key, start in story.started.items() if key not in story.ended]
    found += [f"the end of {end.run} has no start" for key, end in story.ended.items() if key not in story.started and isinstance(end, Ended)]
    found += [f"{_name(start)} has a parent that nobody told" for start in story.started.values() if start.parent is not None and start.parent not in story.started]
    return found


def _name(start: Started) -> str:
    return f"{start.name} ({start.run.id}, attempt {start.run.attempt})"


def _remove(folder: Path) -> None:
    for base, folders, _ in os.walk(folder):
        # Protected outputs, and folders without permission.
        for name in folders:
            if not Path(base, name).is_symlink():
                Path(base, name).chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
