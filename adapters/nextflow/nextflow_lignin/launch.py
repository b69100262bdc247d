"""`lignin nextflow run`: Nextflow as it is, with the plug-in attached, and its spool ingested at the end."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from lignin.base.errors import LigninError, NotFound, UsageError
from lignin.base.messages import say
from lignin.base.settings import spool_folder
from lignin.recording import Spool, hand_over
from nextflow_lignin.attach import environment, refusal, version_of
from nextflow_lignin.backfill import read
from nextflow_lignin.ingest import caller, ingest_spool
from nextflow_lignin.plugin_folder import bundled, install, pinned, user_folder
from nextflow_lignin.spools import spool_folders, spools_in

__all__ = ["run"]

_NOT_FOUND = 127


def run(words: Sequence[str]) -> int:
    """Run `nextflow run WORDS…` and record it; the exit code is Nextflow's.

    Raises:
        UsageError: there is no `nextflow` on PATH.
    """
    program = shutil.which("nextflow")
    if program is None:
        raise UsageError("there is no nextflow on PATH. Install it, or add its folder to PATH")
    if os.environ.get("LIGNIN_NEXTFLOW", "").lower() == "off":
        return _wait(program, words, {})
    launch = Path.cwd()
    attached, problem = _attached(program, words, launch)
    if problem is not None:
        say("!", f"{problem}, so this run is recorded without the plug-in, from what Nextflow leaves behind (see: lignin nextflow config)")
    before = set(spools_in(spool_folders(launch)))
    begun = time.time()
    code = _wait(program, words, attached)
    # Whatever goes wrong from here on, the pipeline's result stands.
    try:
        new = [spool for spool in spools_in(spool_folders(launch)) if spool not in before]
        for spool in new:
            told = ingest_spool(spool, code=code if len(new) == 1 else None, wait=True, parent=caller())
            if told.delivered:
                say("→", f"lignin: recorded {told.runs} runs")
        if not new:
            _import(launch, datetime.fromtimestamp(int(begun), UTC))
    except NotFound as e:
        say("!", f"nothing was recorded: {e}")
    except (LigninError, OSError) as e:
        say("!", f"the run is not in the catalogue yet: {e}. Bring it in with: lignin nextflow ingest --all")
    return code


def _attached(program: str, words: Sequence[str], launch: Path) -> tuple[Mapping[str, str], str | None]:
    """The variables that attach the plug-in, or why it can't be."""
    problem = refusal(version_of(program))
    if problem is None:
        try:
            folder = install(user_folder())
        except LigninError as e:
            problem = str(e).rstrip(".")
        else:
            own = environment(pinned(bundled()), plugins=folder.parent, words=words, launch=launch)
            # We ingest at the end; an ingester beside the run would have to be waited for.
            return {**own, "LIGNIN_CLI": os.environ.get("LIGNIN_CLI", "off")}, None
    return {}, problem


def _wait(program: str, words: Sequence[str], extra: Mapping[str, str]) -> int:
    """Run Nextflow to its end; signals are its own."""
    with _signals() as pass_on:
        process = subprocess.Popen([program, "run", *words], env={**os.environ, **extra})
        pass_on.append(process)
        code = process.wait()
    return 128 - code if code < 0 else code


@contextmanager
def _signals() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Ctrl+C reaches Nextflow by itself, with the whole terminal; what was sent to us alone is passed on."""
    processes: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        for process in processes:
            with suppress(ProcessLookupError):
                process.send_signal(number)

    def hear(_number: int, _frame: FrameType | None) -> None:
        return

    # A handler, where ignoring it would be handed down to Nextflow.
    held = {number: signal.signal(number, act) for number, act in ((signal.SIGINT, hear), (signal.SIGTERM, forward), (signal.SIGHUP, forward))}
    try:
        yield processes
    finally:
        for number, before in held.items():
            signal.signal(number, before)


def _import(launch: Path, since: datetime) -> None:
    """Record the runs that were begun here since then, from Nextflow's own stores."""
    spool = Spool(spool_folder(launch), engine="nextflow")
    try:
        read(str(launch), recorder=spool, since=since, closing=True)
    finally:
        spool.close()
    if spool.path is not None and hand_over(spool.path, runs=1, seconds=3600, folder=launch):
        say("→", "lignin: recorded the run")
