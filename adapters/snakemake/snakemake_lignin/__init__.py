"""Records Snakemake workflows, as a logger plug-in: `snakemake --logger lignin --cores 2`.

One run per workflow and one per attempt of each job, with parameters, code, inputs and outputs;
the Snakefile stays as it is. `--logger` takes several names, so put an option between it and a
target. In a profile: `logger: [lignin]`. Code inside a job that records itself (`ln.track()`)
becomes a child of the job's run, by `LIGNIN_RUN`.
"""

from snakemake_lignin.settings import Settings

__all__ = ["Settings"]
