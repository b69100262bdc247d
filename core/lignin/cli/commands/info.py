"""`lignin info`."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from lignin import __version__
from lignin.base.context import current_run_uid
from lignin.base.redact import redact_url
from lignin.base.settings import InstanceConfig
from lignin.cli.place import here_in_run
from lignin.instance import waiting_spools
from lignin.instance.schema_version import schema_version
from lignin.model import Artifact, Run, User

__all__ = ["command"]


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def command(*, as_json: bool) -> None:
    """Show which instance is used here, and from where."""
    facts = _facts()
    if as_json:
        click.echo(json.dumps(facts, indent=1))
        return
    for name, value in facts.items():
        click.echo(f"{name + ':':<16}{'none' if value is None else value}")


def _facts() -> Mapping[str, Any]:
    instance = here_in_run()
    config = instance.config
    user = instance.query(User).get(instance.user_id)
    return {
        "name": config.name,
        "uid": config.uid,
        "folder": str(config.folder),
        "found": _found(config),
        "db": redact_url(config.db_url),
        "schema": schema_version(instance.database),
        "storage": config.storage_root,
        "user": user.handle,
        "artifacts": instance.query(Artifact).count(),
        "runs": instance.query(Run).count(),
        "waiting_spools": len(waiting_spools(instance)),
        "run": current_run_uid(instance=config.uid),
        "lignin": __version__,
    }


def _found(config: InstanceConfig) -> str:
    """What led to this instance: the working directory, the environment, or the user's default."""
    if Path.cwd().is_relative_to(config.folder):
        return "working directory"
    return "LIGNIN_INSTANCE" if os.environ.get("LIGNIN_INSTANCE") else "default"
