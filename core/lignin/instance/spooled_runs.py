"""What the database can't take of a run while it is away: kept in a spool, for `lignin ingest --all`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.clock import now
from lignin.base.errors import LigninError
from lignin.base.ids import new_uid
from lignin.base.messages import say
from lignin.base.redact import redact_text
from lignin.model import Run, Transform
from lignin.recording import Code, Ended, Event, RunKey, RunStatus, Started
from lignin.recording.spool import Spool

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["spool_end", "spool_start"]


def spool_start(
    instance: Instance,
    problem: LigninError,
    *,
    code: Code,
    parent: str,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    info: Mapping[str, Any] | None = None,
    entrypoint: str | None = None,
    project: str | None = None,
    **_: Any,
) -> Run:
    """Begin a run in the spool; a record of it that has no row yet.

    Args:
        instance: the open instance.
        problem: why the database did not take it.
        code: what runs, as in `start_run`.
        parent: the run that started it: a uid, or an engine's `RunKey` as text.
        name: for people.
        params: its parameters.
        info: more about it.
        entrypoint: the function that was called, which joins `info` here.
        project: what it is labelled with, which does so too.

    Raises:
        LigninError: `problem`, where no spool can be written either.
    """
    name, at, params = redact_text(name) if name else code.key.rsplit("/", 1)[-1], now(), params or {}
    info = {**(info or {}), "entrypoint": entrypoint} | ({} if project is None else {"project": project})
    run = Run(uid=new_uid(Run.uid_length), name=name, status=RunStatus.RUNNING.value, started_at=at, params=dict(params), info=info)
    above = RunKey.parse(parent) if ":" in parent else _key(parent)
    spool = _write(instance, Started(run=_key(run.uid), name=name, at=at, parent=above, code=code, params=params, info=info))
    if spool is None:
        raise problem
    if not instance.spooled:
        say("!", f"{problem} Until then steps are recorded in {spool.parent}; bring them in with: lignin ingest --all")
    instance.spooled.add(run.uid)
    run.__dict__["_transform"] = Transform(key=code.key, hash=code.hash, source_code=code.source)
    return run


def spool_end(instance: Instance, run: Run, new: Mapping[str, Any]) -> Path | None:
    """Keep how a run ended in a spool, the instance's or the user's; where, or `None` if neither can be written."""
    return _write(instance, Ended(run=_key(run.uid), status=RunStatus(new["status"]), at=new["finished_at"], error=new["error"]))


def _key(uid: str) -> RunKey:
    return RunKey(engine="lignin", scope="", id=uid)


def _write(instance: Instance, event: Event) -> Path | None:
    # One spool for the process, so that what ends in it has begun in it before.
    for folder in instance.config.spools:
        spool = instance.spools.setdefault(folder, Spool(folder, engine="lignin"))
        with suppress(OSError):
            spool.record(event)
            return spool.path
    return None
