"""Nextflow in the lineage tree: every run and task attempt is recorded, the pipeline stays as it is.

    lignin nextflow run main.nf …        # one run, with the plug-in attached; ingests at the end
    lignin nextflow install              # the plug-in for every run: prints the line for your environment
    lignin nextflow import               # without a plug-in: from .lineage, trace, work folder and history

The plug-in `nf-lignin` only observes and appends to a spool (`EVENTS.md` is its format); what the
events mean is decided here.
"""

__all__: list[str] = []
