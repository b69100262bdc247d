"""One call of a flow or step: a run that begins, is current while the function's code runs, and ends."""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Token
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lignin.base.clock import now
from lignin.base.context import Active, reset, set_process_run, set_run
from lignin.base.settings import host_name
from lignin.recording import Code, Guard, RunStatus, encode_params
from lignin.tracking.capture import Log, capture_context, release_context
from lignin.tracking.environment import command_line, environment_text, machine
from lignin.tracking.functions import function_code, title_of
from lignin.tracking.keeper import RunKeeper, RunRecord, run_keeper
from lignin.tracking.outcome import COMPLETED, Outcome, outcome_of
from lignin.tracking.session import parent_uid, tell_started, uid_or_name

__all__ = ["Call", "Tracked", "begin"]

_guard = Guard("run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A function whose calls are runs, and what is known of it before the first.

    Attributes:
        function: the function.
        is_flow: a flow speaks up and keeps its log where it is no part of another run; a step is quiet.
        signature: what arguments are bound to; `None` where Python knows none.
        uid: stem that the code keeps across renames.
        name, project, memorize: as the decorators take them.
        codes: the function's code, by the instance's folder.
    """

    function: Callable[..., Any]
    is_flow: bool
    signature: inspect.Signature | None
    uid: str | None = None
    name: str | None = None
    project: Any = None
    memorize: bool = False
    codes: dict[Path, Code] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Call:
    """A run of a function that is going on."""

    tracked: Tracked
    run: RunRecord
    log: Log | None = None
    ended: bool = False
    pid: int = field(default_factory=os.getpid)

    @contextmanager
    def current(self) -> Iterator[None]:
        """While this is open, `load()` and `save()` attach to this run, and its log takes what is printed.

        An exception passes through; it does not end the run.
        """
        token = set_run(self.run.uid, record=self.run)
        logging = None if self.log is None else capture_context(self.log)
        try:
            yield
        finally:
            self._leave(token, logging)

    def complete(self, info: Mapping[str, Any] | None = None) -> None:
        """End the run as completed."""
        self._end(COMPLETED if info is None else Outcome(status=RunStatus.COMPLETED, info=info))

    def fail(self, error: BaseException) -> None:
        """End the run as this exception says; the exception stays the caller's to raise."""
        self._end(outcome_of(error))

    def _leave(self, token: Token[Active | None], logging: Token[Log | None] | None) -> None:
        reset(token)
        if self.log is not None and logging is not None:
            release_context(self.log, logging)

    def _end(self, outcome: Outcome) -> None:
        # A child that was forked inside the call must not end its parent's run.
        if self.ended or self.pid != os.getpid():
            return
        self.ended = True
        with _guard:
            report = self.log.text() if self.log is not None else None
            run_keeper().end_run(self.run, status=outcome.status, error=outcome.error, report=report or None, info=outcome.info)
        if self.tracked.memorize:
            set_process_run(self.run.uid, record=self.run)


def begin(tracked: Tracked, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
    """Start the run of one call; `None` where the arguments do not fit, for the call itself to say so.

    Raises:
        LigninError: the run can't be recorded.
    """
    params = _bound(tracked, args, kwargs)
    if params is None:
        return None
    keeper, before = run_keeper(), now()
    parent = parent_uid(instance_uid=keeper.config.uid)
    top = parent is None
    run = keeper.start_run(
        code=_code(tracked, keeper),
        name=tracked.name or title_of(tracked.function),
        params=encode_params(params),
        info=machine() if top else {"host": host_name(), "node": os.uname().nodename, "pid": os.getpid()},
        environment=environment_text() if top else None,
        entrypoint=title_of(tracked.function),
        cli_args=command_line() if top else None,
        parent=parent,
        transform_uid=tracked.uid,
        project=uid_or_name(tracked.project),
    )
    if tracked.is_flow and top:
        tell_started(run, before=before, params=params)
    return Call(tracked=tracked, run=run, log=Log() if tracked.is_flow and top else None)


def _code(tracked: Tracked, keeper: RunKeeper) -> Code:
    folder = keeper.config.folder
    if folder not in tracked.codes:
        tracked.codes[folder] = function_code(tracked.function, folder)
    return tracked.codes[folder]


def _bound(tracked: Tracked, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments by name, defaults included; without the object that a method belongs to."""
    if tracked.signature is None:
        return {f"argument {number}": value for number, value in enumerate(args, 1)} | dict(kwargs)
    try:
        bound = tracked.signature.bind(*args, **kwargs)
    except TypeError:
        return None
    bound.apply_defaults()
    found: dict[str, Any] = {}
    for number, (name, value) in enumerate(bound.arguments.items()):
        kind = tracked.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            found |= value
        elif number > 0 or name not in {"self", "cls"}:
            found[name] = value
    return found
