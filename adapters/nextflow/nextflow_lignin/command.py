"""The command `lignin nextflow`."""

import os
import sys
from pathlib import Path

import click

from lignin.base.errors import SpoolError
from lignin.base.messages import say
from lignin.base.settings import spool_folder
from lignin.recording import Spool, hand_over
from nextflow_lignin.attach import plugins_value
from nextflow_lignin.backfill import Sources, read_sources
from nextflow_lignin.ingest import Ingested, follow, ingest_bytes, ingest_spool
from nextflow_lignin.journal import Locked
from nextflow_lignin.launch import run as launch_run
from nextflow_lignin.plugin_folder import bundled, install, pinned, user_folder
from nextflow_lignin.snippet import SNIPPET
from nextflow_lignin.spools import spool_folders, untold

__all__ = ["command"]

_PATH = click.Path(path_type=Path)


@click.group("nextflow")
def command() -> None:
    """Record runs of Nextflow: with the plug-in nf-lignin, or without."""


@command.command("run", context_settings={"ignore_unknown_options": True, "help_option_names": [], "allow_interspersed_args": False})
@click.argument("words", metavar="PIPELINE [OPTIONS]...", nargs=-1, type=click.UNPROCESSED, required=True)
@click.pass_context
def run(ctx: click.Context, *, words: tuple[str, ...]) -> None:
    """Run a pipeline as `nextflow run` does, and record it.

    All options are Nextflow's own, and so is the exit code. The plug-in is attached to this run only; the
    pipeline's own plug-ins stay. A Nextflow before 25.04 runs without it, and the run is imported at the end.
    """
    if words in {("--help",), ("-h",)}:
        click.echo(ctx.get_help())
        return
    code = launch_run(words)
    if code:
        ctx.exit(code)


@command.command("ingest")
@click.argument("spool", required=False)
@click.option("--follow", "following", is_flag=True, help="Go on until the run ends.")
@click.option("--parent-pid", type=int, help="With --follow: Nextflow's process, whose end is the run's.")
@click.option("--all", "everything", is_flag=True, help="All that wait here, in the instance and in Nextflow's home; so it is without SPOOL.")
@click.pass_context
def ingest(ctx: click.Context, *, spool: str | None, following: bool, parent_pid: int | None, everything: bool) -> None:
    """Bring what the plug-in recorded into the catalogue.

    SPOOL is a file, or - for standard input. Doing it again changes nothing.
    """
    if following and (spool in {None, "-"} or everything):
        raise click.UsageError("--follow needs one SPOOL that is a file")
    if everything and spool is not None:
        raise click.UsageError("say SPOOL or --all, not both")
    if spool == "-":
        results = [("standard input", ingest_bytes(sys.stdin.buffer.read()))]
    elif spool is not None:
        path = Path(spool).absolute()
        results = [(path.name, follow(path, parent_pid=parent_pid) if following else ingest_spool(path))]
    else:
        results = _ingest_all()
    good = [_tell(name, result) for name, result in results]
    if not all(good):
        ctx.exit(1)


def _ingest_all() -> list[tuple[str, Ingested]]:
    results = []
    for path in untold(spool_folders()):
        try:
            results.append((path.name, ingest_spool(path)))
        except Locked as e:
            say("•", str(e))
    if not results:
        say("•", "no spool of Nextflow waits")
    return results


def _tell(name: str, result: Ingested) -> bool:
    """Say what came of a spool; whether all is well."""
    bad = [line for line in result.bad if not line.torn]
    for line in bad[:20]:
        say("✗", f"{name}:{line.number}: {line.problem}")
    if len(bad) != len(result.bad):
        say("!", f"{name}: the last line is torn; its writer was killed or is still writing")
    if result.delivered and result.runs:
        say("→", f"nextflow: {result.runs} runs from {name}{'' if result.over else '; it goes on'}")
    return result.delivered and not bad


@command.command("import")
@click.argument("folder", metavar="[FOLDER]", required=False, type=_PATH)
@click.option("--lineage", type=_PATH, help="A .lineage store.")
@click.option("--trace", type=_PATH, multiple=True, help="A trace file; may be given several times.")
@click.option("--work", type=_PATH, help="A work folder.")
@click.option("--history", type=_PATH, help="A .nextflow/history.")
def import_command(*, folder: Path | None, lineage: Path | None, trace: tuple[Path, ...], work: Path | None, history: Path | None) -> None:
    """Bring runs that were made without the plug-in into the catalogue.

    They are read from what Nextflow left in FOLDER, where it was launched (here): lineage store, traces, work
    folder and history, whichever are there. After a run with the plug-in it adds nothing.
    """
    launch = (folder or Path.cwd()).absolute()
    sources = Sources.find(launch, lineage=lineage, traces=trace, work=work, history=history)
    spool = Spool(spool_folder(launch), engine="nextflow")
    try:
        count = read_sources(sources, recorder=spool)
    finally:
        spool.close()
    if spool.path is None:
        say("•", "Nextflow has left no run here")
    elif hand_over(spool.path, runs=count, seconds=3600, folder=launch):
        say("→", f"nextflow: {count} runs of pipelines")
    else:
        raise SpoolError("the runs are not in the catalogue yet")


@command.command("config")
def config() -> None:
    """Print what to add to nextflow.config where there is no plug-in."""
    click.echo(SNIPPET, nl=False)


@command.command("install")
@click.option("--into", type=_PATH, help="The plug-in folder; by default NXF_PLUGINS_DIR, else that of Nextflow's home.")
def install_command(*, into: Path | None) -> None:
    """Install the plug-in, and print the line that switches it on.

    Put the line into your shell's profile; every run of a Nextflow from 25.04 is recorded then. An older one would not
    start with it: use `lignin nextflow run` there.
    """
    place = install((into or user_folder()).absolute())
    say("✓", f"{place}")
    if into is not None and place.parent != user_folder():
        click.echo(f"export NXF_PLUGINS_DIR={_quoted(str(place.parent))}")
    click.echo(f"export NXF_PLUGINS_DEFAULT={_quoted(plugins_value(pinned(bundled())))}")
    say("•", "Nextflow adds no plug-ins of clouds by itself then: where it runs or works on one, name its plug-in too, as in nf-amazon,nf-lignin@…")
    allowed = os.environ.get("NXF_PLUGINS_ALLOWED")
    if allowed is not None and "nf-lignin" not in allowed:
        say("!", "NXF_PLUGINS_ALLOWED does not name nf-lignin: Nextflow would refuse to start. Add it there")


def _quoted(text: str) -> str:
    return text if all(c.isalnum() or c in "/._-@,+" for c in text) else "'" + text.replace("'", "'\\''") + "'"
