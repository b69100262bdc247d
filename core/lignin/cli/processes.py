"""Processes above this one: which shell, or script of one, has called."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Process", "above", "calling_shell", "find_process"]

_MOST = 64
_SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "busybox"}
# They run our command for the shell, and end with it.
_LAUNCHERS = {"uv", "uvx", "pixi", "conda", "mamba", "micromamba", "poetry", "hatch", "pdm", "rye", "env", "time", "timeout", "nice", "sudo", "xargs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running process.

    Attributes:
        pid, parent: its own id and its parent's.
        started: when it was started, as the system writes it: tells it from a later one of the same id.
        command: its command line.
        stack: where its stack begins: the same in a subshell, which is a fork, and another after
            each `exec`; empty where the system does not say.
    """

    pid: int
    parent: int
    started: str
    command: tuple[str, ...]
    stack: str = ""

    @property
    def name(self) -> str:
        """The program's name; a login shell's has no dash."""
        return os.path.basename(self.command[0]).lstrip("-") if self.command else ""  # noqa: PTH119 - a text, not a path

    @property
    def script(self) -> Path | None:
        """The file that a shell executes, if it does not read its commands from a terminal or `-c`."""
        if self.name not in _SHELLS:
            return None
        arguments = iter(self.command[1:])
        for argument in arguments:
            if argument == "--" or argument.startswith("--"):
                continue
            if not argument.startswith(("-", "+")):
                return _existing(argument)
            if "c" in argument:
                return None
            if argument.endswith("o"):
                # `-o pipefail`: an option by its name.
                next(arguments, None)
        return None


def find_process(pid: int) -> Process | None:
    """The process of an id, or `None` where there is none."""
    proc = Path("/proc")
    return _from_proc(proc / str(pid), pid) if (proc / "self").exists() else _from_ps(pid)


def above() -> Iterator[Process]:
    """The processes above this one, the nearest first."""
    pid = os.getppid()
    for _ in range(_MOST):
        found = find_process(pid) if pid > 1 else None
        if found is None:
            return
        yield found
        pid = found.parent


def calling_shell() -> Process | None:
    """The shell, script or program that called, past launchers and subshells; `None` for a container's first process."""
    chain = list(above())
    while len(chain) > 1 and chain[0].name in _LAUNCHERS:
        chain.pop(0)
    while len(chain) > 1 and (chain[0].command, chain[0].stack) == (chain[1].command, chain[1].stack):
        chain.pop(0)
    return chain[0] if chain else None


def _existing(name: str) -> Path | None:
    # A relative name counts from where the script was started; it may have moved once since.
    folders = (Path.cwd(), Path(os.environ.get("OLDPWD") or "/"))
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _from_proc(folder: Path, pid: int) -> Process | None:
    try:
        # The second field, a name in brackets, may hold anything.
        fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        command = tuple(os.fsdecode(part) for part in (folder / "cmdline").read_bytes().split(b"\0")[:-1])
    except OSError:
        return None
    return Process(pid=pid, parent=int(fields[1]), started=fields[19], command=command, stack=fields[25])


def _from_ps(pid: int) -> Process | None:
    done = subprocess.run(
        ["ps", "-o", "ppid=,lstart=,command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    words = done.stdout.split()
    if done.returncode != 0 or len(words) < 7:
        return None
    return Process(pid=pid, parent=int(words[0]), started=" ".join(words[1:6]), command=tuple(words[6:]))
