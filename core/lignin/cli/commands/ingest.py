"""`lignin ingest`."""

import gc
import json
from collections.abc import Sequence
from pathlib import Path

import click

from lignin.base.errors import SpoolError, UsageError
from lignin.base.messages import say
from lignin.cli.place import here
from lignin.instance import IngestReport, ingest, waiting_spools
from lignin.instance.ingest import DONE

__all__ = ["command"]


@click.command("ingest")
@click.argument("spools", metavar="[SPOOL]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that wait, in the instance and in your home.")
@click.option("--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array with an object for each spool.")
@click.pass_context
def command(ctx: click.Context, *, spools: tuple[str, ...], everything: bool, quiet: bool, as_json: bool) -> None:
    """Bring what pipelines recorded into the catalogue.

    SPOOL is a file of events, or a folder of them. Doing it again changes nothing. It fails when a
    line is no event; all others are taken. The last line of a writer that was killed, or is still
    writing, may be torn: that is a warning.
    """
    if bool(spools) == everything:
        raise UsageError("say which spools to ingest, or --all for all that wait")
    # Events live long and make no cycles: looking for some after each 700 takes a fifth of the time.
    gc.set_threshold(200_000, 50, 50)
    instance = here()
    reports: list[IngestReport] = []
    failed = False
    for path in waiting_spools(instance) if everything else _files(spools):
        try:
            report = ingest(instance, path)
        except SpoolError as e:
            # The engine that wrote it, and somebody's `--all`, may both have meant to.
            if not path.exists() and (path.parent / DONE / path.name).is_file():
                if not quiet:
                    say("•", f"{path.name} is ingested already")
                continue
            failed = True
            say("✗", str(e))
            continue
        reports.append(report)
        failed = _tell(report, quiet=quiet) or failed
    if everything and not reports and not failed and not quiet:
        say("•", "no spool waits")
    if as_json:
        click.echo(json.dumps([_fields(report) for report in reports], indent=1))
    if failed:
        ctx.exit(1)


def _files(names: Sequence[str]) -> Sequence[Path]:
    found: list[Path] = []
    for name in names:
        path = Path(name).absolute()
        found.extend(sorted(path.glob("*.jsonl")) if path.is_dir() else [path])
    return found


def _tell(report: IngestReport, *, quiet: bool) -> bool:
    """Say what came of a spool; whether a line of it was bad."""
    torn = [line for line in report.bad if line.torn]
    bad = [line for line in report.bad if not line.torn]
    for line in bad:
        say("✗", f"{report.path}:{line.number}: {line.problem}")
    for line in torn:
        say("!", f"{report.path}:{line.number}: the last line is torn; its writer was killed or is still writing")
    if not quiet:
        files = f", read {_count(report.hashed, 'file')}" if report.hashed else ""
        say("→", f"ingested {_count(report.events, 'event')} of {_count(report.runs, 'run')} from {report.path.name}{files}")
    return bool(bad)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _fields(report: IngestReport) -> dict[str, object]:
    bad = [{"line": line.number, "problem": line.problem, "torn": line.torn} for line in report.bad]
    return {"spool": str(report.path), "events": report.events, "runs": report.runs, "hashed": report.hashed, "bad": bad}
