"""Snakemake finds this module by its name: `snakemake --logger lignin --cores 2`.

Snakemake imports every logger plug-in each time it starts, in child processes and dry-runs too, and
one that can't be imported breaks it. So this module loads nothing of ours but the settings, which
need only the standard library; the adapter itself is loaded when a workflow is really to be
recorded, and if that fails, the workflow goes on without it.
"""

import importlib
import logging
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

from snakemake_lignin.settings import DEFAULT_WAIT, Settings

__all__ = ["LogHandler", "LogHandlerSettings"]

_log = logging.getLogger("lignin")
_SNAKEMAKE = "snakemake.logging"
_COUNT = "LIGNIN_ATTEMPTS"


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """The options of the command line, `--logger-lignin-wait` and `--logger-lignin-hash`."""

    wait: float = field(
        default=DEFAULT_WAIT,
        metadata={
            "help": "How many seconds the end of the workflow may wait until all files are hashed and the record is "
            "in the catalogue. What is not ready by then is kept for `lignin ingest --all`.",
            "env_var": True,
            "required": False,
        },
    )
    hash: str = field(
        default="now",
        metadata={
            "help": "'now' (the default) hashes files while the workflow runs, 'later' leaves it to `lignin ingest`.",
            "env_var": True,
            "required": False,
            "choices": ["now", "later"],
        },
    )


class LogHandler(LogHandlerBase):
    """Passes what Snakemake logs to the adapter, and never fails for it."""

    def __post_init__(self) -> None:
        self._hook: Any = None
        # A dry-run must leave nothing behind, so it does not even get an adapter.
        if getattr(self.common_settings, "dryrun", False):
            return
        given = self.settings if isinstance(self.settings, LogHandlerSettings) else LogHandlerSettings()
        settings = Settings.parse(wait=given.wait, hash_when=given.hash, quiet=bool(self.common_settings.quiet))
        try:
            # By name, so that a broken installation of ours ends here and not in `import snakemake`.
            adapter = importlib.import_module("snakemake_lignin.hook")
        except ImportError as e:
            _log.warning("lignin: can't be loaded, the workflow runs unrecorded: %s", e)
            return
        self._hook = adapter.Hook(settings)
        logging.getLogger(_SNAKEMAKE).addFilter(self._hook.look)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one log record; called in a thread of Snakemake's logging."""
        if self._hook is not None:
            self._hook.take(record)

    def close(self) -> None:
        """Finish the record and hand it over. Snakemake calls this twice."""
        hook, self._hook = self._hook, None
        super().close()
        if hook is not None:
            logging.getLogger(_SNAKEMAKE).removeFilter(hook.look)
            hook.close()

    @property
    def writes_to_stream(self) -> bool:
        """No: Snakemake's own output stays as it is."""
        return False

    @property
    def writes_to_file(self) -> bool:
        """No: a spool is no log file."""
        return False

    @property
    def has_filter(self) -> bool:
        """Yes, in that all records are wanted, whatever `--quiet` says."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Yes, in that no text is needed."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """No: lineage comes from the files."""
        return False


def _count_attempts(place: str) -> None:
    """In a job's own process, which gets no handler: note each failure, as the job may be tried again here."""

    def note(record: logging.LogRecord) -> bool:
        if str(getattr(record, "event", None)).endswith("job_error"):
            with suppress(OSError), open(place, "a", encoding="utf-8") as stream:  # noqa: PTH123 - no more is loaded here than is needed
                stream.write("\n")
        return True

    logging.getLogger(_SNAKEMAKE).addFilter(note)


# What this process starts is no part of the count.
if _place := os.environ.pop(_COUNT, None):
    _count_attempts(_place)
