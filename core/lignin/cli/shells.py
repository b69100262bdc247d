"""Which shell tracks which run: a small file for each in `.lignin/shells`.

`lignin track` and the commands after it are processes of their own; what binds them is the shell
above them. A file there is named by machine and process id, and says when that process was started,
so that a later process of the same id finds nothing.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from lignin.base.settings import host_name
from lignin.cli.processes import Process, above, find_process

__all__ = ["ShellRun", "Shells"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellRun:
    """A run that a shell tracks.

    Attributes:
        run: its uid.
        pid, started: the shell.
        outer: what `LIGNIN_RUN` said when it began.
    """

    run: str
    pid: int
    started: str
    outer: str


class Shells:
    """The tracking shells of an instance.

    Args:
        home: the instance's `.lignin`.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "shells"

    def current(self) -> ShellRun | None:
        """The run of the nearest shell above this process, unless a run began inside of it since."""
        if not self._folder.is_dir():
            return None
        named = _named_run()
        for process in above():
            held = self._read(self._path(process.pid))
            if held is not None and held.started == process.started:
                # A script that tracks itself hands its own run down: that one is deeper.
                return held if named in {"", held.run, held.outer} else None
        return None

    def begin(self, shell: Process, *, run: str) -> None:
        """Note that this shell tracks `run`, and forget shells that have ended."""
        self._folder.mkdir(exist_ok=True)
        for path in self._folder.glob(f"{host_name()}-*.json"):
            held = self._read(path)
            process = find_process(held.pid) if held else None
            if held is None or process is None or process.started != held.started:
                path.unlink(missing_ok=True)
        fields = {"run": run, "pid": shell.pid, "started": shell.started, "outer": _named_run()}
        path = self._path(shell.pid)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(fields), encoding="utf-8")
        draft.replace(path)

    def end(self, held: ShellRun) -> None:
        """Forget the run of a shell."""
        self._path(held.pid).unlink(missing_ok=True)

    def _path(self, pid: int) -> Path:
        return self._folder / f"{host_name()}-{pid}.json"

    def _read(self, path: Path) -> ShellRun | None:
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            return ShellRun(run=str(fields["run"]), pid=int(fields["pid"]), started=str(fields["started"]), outer=str(fields["outer"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _named_run() -> str:
    return os.environ.get("LIGNIN_RUN", "").partition("@")[0]
