"""Which attempt of which job is under way, and what became of the whole. Knows no Snakemake.

Snakemake tells the start of a job's attempt (not its number), then its details, then, not always,
its end. A group of jobs is started under a name of its own, so its members' details come first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lignin.recording import RunStatus

__all__ = ["Attempt", "Attempts", "Member", "judge_group", "judge_workflow"]

_GOOD = frozenset({RunStatus.COMPLETED, RunStatus.SKIPPED, RunStatus.CACHED})


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One attempt under way.

    Attributes:
        id: Snakemake's number for the job.
        number: of the attempt, counted from 1.
        at: when it was started.
        told: its details are known and written.
        subject: the engine's job, whatever that is.
    """

    id: int
    number: int
    at: datetime
    told: bool = False
    subject: Any = None


class Attempts:
    """Counts attempts, and keeps those that have not ended.

    Attributes:
        open: attempts without an end, by job, in the order of their starts.
        last: how each job's latest finished attempt ended.
    """

    def __init__(self) -> None:
        self.open: dict[int, Attempt] = {}
        self.last: dict[int, RunStatus] = {}
        self._counts: dict[int, int] = {}

    def begin(self, job: int, at: datetime) -> Attempt | None:
        """A job's next attempt starts. Returns the one before, if nobody has told its end."""
        before = self.open.pop(job, None)
        self._counts[job] = self._counts.get(job, 0) + 1
        self.open[job] = Attempt(id=job, number=self._counts[job], at=at)
        return before

    def detail(self, job: int, at: datetime) -> tuple[Attempt, Attempt | None]:
        """A job's details come: its attempt, and the one before, if nobody has told its end."""
        attempt, before = self.open.get(job), None
        if attempt is None or attempt.told:
            before = self.begin(job, at)
            attempt = self.open[job]
        attempt.told = True
        return attempt, before

    def end(self, attempt: Attempt, status: RunStatus) -> None:
        """An attempt ended."""
        if self.open.get(attempt.id) is attempt:
            del self.open[attempt.id]
        self.last[attempt.id] = status

    @property
    def all_well(self) -> bool:
        """Whether every job's last attempt ended well, and none is under way."""
        return not self.open and all(status in _GOOD for status in self.last.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A job of a failed group.

    Attributes:
        id: Snakemake's number for it.
        needs: the members whose files it reads.
        made: all its output files are there; `None` where it has none that stay.
    """

    id: int
    needs: frozenset[int]
    made: bool | None


def judge_group(members: Iterable[Member]) -> dict[int, RunStatus]:
    """Who of a failed group failed. Snakemake blames all of them.

    A member that made its files did its work, which Snakemake then takes back (it deletes the
    files of a failed group). One that waits for files of a member that did not make them was never
    started; pipes don't count, since both ends run at once. The rest failed.
    """
    known = {member.id: member for member in members}
    return {member.id: _judge_member(member, known) for member in known.values()}


def _judge_member(member: Member, known: dict[int, Member]) -> RunStatus:
    if member.made:
        return RunStatus.ROLLED_BACK
    waits = any(need in known and known[need].made is False for need in member.needs)
    return RunStatus.SKIPPED if waits else RunStatus.FAILED


def judge_workflow(attempts: Attempts, *, error: str | None, stopped: bool, unfinished: bool) -> RunStatus:
    """How a workflow ended, which Snakemake does not tell.

    Args:
        attempts: all jobs, each of them ended.
        error: an error after which nothing was started any more.
        stopped: a user asked it to stop.
        unfinished: jobs that it meant to run were not run.
    """
    if stopped and (error or unfinished or not attempts.all_well):
        return RunStatus.CANCELLED
    if error or not attempts.all_well:
        return RunStatus.FAILED
    return RunStatus.CRASHED if unfinished else RunStatus.COMPLETED
