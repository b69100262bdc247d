"""Where Nextflow leaves word of its runs, and which run each word is of."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lignin.base.errors import NotFound
from nextflow_lignin.history import Launch, read_history
from nextflow_lignin.lineage import Lineage, read_lineage
from nextflow_lignin.trace import Row, read_trace

__all__ = ["Known", "Sources", "option_of"]

_SLACK = timedelta(seconds=5)
_TRACES = ("trace*.txt", "*/trace*.txt", "*/pipeline_info/*trace*.txt", "pipeline_info/*trace*.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What there is to read, each `None` where it is not there.

    Attributes:
        launch: the folder in which Nextflow was launched.
        lineage: a lineage store.
        traces: trace files.
        work: a work folder.
        history: a history.
    """

    launch: Path
    lineage: Path | None = None
    traces: tuple[Path, ...] = ()
    work: Path | None = None
    history: Path | None = None

    @classmethod
    def find(
        cls,
        launch: Path,
        *,
        lineage: Path | None = None,
        traces: Sequence[Path] = (),
        work: Path | None = None,
        history: Path | None = None,
    ) -> "Sources":
        """Those that were named, and of the others the usual ones.

        Raises:
            NotFound: one that was named is not there; or there is neither a history nor a lineage store, which name the runs.
        """
        for named in (lineage, *traces, work, history):
            if named is not None and not named.exists():
                raise NotFound(f"there is no {named}")
        found = cls(
            launch=launch,
            lineage=_absolute(lineage) or _there(launch / ".lineage"),
            traces=tuple(path.absolute() for path in traces) or tuple(_traces(launch)),
            work=_absolute(work) or _there(launch / "work"),
            history=_absolute(history) or _there(launch / ".nextflow" / "history"),
        )
        if found.history is None and found.lineage is None:
            raise NotFound(f"Nextflow was not launched in {launch}: it has neither .nextflow/history nor .lineage. Name the folder, or the files with --history and --lineage")
        return found


@dataclass(slots=True, kw_only=True)
class Known:
    """All that was read of the runs.

    Attributes:
        sources: where.
        launches: the history's lines; made from the lineage store where there is none.
        lineage: its records.
        rows: by a run's session and name, the rows of its trace.
        hashes: of tasks that the plug-in has told of.
    """

    sources: Sources
    launches: list[Launch] = field(default_factory=list)
    lineage: Lineage = field(default_factory=Lineage)
    rows: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    hashes: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, sources: Sources) -> "Known":
        """Read history, lineage store and traces.

        Raises:
            NotFound: one of them can't be read.
        """
        known = cls(sources=sources)
        try:
            if sources.history is not None:
                known.launches = list(read_history(sources.history))
            if sources.lineage is not None:
                known.lineage = read_lineage(sources.lineage)
            known.launches += _unlisted(known)
            known.launches.sort(key=lambda launch: launch.at)
            for path in sources.traces:
                if (rows := read_trace(path)) and (owner := _owner(path, rows, known)) is not None:
                    known.rows.setdefault((owner.session, owner.name), []).extend(rows)
        except OSError as e:
            raise NotFound(f"can't read {e.filename}: {e.strerror or e}") from e
        return known

    def next_of(self, launch: Launch) -> Launch | None:
        """The launch after this one, whose work may lie beside this one's."""
        return next((other for other in self.launches if other.at > launch.at), None)

    def latest_of_session(self, launch: Launch) -> Launch | None:
        """The session's latest launch before this one."""
        before = [other for other in self.launches if other.session == launch.session and other.at < launch.at]
        return before[-1] if before else None


def option_of(command: str, *names: str) -> str | None:
    """The value of one of these options in a command line; empty where it has none of its own."""
    words = words_of(command)
    for place, word in enumerate(words):
        if word in names:
            after = words[place + 1] if place + 1 < len(words) else ""
            return "" if after.startswith("-") else after
    return None


def words_of(command: str) -> list[str]:
    """The words of a command line."""
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def params_of(command: str) -> Mapping[str, object]:
    """The parameters that a command line sets: `--name value`, or `--name` alone for true."""
    words, found = words_of(command), {}
    for place, word in enumerate(words):
        if match := re.fullmatch(r"--([A-Za-z_][\w.-]*)(?:=(.*))?", word, re.DOTALL):
            after = words[place + 1] if place + 1 < len(words) else "-"
            found[match[1]] = match[2] if match[2] is not None else True if after.startswith("-") and not re.fullmatch(r"-\d.*", after) else after
    return found


def _unlisted(known: Known) -> Iterator[Launch]:
    """Runs of the lineage store that the history does not have."""
    listed = {(launch.session, launch.name) for launch in known.launches}
    for key, run in known.lineage.runs.items():
        session, name, at = run.get("sessionId"), run.get("name"), known.lineage.begun.get(key)
        if isinstance(session, str) and isinstance(name, str) and at is not None and (session, name) not in listed:
            yield Launch(at=at, duration=None, name=name, session=session, status="?", revision=None, command="")


def _owner(path: Path, rows: Sequence[Row], known: Known) -> Launch | None:
    """The run that wrote a trace: that whose command names it, else the one that went on when it was last written."""
    for launch in known.launches:
        if (named := option_of(launch.command, "-with-trace")) and (known.sources.launch / named) == path:
            return launch
    fresh = [row.times["submit"] for row in rows if row.status != "CACHED" and "submit" in row.times]
    moments = [max(fresh)] if fresh else [datetime.fromtimestamp(path.stat().st_mtime, UTC)]
    for launch in reversed(known.launches):
        end = launch.end or (following.at if (following := known.next_of(launch)) else None)
        if all(launch.at - _SLACK <= moment and (end is None or moment <= end + _SLACK) for moment in moments):
            return launch
    return None


def _traces(launch: Path) -> list[Path]:
    return sorted({path for pattern in _TRACES for path in launch.glob(pattern) if path.is_file()})


def _there(path: Path) -> Path | None:
    return path if path.exists() else None


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()
