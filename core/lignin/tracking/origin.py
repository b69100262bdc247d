"""Which code a run executes: the script, notebook or prompt that this process is about."""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

from lignin.base.errors import TrackingError
from lignin.base.redact import redact_text
from lignin.recording import Code, file_code_key, hash_source, repository_of, stored_source, to_uri
from lignin.tracking.notebook import Notebook, read_notebook
from lignin.tracking.notebook_path import Found, find_notebook_path
from lignin.tracking.prompts import marimo_kernel, shell

__all__ = ["Origin", "Place", "changed_code", "find_origin", "main_path", "place_of", "read_source"]

_MARIMO_APP = re.compile(r"^app = marimo\.App\(", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How a file of code is named: its key, where that key belongs, and the commit that holds it.

    Attributes:
        key: the path inside the instance's folder, else inside the repository, else the file's name.
        reference: the repository's URL, or the URI of the folder where the key has none around it.
        version: the commit, if the repository is clean and the file is in it.
    """

    key: str
    reference: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The code of a run, and the notebook it stands in, if it does.

    Attributes:
        code: as the catalogue takes it.
        path: the file, if there is one.
        notebook: the notebook as it is saved now.
        hint: what the user should know, such as that no source could be found.
        info: for `run.info`.
        is_given: the user gave the source, so no file tells how it changes.
    """

    code: Code
    path: Path | None = None
    notebook: Notebook | None = None
    hint: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    is_given: bool = False


def find_origin(
    folder: Path,
    *,
    caller: FrameType | None,
    path: str | Path | None = None,
    key: str | None = None,
    kind: str | None = None,
    source_code: str | None = None,
    description: str | None = None,
) -> Origin:
    """The code that runs here, unless the user says which it is.

    Args:
        folder: the instance's folder: keys are relative to it.
        caller: the frame that asks.
        path: the file, if the user says which it is.
        key: the code's name, if the user gives one.
        kind: likewise.
        source_code: the text, where no file holds it.
        description: a line for people.

    Raises:
        TrackingError: `path` can't be read, or is a notebook that is none.
    """
    # A long-lived kernel asks again after commits and edits.
    repository_of.cache_clear()
    _is_committed.cache_clear()
    interactive = shell()
    given = Path(path) if path is not None else None
    if given is not None and source_code is None and not given.is_file():
        raise TrackingError(f"there is no file {given} whose code could be tracked. Check path=.")
    is_notebook = given.suffix == ".ipynb" if given else hasattr(interactive, "kernel")
    if is_notebook and source_code is None:
        found = _notebook_origin(Found(path=given) if given else find_notebook_path(interactive), interactive, folder)
    else:
        found = _script_origin(given or main_path(caller), folder, source_code)
    return _adjusted(found, key=key, kind=kind, description=description)


def changed_code(origin: Origin, *, notebook: Notebook | None = None, text: str | None = None) -> Code | None:
    """The code as it is now, where it is another one than at the start.

    Args:
        origin: the code as it was.
        notebook: what it is now, or
        text: likewise, for code that is plain text.
    """
    source = notebook.to_percent() if notebook is not None else text or ""
    digest = notebook.hash if notebook is not None else hash_source(source)
    if digest == origin.code.hash or origin.is_given:
        return None
    repository_of.cache_clear()
    _is_committed.cache_clear()
    version = place_of(origin.path, folder=origin.path.parent).version if origin.path is not None else None
    return replace(origin.code, hash=digest, source=stored_source(source), version=version)


def place_of(path: Path, *, folder: Path) -> Place:
    """How the file at `path` is named in the instance whose folder this is."""
    absolute = path.absolute()
    repository = repository_of(absolute.parent)
    version = repository.version if repository else None
    if repository and version and not _is_committed(repository.folder, absolute):
        version = None
    inside = _relative(absolute, folder)
    url = repository.url if repository else None
    if inside is not None:
        return Place(key=inside, reference=url, version=version)
    home = repository.folder if repository else absolute.parent
    return Place(key=file_code_key(absolute), reference=url or to_uri(home), version=version)


def main_path(caller: FrameType | None) -> Path | None:
    """The file of the main module; where that is only a launcher, the file that asks; of a marimo kernel, its notebook."""
    kernel = marimo_kernel()
    if kernel is not None:
        file = kernel.globals.get("__file__")
        return Path(file) if file and Path(file).is_file() else None
    name = getattr(sys.modules.get("__main__"), "__file__", None)
    if name is None:
        return None
    if caller is not None and caller.f_globals.get("__name__") != "__main__" and _is_launcher(Path(name)):
        name = caller.f_code.co_filename
    path = Path(name)
    return path if path.is_file() else None


def _notebook_origin(found: Found | None, interactive: Any, folder: Path) -> Origin:
    if found is None:
        cells = tuple(("code", text) for text in interactive.history_manager.input_hist_raw if text)
        notebook = Notebook(cells=cells)
        hint = "the notebook's file can't be found, so what is executed stands for it: set LIGNIN_NOTEBOOK to its path, or give path="
        code = Code(kind="notebook", key="<notebook>", hash=notebook.hash, source=stored_source(notebook.to_percent()))
        return Origin(code=code, notebook=notebook, hint=hint)
    path = found.path
    notebook, place = read_notebook(path), place_of(path, folder=folder)
    code = Code(
        kind="notebook",
        key=place.key,
        hash=notebook.hash,
        source=stored_source(notebook.to_percent()),
        reference=place.reference,
        version=place.version,
    )
    hint = ""
    if found.by == "its cells":
        hint = f"taken for {path.name}, by the cells that were executed so far: set LIGNIN_NOTEBOOK to the notebook's path to be sure"
    facts = {"notebook": {"found_by": found.by}} if found.by else {}
    return Origin(code=code, path=path, notebook=notebook, hint=hint or None, info={**facts, **_git_info(path)})


def _script_origin(path: Path | None, folder: Path, source_code: str | None) -> Origin:
    if path is None:
        return _prompt_origin(source_code)
    text = source_code if source_code is not None else read_source(path)
    place = place_of(path, folder=folder)
    code = Code(
        kind="notebook" if "marimo" in sys.modules and _MARIMO_APP.search(text) else "script",
        key=place.key,
        hash=hash_source(text),
        source=stored_source(text),
        reference=place.reference,
        version=place.version if source_code is None else None,
    )
    return Origin(code=code, path=path, info=_git_info(path), is_given=source_code is not None)


def _git_info(path: Path) -> Mapping[str, Any]:
    """The state of the repository around a file, for `run.info`."""
    repository = repository_of(path.absolute().parent)
    if repository is None:
        return {}
    facts = {"commit": repository.commit, "branch": repository.branch, "url": repository.url, "dirty": repository.dirty}
    # A file that git does not hold makes no repository dirty, and is in no commit either.
    if not _is_committed(repository.folder, path.absolute()):
        facts["untracked"] = True
    return {"git": {name: value for name, value in facts.items() if value is not None}}


def _prompt_origin(source_code: str | None) -> Origin:
    """Code that no file holds: `python -c`, a prompt, standard input."""
    arguments = sys.orig_argv
    # Options may come before it: `python -X dev -c CODE`.
    place = arguments.index("-c") + 1 if "-c" in arguments[:-1] and sys.argv[:1] == ["-c"] else 0
    if place:
        text, key, hint = arguments[place], "<command line>", None
    else:
        key = "<prompt>" if hasattr(sys, "ps1") or shell() is not None else "<stdin>"
        text, hint = "", f"this code comes from no file ({key}), so its source is not recorded: run it as a script, or give source_code="
    if source_code is not None:
        text, hint = source_code, None
    code = Code(kind="script", key=key, hash=hash_source(text), source=stored_source(text) or None)
    return Origin(code=code, hint=hint)


def read_source(path: Path) -> str:
    """The text of a file of code, with plain line ends.

    Raises:
        TrackingError: it can't be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as e:
        raise TrackingError(f"can't read the code in {path}: {e.strerror or e}. Check the file, or give source_code=.") from e


def _adjusted(origin: Origin, *, key: str | None, kind: str | None, description: str | None) -> Origin:
    if key is None and kind is None and description is None:
        return origin
    code = origin.code
    # A key that a user gives names a family in the whole instance.
    reference = None if key else code.reference
    named = replace(code, kind=kind or code.kind, key=key or code.key, reference=reference, description=description and redact_text(description))
    return replace(origin, code=named)


def _relative(path: Path, folder: Path) -> str | None:
    for inner, outer in ((path, folder), (path.resolve(), folder.resolve())):
        if inner.is_relative_to(outer):
            return inner.relative_to(outer).as_posix()
    return None


def _is_launcher(path: Path) -> bool:
    """Whether a main module is a command that was installed, or a package's `__main__`."""
    return path.parent == Path(sys.executable).parent or "site-packages" in path.parts


@lru_cache(maxsize=256)
def _is_committed(root: Path, path: Path) -> bool:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "ls-files", "--error-unmatch", "--", str(path)],
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
