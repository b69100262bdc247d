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
            mine = tuple(_of_job(invocation, job, left)) if job.status in {None, RunStatus.COMPLETED} else ()
            for record in mine:
                del left[record.output]
            found.append(Found(invocation=invocation, job=job, records=mine))
    return tuple(reversed(found)), tuple(left.values())


def _of_job(invocation: Invocation, job: LoggedJob, left: Mapping[str, Record]) -> Iterable[Record]:
    end = (job.ended or invocation.last).timestamp() + _SLACK
    if job.told:
        names = split_files(job.told.get("output", ""), left)
        candidates = [left[name] for name in names if name in left]
    else:
        # A rule with a message of its own: the log does not list its files.
        candidates = _together([record for record in left.values() if record.rule == job.rule], job.at.timestamp() - _SLACK, end)
    return [record for record in candidates if record.rule == job.rule and job.at.timestamp() - _SLACK <= record.began <= end]


def _together(records: Sequence[Record], begin: float, end: float) -> list[Record]:
    """Those of one job: the first one in time, with the others that its process knew as the same job."""
    inside = sorted((record for record in records if begin <= record.began <= end), key=lambda record: record.began)
    return [record for record in inside if record.job == inside[0].job]
