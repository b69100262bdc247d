"""`lignin track`."""

from typing import Any

import click

from lignin.base.clock import now
from lignin.base.errors import TrackingError, UsageError
from lignin.base.messages import say
from lignin.cli.filters import parse_value
from lignin.cli.place import here
from lignin.cli.processes import Process, calling_shell
from lignin.cli.shells import ShellRun, Shells
from lignin.instance import Instance
from lignin.model import Run
from lignin.recording import Code, RunStatus, encode_params, hash_source
from lignin.tracking.arguments import check_texts
from lignin.tracking.environment import command_line, machine
from lignin.tracking.origin import Origin, find_origin
from lignin.tracking.session import parent_uid, tell_started

__all__ = ["command"]

_NO_SCRIPT = "shell"


@click.command("track")
@click.option("--key", metavar="KEY", help="What the code is called. [default: the script's path]")
@click.option("--param", "--params", "params", metavar="NAME=VALUE", multiple=True, help="A parameter; may be repeated. Numbers, true and false are read as such.")
@click.option("--name", metavar="TEXT", help="What to call this run. [default: the script's name]")
@click.option("--project", metavar="NAME|UID", help="A project that the run belongs to.")
def command(*, key: str | None, params: tuple[str, ...], name: str | None, project: str | None) -> None:
    """Start a run of this shell or script; prints its uid.

    What `lignin load` and `lignin save` touch from here on, in the same shell and below it, becomes
    the run's inputs and outputs, until `lignin finish`. To other programs that a script starts, it
    hands the run down with: export LIGNIN_RUN=$(lignin track)
    """
    check_texts(key=key, name=name, project=project)
    instance = here()
    shell = calling_shell()
    if shell is None:
        raise TrackingError("no shell has called `lignin track`, so no later command could belong to it. Call it from a script, or use ln.track() in Python.")
    given = encode_params(dict(_param(text) for text in params))
    shells = Shells(instance.config.home)
    parent = _parent(instance, shells, shell)
    before = now()
    origin = _origin(instance, shell, key)
    code = origin.code
    run = instance.start_run(
        code=code,
        name=name or code.key.rsplit("/", 1)[-1],
        params=given,
        info={**machine(), **origin.info, "pid": shell.pid, "shell": shell.name},
        cli_args=command_line(shell.command),
        parent=parent,
        project=project,
    )
    shells.begin(shell, run=run.uid)
    tell_started(run, before=before, params=given)
    click.echo(run.uid)


def _param(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"a parameter is written name=value, not {text!r}. For example: --params fdr=0.05")
    return name, parse_value(value)


def _parent(instance: Instance, shells: Shells, shell: Process) -> str | None:
    """The run around the new one; a run that this very shell tracks is ended first."""
    held = shells.current()
    if held is None:
        return parent_uid(instance_uid=instance.config.uid)
    if held.pid != shell.pid:
        return held.run
    return _end_earlier(instance, held)


def _end_earlier(instance: Instance, held: ShellRun) -> str | None:
    run = instance.query(Run).filter(uid=held.run).first()
    if run is None:
        return None
    if run.finished_at is None:
        instance.end_run(run, status=RunStatus.COMPLETED)
        say("→", f"finished Run({run.uid!r}), which this shell tracked until now")
    return run.parent.uid if run.parent else None


def _origin(instance: Instance, shell: Process, key: str | None) -> Origin:
    if shell.script is not None:
        return find_origin(instance.config.folder, caller=None, path=shell.script, key=key)
    named = key or _NO_SCRIPT
    return Origin(code=Code(kind="script", key=named, hash=hash_source(named)))
