"""The part of the open instance that keeps runs, as this layer sees it."""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from lignin.base.ports import current
from lignin.base.settings import InstanceConfig
from lignin.recording import Code, RunStatus

__all__ = ["RunKeeper", "RunRecord", "run_keeper"]


class RunRecord(Protocol):
    """A `lignin.model.Run`, as far as tracking needs it."""

    uid: str
    started_at: Any
    info: Any
    transform: Any


class RunKeeper(Protocol):
    """Starts and ends runs. The open instance fulfils it."""

    @property
    def config(self) -> InstanceConfig:
        """Where the instance is."""
        ...

    def start_run(
        self,
        *,
        code: Code,
        name: str | None,
        params: Mapping[str, Any],
        info: Mapping[str, Any],
        environment: str | None,
        entrypoint: str | None,
        cli_args: str | None,
        parent: str | None,
        transform_uid: str | None,
        project: str | None,
        features: Mapping[Any, Any] | None = None,
    ) -> RunRecord:
        """Store a new run, with its transform where that is new."""
        ...

    def end_run(
        self,
        run: RunRecord,
        *,
        status: RunStatus,
        error: str | None,
        report: str | None,
        info: Mapping[str, Any],
        report_suffix: str = ".txt",
        code: Code | None = None,
    ) -> None:
        """Store how a run ended; `info` adds to what was said at its start, `code` is what its notebook has become."""
        ...


def run_keeper() -> RunKeeper:
    """The open instance.

    Raises:
        NoInstance: there is none to open.
    """
    return cast(RunKeeper, current())
