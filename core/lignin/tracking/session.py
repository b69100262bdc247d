"""`ln.track()` and `ln.finish()`: the run of a script or notebook, from here to its end."""

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from lignin.base.clock import now
from lignin.base.context import current_run_uid, set_process_run
from lignin.base.errors import TrackingError, UsageError
from lignin.base.ids import ALPHABET
from lignin.base.messages import say
from lignin.recording import Guard, RunStatus, encode_params
from lignin.tracking.arguments import check_params, check_path, check_texts
from lignin.tracking.capture import Log, capture_process, release_process
from lignin.tracking.endings import Endings
from lignin.tracking.environment import command_line, environment_text, machine
from lignin.tracking.keeper import RunRecord, run_keeper
from lignin.tracking.marimo_kernel import MarimoWatch
from lignin.tracking.notebook import parameter_values
from lignin.tracking.notebook_end import NotebookEnd, Watch
from lignin.tracking.notebook_watch import NotebookWatch
from lignin.tracking.origin import Origin, find_origin
from lignin.tracking.outcome import COMPLETED, Outcome
from lignin.tracking.prompts import marimo_kernel, shell

__all__ = ["finish", "parent_uid", "tell_started", "track", "transform_stem", "uid_or_name"]

_STEM = 12
_guard = Guard("run")


@dataclass(slots=True, kw_only=True)
class _Session:
    """The run that `track()` began in this process."""

    run: RunRecord
    origin: Origin
    endings: Endings | None = None
    log: Log | None = None
    watch: Watch | None = None
    outer_run: str | None = None
    pid: int = field(default_factory=os.getpid)
    began: float = field(default_factory=time.monotonic)


# At most one.
_sessions: list[_Session] = []
# Ends that nothing took, neither the catalogue nor a spool, for `finish()` to try again.
_unrecorded: list[Callable[[], None]] = []


def track(
    transform: Any = None,
    *,
    project: Any = None,
    params: Mapping[str, Any] | None = None,
    features: Mapping[Any, Any] | None = None,
    new_run: bool | None = None,
    key: str | None = None,
    kind: str | None = None,
    name: str | None = None,
    description: str | None = None,
    parent: Any = None,
    source_code: str | None = None,
    path: str | Path | None = None,
    entrypoint: str | None = None,
) -> None:
    """Start a run of this script or notebook; what it loads and saves from here on is linked to it.

    The run ends with `finish()`, or with the process, however that ends. A run that this process
    tracks already is finished first. In a worker that `multiprocessing` has started anew, and
    which therefore runs the script's head again, nothing is started: it works for its parent's run.

    Args:
        transform: stem of the uid that this code keeps across renames, or a `Transform`.
        project: a project, or its name or uid, that the run belongs to.
        params: parameters, by name; stored as JSON, without secrets. Those that stand in a notebook's
            cell with the tag `parameters`, and were set until here, need not be given.
        features: values of registered features, by name, which describe the run: `run.features`.
        new_run: `False` goes on with this process's run, if it tracks the same code.
        key: names the code; by default its path inside the instance's folder.
        kind: `script` or `notebook` by default.
        name: what people call this run; by default the file's name.
        description: a line about the code.
        parent: the run, or its uid, that started this one; by default `LIGNIN_PARENT`, or the run
            that goes on around this one.
        source_code: the source, where no file holds it.
        path: the file whose code is run, where it can't be found.
        entrypoint: the function that is run.

    Raises:
        NoInstance: there is no instance to record in.
        TrackingError: the code can't be found or read.
        UsageError: an argument makes no sense.
        ValidationError: a feature or term is not registered, or a value is not of its feature's dtype.
    """
    stem = transform_stem(transform)
    check_texts(project=uid_or_name(project), key=key, kind=kind, name=name, description=description, source_code=source_code, entrypoint=entrypoint)
    check_params(params)
    check_path(path)
    keeper = run_keeper()
    if _is_worker():
        say("→", f"continuing Run({current_run_uid()!r}) of the parent process")
        return
    origin = find_origin(
        keeper.config.folder,
        caller=sys._getframe(1),
        path=path,
        key=key,
        kind=kind,
        source_code=source_code,
        description=description,
    )
    if (new_run is False or _is_served()) and _goes_on(origin):
        return
    _end_earlier()
    before = now()
    params = {**parameter_values(origin.notebook, shell()), **(params or {})}
    run = keeper.start_run(
        code=origin.code,
        name=name or origin.code.key.rsplit("/", 1)[-1],
        params=encode_params(params),
        info={**machine(), **origin.info},
        environment=environment_text(),
        entrypoint=entrypoint,
        cli_args=command_line(),
        parent=parent_uid(parent, instance_uid=keeper.config.uid),
        transform_uid=stem,
        project=uid_or_name(project),
        features=features,
    )
    _open(run, origin, instance_uid=keeper.config.uid)
    tell_started(run, before=before, params=params)
    _advise(origin, run, before=before, has_stem=stem is not None)


