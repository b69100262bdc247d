"""Snakemake finds this module by its name: `snakemake --reporter lignin` brings what ran here into the catalogue.

It is `lignin import snakemake` for people who are in Snakemake already. Snakemake imports every report
plug-in each time it starts, so the adapter is loaded only when a report is asked for.
"""

import importlib
from dataclasses import dataclass, field

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_report_plugins.reporter import ReporterBase
from snakemake_interface_report_plugins.settings import ReportSettingsBase

from snakemake_lignin.settings import DEFAULT_WAIT

__all__ = ["ReportSettings", "Reporter"]


@dataclass
class ReportSettings(ReportSettingsBase):  # type: ignore[misc]  # the interface has no types
    """The option of the command line, `--report-lignin-wait`."""

    wait: float = field(
        default=DEFAULT_WAIT,
        metadata={
            "help": "How many seconds to wait until all files are hashed and the record is in the catalogue. What is not "
            "ready by then is kept for `lignin ingest --all`.",
            "env_var": False,
            "required": False,
        },
    )


class Reporter(ReporterBase):  # type: ignore[misc]  # the interface has no types
    """Tells the catalogue of all runs in this folder, not only of the latest state of each file."""

    def render(self) -> None:
        """Record them; those that are there already stay as they are.

        Raises:
            WorkflowError: the adapter can't be loaded, or Snakemake's records can't be read.
        """
        settings = self.settings if isinstance(self.settings, ReportSettings) else ReportSettings()
        try:
            importlib.import_module("snakemake_lignin.report").report(wait=settings.wait)
        except ImportError as e:
            raise WorkflowError(f"lignin can't be loaded: {e}") from e
