"""redun's own extension points: a backend and a scheduler that also tell what they do.

Every override does redun's work first and then ours, inside a guard: an exception of ours would end the workflow.
"""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from redun.backends.db import RedunBackendDb
from redun.config import create_config_section
from redun.scheduler import DryRunResult, Scheduler
from redun.task import Task
from redun.utils import utcnow

from lignin.base.errors import UsageError
from redun_lignin.active import GUARD
from redun_lignin.live import Live, reference_of
from redun_lignin.settings import Settings

__all__ = ["ObservedBackend", "ObservedScheduler", "instrument", "observe", "setup"]

Backend = TypeVar("Backend", bound=RedunBackendDb)

if TYPE_CHECKING:
    _BackendBase = RedunBackendDb
else:
    _BackendBase = object


class _Watch(_BackendBase):
    """What `observe` adds to a backend class."""

    _lignin: Live | None = None

    def lignin_attach(self, settings: Settings) -> None:
        """Have this backend's executions recorded."""
        self._lignin = Live(settings, reference=reference_of(self.db_uri)) if settings.enabled else None

    @property
    def lignin_live(self) -> Live | None:
        """What follows this backend's executions; `None` where nothing is recorded."""
        return self._lignin

    def record_execution(self, exec_id: str, args: list[str]) -> None:
        """redun's, then ours."""
        super().record_execution(exec_id, args)
        with GUARD:
            if self._lignin is not None:
                self._lignin.start_execution(exec_id, args)

    def record_job_start(self, job: Any, now: Any = None) -> Any:
        """redun's, then ours."""
        at = now or utcnow()
        row = super().record_job_start(job, now=at)
        with GUARD:
            if self._lignin is not None:
                self._lignin.start_job(job, at)
        return row

    def record_job_end(self, job: Any, now: Any = None, status: Any = None) -> None:
        """redun's, then ours."""
        at = now or utcnow()
        super().record_job_end(job, now=at, status=status)
        with GUARD:
            if self._lignin is not None:
                self._lignin.end_job(job, at)

    def record_value(self, value: Any, data: Any = None) -> str:
        """redun's, then ours."""
        value_hash: str = super().record_value(value, data=data)
        if self._lignin is not None:
            self._lignin.note_value(value_hash, value)
        return value_hash

    def record_call_node(self, *args: Any, **kwargs: Any) -> str:
        """redun's, with the result that was stored just before."""
        live = self._lignin
        held = live.held_value() if live is not None else ("", None)
        call_hash: str = super().record_call_node(*args, **kwargs)
        with GUARD:
            if live is not None:
                live.note_call(call_hash, kwargs.get("result_hash"), held)
        return call_hash

    def check_cache(self, *args: Any, **kwargs: Any) -> Any:
        """redun's, then ours."""
        found = super().check_cache(*args, **kwargs)
        with GUARD:
            if self._lignin is not None:
                self._lignin.note_hit(found[1], found[0])
        return found


@functools.cache
def observe(kind: type[Backend]) -> type[Backend]:
    """A backend class whose executions are recorded, for a scheduler that you set up yourself.

        backend = observe(RedunBackendDb)(config=config.get("backend"))
        scheduler = ObservedScheduler(config=config, backend=backend)

    Raises:
        UsageError: it is no `RedunBackendDb`.
    """
    if not (isinstance(kind, type) and issubclass(kind, RedunBackendDb)):
        raise UsageError(f"observe() takes RedunBackendDb or a class derived from it, not {kind!r}")
    return kind if issubclass(kind, _Watch) else cast(type[Backend], type(kind.__name__, (_Watch, kind), {"__module__": kind.__module__}))


ObservedBackend = observe(RedunBackendDb)


class ObservedScheduler(Scheduler):
    """A scheduler whose executions are recorded. Takes what `Scheduler` takes.

    Its backend is an observed one; where you give your own, make it of `observe(YourBackend)`.
    """

    def __init__(self, config: Any = None, backend: Any = None, *args: Any, **kwargs: Any) -> None:
        own = _backend(config) if backend is None else backend
        super().__init__(config, own, *args, **kwargs)
        with GUARD:
            if isinstance(own, _Watch) and own.lignin_live is None:
                own.lignin_attach(_settings(self.config))

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """redun's, then the end of the record."""
        return self._finishing(super().run, args, kwargs)

    def extend_run(self, *args: Any, **kwargs: Any) -> Any:
        """redun's, then the end of the record of this part."""
        return self._finishing(super().extend_run, args, kwargs)

    def _finishing(self, work: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        live = self.backend.lignin_live if isinstance(self.backend, _Watch) else None
        if live is None:
            return work(*args, **kwargs)
        before = live.executions()
        try:
            result = work(*args, **kwargs)
        except BaseException as e:
            self._finish(live, before, error=e)
            raise
        self._finish(live, before, error=None)
        return result

    def _finish(self, live: Live, before: set[str], *, error: BaseException | None) -> None:
        for execution_id in live.executions() - before:
            with GUARD:
                live.finish(self.backend, execution_id, error=error, is_dry=self._dryrun or isinstance(error, DryRunResult))


def setup(config: Any, lignin: str = "on") -> Scheduler:
    """What `setup_scheduler = redun_lignin::setup` in redun.ini calls; `redun run --setup lignin=off` records nothing."""
    if lignin.strip().lower() in {"off", "0", "no", "false"}:
        return Scheduler(config=config)
    with GUARD:
        if _settings(config).enabled:
            return ObservedScheduler(config=config)
    return Scheduler(config=config)


def instrument(task: Any) -> Any:
    """What `@ln.step()` and `@ln.flow()` do to a redun task: nothing, since its scheduler tells of every job.

    Raises:
        UsageError: it is no task.
    """
    if not isinstance(task, Task):
        raise UsageError(f"@ln.step() and @ln.flow() take a redun task, not {type(task).__name__}.")
    return task


def _settings(config: Any) -> Settings:
    section = config.get("lignin") if config is not None else None
    return Settings.parse(dict(section) if section else None)


def _backend(config: Any) -> Any:
    """The backend that redun would make for a scheduler of this configuration, observed."""
    section = (config.get("backend") if config is not None else None) or create_config_section()
    is_in_memory = not section.get("db_uri")
    if is_in_memory:
        section["db_uri"] = "sqlite:///:memory:"
    backend = ObservedBackend(config=section)
    if is_in_memory:
        # As redun does: nobody else would make its tables.
        backend.load()
    return backend
