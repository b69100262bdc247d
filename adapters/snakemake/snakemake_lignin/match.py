"""Which of Snakemake's records belongs to which job of its logs. Knows no Snakemake."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lignin.recording import RunStatus
from snakemake_lignin.logs import Invocation, LoggedJob
from snakemake_lignin.store import Record, split_files

__all__ = ["Found", "match"]

# The log has whole seconds, and the store's times are those of the file system.
_SLACK = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A job of a log with the records of its outputs; none of them where a later job made them anew."""

    invocation: Invocation
    job: LoggedJob
    records: tuple[Record, ...]

    @property
    def began(self) -> float:
        """When it began, in seconds since 1970, as exactly as is known; never too late."""
        return min((record.began for record in self.records), default=self.job.at.timestamp())


def match(invocations: Sequence[Invocation], records: Mapping[str, Record]) -> tuple[tuple[Found, ...], tuple[Record, ...]]:
    """All jobs with their records, and the records that are left.

    A record is of the last job that made its output, so the latest job gets it.
    """
    left = dict(records)
    found = []
    for invocation in sorted(invocations, key=lambda each: each.at, reverse=True):
        for job in reversed(invocation.jobs):
            mine = tuple(_of_job(invocation, job, left)) if job.status in {None, RunStatus.COMPLETED, RunStatus.CACHED} else ()
            for record in mine:
                del left[record.output]
            found.append(Found(invocation=invocation, job=job, records=mine))
    return tuple(reversed(found)), tuple(left.values())


def _of_job(invocation: Invocation, job: LoggedJob, left: Mapping[str, Record]) -> Iterable[Record]:
    end = (job.ended or invocation.last).timestamp() + _SLACK
    names = job.told.get("output")
    if "jobid" not in job.told:
        # A rule with a message of its own: the log does not list its files, but its reason may name them.
        names = job.told.get("reason", "").partition("Missing output files: ")[2].partition(";")[0]
    if names or "jobid" in job.told:
        candidates = [left[name] for name in split_files(names or "", left) if name in left]
        if "jobid" not in job.told:
            candidates = [record for record in left.values() if record.job in {each.job for each in candidates}]
    else:
        candidates = _of_only_job([record for record in left.values() if record.rule == job.rule and _begins_in(record, job, end)])
    return [record for record in candidates if record.rule == job.rule and _begins_in(record, job, end)]


def _begins_in(record: Record, job: LoggedJob, end: float) -> bool:
    return job.at.timestamp() - _SLACK <= record.began <= end


def _of_only_job(records: list[Record]) -> list[Record]:
    """The records, if their process knew them as of one job."""
    return records if len({record.job for record in records}) == 1 else []