def finish(*, ignore_non_consecutive: bool = False) -> None:
    """End the run that `track()` has started, as completed.

    In a notebook this also compares what was executed with what is saved, and says where they
    differ; `run.info["notebook"]` keeps it.

    Args:
        ignore_non_consecutive: do not warn of cells that were not run one after the other.

    An end that could not be recorded (a full disk) is a warning; `finish()` tries it again when it is called again.

    Raises:
        TrackingError: nothing is tracked.
        LigninError: the end can't be recorded this time either.
    """
    session = _current()
    if session is None:
        while _unrecorded:
            _unrecorded[0]()
            _unrecorded.pop(0)
            if not _unrecorded:
                return
        if _is_worker() or _sessions:
            return
        raise TrackingError("no run to finish: start one with ln.track().")
    _close(session, COMPLETED, quiet=ignore_non_consecutive)


def parent_uid(parent: Any = None, *, instance_uid: str) -> str | None:
    """The run that a new one belongs to: the one given, the one around it, or that of `LIGNIN_PARENT`."""
    return uid_or_name(parent) or current_run_uid(instance=instance_uid) or os.environ.get("LIGNIN_PARENT") or None


def uid_or_name(record: Any) -> str | None:
    """What names a record: its uid, or the text that stands for it."""
    return None if record is None else str(getattr(record, "uid", record))


def transform_stem(transform: Any) -> str | None:
    """The stem of a uid that a user gave, as text or as a `Transform`.

    Raises:
        UsageError: it is none.
    """
    if transform is None:
        return None
    text = getattr(transform, "uid", transform)
    if not isinstance(text, str) or len(text) not in {_STEM, _STEM + 4} or any(c not in ALPHABET for c in text):
        raise UsageError(f"{text!r} is no uid of a transform: it has {_STEM} letters and digits. Parameters go into params=, a path into path=.")
    return text[:_STEM]


def tell_started(run: RunRecord, *, before: datetime, params: Mapping[str, Any]) -> None:
    """Say which run has started, and with which parameters."""
    transform = run.transform
    verb = "created" if _is_new(transform, before) else "loaded"
    say("→", f"{verb} Transform({transform.uid!r}, key={transform.key!r}), started new Run({run.uid!r}) at {_moment(run.started_at)}")
    if params:
        say("→", "params: " + ", ".join(f"{name}={value!r}" for name, value in encode_params(params).items()))


def _open(run: RunRecord, origin: Origin, *, instance_uid: str) -> None:
    """Make `run` this process's own, and watch for the end."""
    interactive, kernel = shell(), marimo_kernel()
    session = _Session(run=run, origin=origin, outer_run=os.environ.get("LIGNIN_RUN"))
    prompt = interactive is not None or kernel is not None or hasattr(sys, "ps1")
    session.endings = Endings(lambda outcome: _close_at_exit(session, outcome), interactive=prompt)
    session.endings.start()
    if kernel is not None:
        session.watch = MarimoWatch(kernel)
    elif interactive is not None:
        session.watch = NotebookWatch(interactive, note=session.endings.note)
    if session.watch is not None:
        session.watch.start()
    if kernel is None and not hasattr(interactive, "kernel"):
        # A notebook's outputs are kept with its cells.
        session.log = Log()
        capture_process(session.log, at_last_flush=session.endings.on_flush)
    _sessions.append(session)
    set_process_run(run.uid, record=run)
    # Processes that this one starts work for this run, or for a child of it.
    os.environ["LIGNIN_RUN"] = f"{run.uid}@{instance_uid}"


