"""Source code and its version: functions, files, and the repository they stand in."""

import inspect
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lignin.base.ids import digest
from lignin.base.redact import redact_text, redact_url

__all__ = ["Repository", "file_code_key", "function_source", "hash_source", "repository_of", "stored_source"]

_MAX_SOURCE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A git repository at one moment.

    Attributes:
        folder: its root.
        url: where it is published, without credentials, or `None`.
        commit: the commit that is checked out, or `None` before the first.
        branch: a label, never an identity.
        dirty: files that git tracks were changed since the commit.
    """

    folder: Path
    url: str | None
    commit: str | None
    branch: str | None
    dirty: bool

    @property
    def version(self) -> str | None:
        """The commit, where it says exactly what ran."""
        return None if self.dirty else self.commit


def hash_source(*texts: str) -> str:
    """What tells one version of a code from the next: a digest of all the texts that it is made of."""
    return digest("\0".join(texts))


def stored_source(text: str) -> str:
    """A source as it may be stored: without secrets, a million characters at most."""
    clean = redact_text(text).replace("\0", "\\0")
    return clean if len(clean) <= _MAX_SOURCE else clean[:_MAX_SOURCE] + "\n… cut here\n"


def function_source(function: Callable[..., Any]) -> str | None:
    """The text of a function, unwrapped; `None` where there is none (built in, typed into `exec`)."""
    try:
        return inspect.getsource(inspect.unwrap(function))
    except (OSError, TypeError):
        return None


def file_code_key(path: Path) -> str:
    """A key for code in a file: its path inside its repository, else its name."""
    repository = repository_of(path.parent)
    absolute = path.absolute()
    if repository and absolute.is_relative_to(repository.folder):
        return absolute.relative_to(repository.folder).as_posix()
    return absolute.name


@lru_cache(maxsize=64)
def repository_of(folder: Path) -> Repository | None:
    """The git repository around a folder, or `None`; asked once per process and folder.

    Git is asked only where a `.git` stands above, and never waits for a lock or a password.
    """
    place = Path(os.path.abspath(folder))  # noqa: PTH100 - links stay as the user wrote them
    root = next((p for p in (place, *place.parents) if (p / ".git").exists()), None)
    if root is None:
        return None
    status = _git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if status is None:
        return None
    lines = status.splitlines()
    heads = dict(line.removeprefix("# ").split(" ", 1) for line in lines if line.startswith("# ") and " " in line[2:])
    commit, branch = heads.get("branch.oid"), heads.get("branch.head")
    url = _git(root, "config", "--get", "remote.origin.url")
    return Repository(
        folder=root,
        url=redact_url(url.strip()) if url and url.strip() else None,
        commit=None if commit in {None, "(initial)"} else commit,
        branch=None if branch in {None, "(detached)"} else branch,
        dirty=any(not line.startswith("#") for line in lines),
    )


def _git(folder: Path, *arguments: str) -> str | None:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
