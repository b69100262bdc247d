"""What a run ran in: packages, interpreter, machine, and its command line."""

import json
import os
import platform
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lignin.base.content import hash_path
from lignin.base.installed import Package, installed_packages
from lignin.base.processes import container
from lignin.base.redact import REDACTED, is_secret_name, redact_text, redact_url
from lignin.base.settings import host_name
from lignin.tracking.hardware import hardware

__all__ = ["command_line", "environment_text", "machine"]

_DECLARATIONS = ("uv.lock", "pixi.lock", "conda-lock.yml", "poetry.lock", "environment.yml", "environment.yaml", "requirements.txt")


@lru_cache(maxsize=1)
def environment_text() -> str:
    """Interpreter and installed packages, one a line, in the form of a requirements file.

    In a conda or pixi environment its other packages (R, samtools) follow as comments. The same
    text wherever the same packages are installed, so that it is stored once. Read once per process.
    """
    lines = [f"# {platform.python_implementation().lower()} {platform.python_version()}"]
    lines += [_requirement(package) for package in installed_packages()]
    lines += [f"# conda: {name}" for name in _conda_packages(Path(sys.prefix))]
    return "\n".join(lines) + "\n"


def machine() -> Mapping[str, Any]:
    """Where this process runs: host, hardware, system, Python, container, conda environment, lock file."""
    facts = {
        "host": host_name(),
        "node": os.uname().nodename,
        "pid": os.getpid(),
        "folder": str(Path.cwd()),
        "python": platform.python_version(),
        **_system(),
    }
    return {name: value for name, value in facts.items() if value is not None}


def command_line(arguments: Sequence[str] | None = None) -> str:
    """The command line (`sys.argv`), quoted as for a shell, without secrets."""
    shown, hide_next = [], False
    for argument in sys.argv if arguments is None else arguments:
        name, equals, _ = argument.partition("=")
        secret = is_secret_name(name.lstrip("-").replace("-", "_"))
        if hide_next and not argument.startswith("--"):
            shown.append(REDACTED)
        elif secret and equals:
            shown.append(f"{name}={REDACTED}")
        else:
            shown.append(redact_text(argument))
        hide_next = secret and not equals and argument.startswith("-")
    line = " ".join(part if part == REDACTED else shlex.quote(part) for part in shown)
    return line.encode(errors="backslashreplace").decode().replace("\0", "\\0")


@lru_cache(maxsize=1)
def _system() -> Mapping[str, Any]:
    return {
        **hardware(),
        "container": container(),
        "conda": os.environ.get("CONDA_DEFAULT_ENV"),
        "lock": _lock_file(Path(sys.prefix)),
        "declared": _declared(Path.cwd()),
    }


def _lock_file(prefix: Path) -> Mapping[str, str] | None:
    """The lock file of the project whose environment this is, with its content id."""
    # uv, poetry and pdm put an environment in PROJECT/.venv, pixi in PROJECT/.pixi/envs/NAME.
    own = [prefix.parent / name for name in ("uv.lock", "poetry.lock", "pdm.lock")]
    if prefix.parent.parent.name == ".pixi":
        own.append(prefix.parent.parent.parent / "pixi.lock")
    return _first_file(own)


def _declared(folder: Path) -> Mapping[str, str] | None:
    """A file with the project that names an environment. Whether this one was made from it, nobody says."""
    root = next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)
    places = [place for place in (folder, *folder.parents) if place.is_relative_to(root)]
    return _first_file(place / name for place in places for name in _DECLARATIONS)


def _first_file(paths: Iterable[Path]) -> Mapping[str, str] | None:
    found = next((path for path in paths if path.is_file() and os.access(path, os.R_OK)), None)
    return {"path": str(found), "content": hash_path(found).id} if found else None


def _conda_packages(prefix: Path) -> Sequence[str]:
    """The packages of a conda environment, as `name=version=build`: conda keeps a file of that name for each."""
    names = sorted(path.stem.rsplit("-", 2) for path in (prefix / "conda-meta").glob("*-*-*.json"))
    return ["=".join(parts) for parts in names]


def _requirement(package: Package) -> str:
    origin = _origin(f"{package.folder}/direct_url.json")
    return f"{package.name}=={package.version}" + (f"  # {origin}" if origin else "")


def _origin(path: str) -> str | None:
    """Where a package came from that no index gave, as pip notes it; it may hold a token."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - most are not there, and a Path costs more than that look
            direct = json.load(stream)
        commit = direct.get("vcs_info", {}).get("commit_id")
        return redact_url(direct["url"]) + (f"@{commit}" if commit else "")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, AttributeError):
        return "from a URL that can't be read"