def _close(session: _Session, outcome: Outcome, *, quiet: bool = False) -> None:
    """End the run; the process is as it was before `track()`. Nothing that fails here reaches the user's work."""
    if session not in _sessions:
        return
    _sessions.remove(session)
    if session.endings is not None:
        session.endings.stop()
    if session.watch is not None:
        session.watch.stop()
    if session.log is not None:
        release_process()
    set_process_run(None)
    if session.outer_run is None:
        os.environ.pop("LIGNIN_RUN", None)
    else:
        os.environ["LIGNIN_RUN"] = session.outer_run
    end = NotebookEnd(page=None)
    with _guard:
        if session.watch is not None and (session.origin.notebook is not None or session.origin.code.kind == "notebook"):
            end = session.watch.end(session.origin, quiet=quiet)
    with _guard:
        report = end.page or (session.log.text() if session.log is not None else None) or None

        def record() -> None:
            run_keeper().end_run(
                session.run,
                status=outcome.status,
                error=outcome.error,
                report=report,
                report_suffix=".html" if end.page else ".txt",
                info={**outcome.info, **_notebook_info(session, end)},
                code=end.code,
            )

        _unrecorded.append(record)
        record()
        _unrecorded.remove(record)
        seconds = time.monotonic() - session.began
        verb = "finished" if outcome.status is RunStatus.COMPLETED else f"{outcome.status.value}:"
        say("→", f"{verb} Run({session.run.uid!r}) after {_duration(seconds)} at {_moment(now())}")


def _close_at_exit(session: _Session, outcome: Outcome) -> None:
    if outcome == COMPLETED and session.watch is not None:
        outcome = session.watch.verdict() or outcome
    if outcome.status is RunStatus.COMPLETED:
        outcome = replace(outcome, info={**outcome.info, "finish": "implicit"})
    _close(session, outcome)


def _notebook_info(session: _Session, end: NotebookEnd) -> Mapping[str, Any]:
    facts = {**session.origin.info.get("notebook", {}), **end.info}
    return {"notebook": facts} if facts else {}


def _current() -> _Session | None:
    """The session of this very process: a forked child has a copy that is not its own."""
    return next((session for session in _sessions if session.pid == os.getpid()), None)


def _goes_on(origin: Origin) -> bool:
    session = _current()
    if session is None or session.origin.code.key != origin.code.key or session.origin.code.hash != origin.code.hash:
        return False
    say("→", f"continuing Run({session.run.uid!r})")
    return True


def _end_earlier() -> None:
    session = _current()
    if session is not None:
        _close(session, COMPLETED)
    _sessions.clear()


def _is_served() -> bool:
    """Whether this is an app that marimo serves, where each viewer's session runs in a thread of one process."""
    return marimo_kernel() is not None and threading.current_thread() is not threading.main_thread()


def _is_worker() -> bool:
    """Whether this process was spawned by one that tracks: it runs the script's head a second time."""
    if not os.environ.get("LIGNIN_RUN"):
        return False
    # A worker has that module loaded; for others it is not worth loading.
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        return True
    # While a spawned worker still runs the script's head, only the name of that module tells.
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") != "__mp_main__":
        frame = frame.f_back
    return frame is not None


def _advise(origin: Origin, run: RunRecord, *, before: datetime, has_stem: bool) -> None:
    if origin.hint:
        say("!", origin.hint)
    if not has_stem and _is_new(run.transform, before) and origin.path is not None:
        what = origin.code.kind
        say("•", f'tip: to identify the {what} across renames, pass the uid: ln.track("{run.transform.uid[:_STEM]}")')


def _is_new(transform: Any, before: datetime) -> bool:
    created = getattr(transform, "created_at", None)
    return isinstance(created, datetime) and created >= before


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes}min"
    return f"{minutes}min {rest}s" if minutes else f"{rest}s"
