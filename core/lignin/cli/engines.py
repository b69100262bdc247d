"""The commands `lignin import ENGINE` and `lignin reconcile ENGINE`."""

import re
from datetime import UTC, datetime, timedelta

import click

from lignin.base.clock import now
from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.cli.place import here
from lignin.instance import backfill
from lignin.recording import ENGINES

__all__ = ["backfill_command", "parse_since"]

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def backfill_command(engine: str, *, closing: bool) -> click.Command:
    """The command that reads an engine's store."""
    store = ENGINES.get(engine, "the engine's own store")
    doing = "End what was left open, and add what the hooks missed, from" if closing else "Bring runs into the catalogue from"

    @click.command(engine, help=f"{doing} {store}. Doing it again changes nothing.", short_help=f"From {store}.")
    @click.argument("target", required=False)
    @click.option("--since", metavar="TIME", help="Only runs that began after it: 2026-11-24, 2026-11-24T12:00, or an age such as 90m, 12h, 7d.")
    @click.option("--quiet", is_flag=True, help="Say only what went wrong.")
    def command(*, target: str | None, since: str | None, quiet: bool) -> None:
        report = backfill(here(), engine, target, since=parse_since(since) if since else None, closing=closing)
        if not quiet:
            read = f", {report.hashed} files read" if report.hashed else ""
            say("→", f"{engine}: {report.runs} runs; new in the catalogue: {report.new_runs} runs, {report.new_artifacts} artifacts{read}")

    return command


def parse_since(text: str) -> datetime:
    """A moment, or an age counted back from now.

    Raises:
        UsageError: the text is neither.
    """
    if age := re.fullmatch(r"(\d{1,6})([mhdw])", text):
        return now() - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as e:
        raise UsageError(f"--since {text!r} is neither a time such as 2026-11-24 or 2026-11-24T12:00, nor an age such as 90m, 12h or 7d") from e
    # What a person types is their own time.
    return moment.astimezone(UTC)
