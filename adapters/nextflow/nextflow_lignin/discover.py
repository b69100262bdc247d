"""Files in the output folders that no event named: a run wrote them, as far as their times say."""

import os
import posixpath
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from lignin.base.clock import from_iso, to_iso
from nextflow_lignin.account import PipelineRun
from nextflow_lignin.files import Found
from nextflow_lignin.journal import Journal
from nextflow_lignin.lines import moment, plain, text

__all__ = ["discovered"]

_SLACK = timedelta(seconds=2)
_MOST = 10_000
_OWN = {".nextflow", ".lignin", ".git", ".lineage"}


def discovered(run: PipelineRun, *, journal: Journal) -> Iterator[Found]:
    """What lies in the output folders, was written while the run went on, and was not told: `collectFile`, reports, copies by a script.

    Asked again, it says what it said.
    """
    if not run.ends:
        return
    noted = journal.get("discovered")
    if noted is None:
        noted = [[path, to_iso(run.last)] for path in sorted(_scan(run))]
        journal.note("discovered", noted)
    for path, by in noted:
        yield Found(run=run.key, path=path, role="discovered", written=True, by=from_iso(by))


def _scan(run: PipelineRun) -> Iterator[str]:
    begin = run.started_at.timestamp()
    end = ((moment(run.ends[0], "completedAt") or run.last) + _SLACK).timestamp()
    named = {target for line in run.publishes if (target := text(line, "target"))}
    work, count = text(run.create, "workDir"), 0
    for root in sorted(_roots(run)):
        for folder, inner, files in os.walk(root):
            inner[:] = [name for name in inner if name not in _OWN and f"{folder}/{name}" not in named and f"{folder}/{name}" != work]
            for name in files:
                path = f"{folder}/{name}"
                try:
                    info = os.lstat(path)
                except OSError:
                    continue
                if path not in named and (info.st_mode & 0o170000) == 0o100000 and begin <= info.st_mtime <= end:
                    yield path
                    count += 1
                    if count >= _MOST:
                        return


def _roots(run: PipelineRun) -> set[str]:
    """The output folder, and each folder that a parameter names and something was published to; none that holds more than results."""
    launch, work = text(run.create, "launchDir") or "/", text(run.create, "workDir") or "/"
    params: Any = plain(run.begin.get("params"))
    words = [value for value in params.values() if isinstance(value, str)] if isinstance(params, dict) else []
    named = {posixpath.normpath(posixpath.join(launch, word)) for word in words if word and "://" not in word and "\0" not in word}
    targets = [target for line in run.publishes if (target := text(line, "target"))]
    roots = {path for path in named if any(target.startswith(f"{path}/") for target in targets)}
    if (output := text(run.create, "outputDir")) is not None:
        roots.add(output)
    kept = {root for root in roots if root.startswith("/") and not _holds(root, launch) and not _holds(root, work) and Path(root).is_dir()}
    return {root for root in kept if not any(_holds(other, root) and other != root for other in kept)}


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
