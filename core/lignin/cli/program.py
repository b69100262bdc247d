"""The program `lignin`: its commands by name, and one way out for all of them."""

import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from lignin import __version__
from lignin.base.errors import MissingExtra
from lignin.base.installed import entry_points
from lignin.cli.failures import Failures

__all__ = ["ADAPTERS", "SECTIONS", "main", "program"]

_GROUP = "lignin.commands"

# What the list of commands shows; a command's own help begins with the same line.
SECTIONS = {
    "Instance": {
        "init": "Make an instance in the working directory.",
        "connect": "Use the instance of a folder or a PostgreSQL database.",
        "disconnect": "Forget the instance that is used by default.",
        "info": "Show which instance is used here, and from where.",
        "migrate": "Bring the database to the schema of this Lignin.",
        "doctor": "Check that everything here works, and say what does not.",
        "fsck": "Check the catalogue against storage, and mend it.",
        "backup": "Write the catalogue to one file, or bring it back from one.",
        "export": "Write the whole catalogue to files that others can read.",
        "import": "Bring what was exported, or made elsewhere, into the catalogue.",
    },
    "Data": {
        "save": "Save a file or folder as an artifact; prints its uid.",
        "load": "Print the local path of an artifact.",
        "list": "List the records of a registry, the newest first.",
        "get": "Show the fields of a record.",
        "describe": "Describe a record with its context.",
        "annotate": "Say more of a record: features, its page, comments.",
        "move": "Bring artifacts, with their bytes, to another storage.",
        "delete": "Move a record to the trash, or delete it for good.",
        "restore": "Take a record out of the trash.",
    },
    "Lineage": {
        "lineage": "Show what led to an artifact or run, or what came of it.",
        "track": "Start a run of this shell or script; prints its uid.",
        "finish": "End the run that `lignin track` started in this shell.",
        "ingest": "Bring what pipelines recorded into the catalogue.",
        "reconcile": "Complete what pipelines recorded from the engines' own stores.",
    },
}
# Commands of adapters, which they name in the entry point group `lignin.commands`. Those that come with Lignin are listed.
ADAPTERS = {"nextflow": "Record runs of Nextflow: with the plug-in nf-lignin, or without."}


class _Program(click.Group):
    """A group whose commands are imported only when they are run or asked for help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*(name for section in SECTIONS.values() for name in section), *ADAPTERS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if any(cmd_name in section for section in SECTIONS.values()):
            command = importlib.import_module(f"lignin.cli.commands.{cmd_name}").command
        else:
            command = _adapters_command(cmd_name)
        if command is None:
            return None
        assert isinstance(command, click.Command)
        parts = command.commands.values() if isinstance(command, click.Group) else ()
        for part in (command, *parts):
            # What passes its options on to another program has none of ours.
            if not part.context_settings.get("ignore_unknown_options") and not any(option.name == "debug" for option in part.params):
                part.params.append(_debug_option(hidden=True))
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx) and self.get_command(ctx, name) is None:
            # Loaded for this mistake only.
            close = importlib.import_module("difflib").get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f"Did you mean {close[0]!r}?" if close else "See: lignin --help"
            raise click.UsageError(f"there is no command {name!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in (*SECTIONS.items(), ("Engines", ADAPTERS)):
            with formatter.section(title):
                formatter.write_dl(list(commands.items()), col_max=12)


def _adapters_command(name: str) -> object:
    """The command that an adapter offers by this name, or `None`."""
    point = next((point for point in entry_points(_GROUP) if point.name == name), None)
    if point is None:
        if name in ADAPTERS:
            raise MissingExtra(f"Lignin's adapter for {name} is not installed. Install it with: pip install 'lignin[{name}]'")
        return None
    try:
        return point.load()
    except (ImportError, AttributeError) as e:
        raise MissingExtra(f"the command {name!r} can't be loaded: {e}. Install its package anew") from e


def _debug_option(*, hidden: bool) -> click.Option:
    return click.Option(
        ["--debug"], is_flag=True, hidden=hidden, expose_value=False, callback=_set_debug, help="Show the traceback of an error; so does LIGNIN_DEBUG=1."
    )


def _set_debug(ctx: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    failures = ctx.find_root().obj
    if value and isinstance(failures, Failures):
        failures.debug = True


program = _Program(
    "lignin",
    help="One lineage tree over pipelines, scripts and notebooks, and the data that hangs on it.",
    epilog="Each command has its own help: lignin COMMAND --help. Results go to standard output, messages to standard error.",
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[_debug_option(hidden=False)],
    no_args_is_help=True,
)
program = click.version_option(__version__, prog_name="lignin", message="%(prog)s %(version)s")(program)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command that `argv` (the process's arguments) names, and exit.

    The exit code is 0, 1 for a failure, 2 for misuse, 130 for an interrupt, 141 where the reader of
    our output went away.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    failures = Failures()
    with failures:
        _accept_any_name()
        # Not `program.main`: it would end the process by itself, and differently.
        colour = False if os.environ.get("NO_COLOR") else None
        with program.make_context("lignin", arguments, obj=failures, color=colour) as context:
            program.invoke(context)
        # Not `sys.stdout.flush()`: a closed standard output is None.
        print(end="", flush=True)
    failures.silence()
    sys.exit(failures.code)


def _accept_any_name() -> None:
    """Let file names go out as the bytes they are, and signs that the terminal can't show as escapes."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        unicode = sys.stdout.encoding.lower().startswith("utf")
        sys.stdout.reconfigure(errors="surrogateescape" if unicode else "backslashreplace")
