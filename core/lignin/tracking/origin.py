"""Which code a run executes: the script, notebook or prompt that this process is about."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

from lignin.base.errors import TrackingError
from lignin.base.redact import redact_text
from lignin.recording import Code, file_code_key, hash_source, repository_of, stored_source, to_uri
from lignin.tracking.notebook import Notebook, find_notebook_path, read_notebook, shell

__all__ = ["Origin", "Place", "find_origin", "main_path", "place_of"]


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
    """

    code: Code
    path: Path | None = None
    notebook: Notebook | None = None
    hint: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


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
    interactive = shell()
    given = Path(path) if path is not None else None
    if given is not None and source_code is None and not given.is_file():
        raise TrackingError(f"there is no file {given} whose code could be tracked. Check path=.")
    is_notebook = given.suffix == ".ipynb" if given else hasattr(interactive, "kernel")
    if is_notebook and source_code is None:
        found = _notebook_origin(given or find_notebook_path(interactive), interactive, folder)
    else:
        found = _script_origin(given or main_path(caller), folder, source_code)
    return _adjusted(found, key=key, kind=kind, description=description)


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
    """The file of the main module; where that is only a launcher, the file that asks."""
    name = getattr(sys.modules.get("__main__"), "__file__", None)
    if name is None:
        return None
    if caller is not None and caller.f_globals.get("__name__") != "__main__" and _is_launcher(Path(name)):
        name = caller.f_code.co_filename
    path = Path(name)
    return path if path.is_file() else None


def _notebook_origin(path: Path | None, interactive: Any, folder: Path) -> Origin:
    if path is None:
        cells = tuple(("code", text) for text in interactive.history_manager.input_hist_raw if text)
        notebook = Notebook(cells=cells)
        hint = "the notebook's file can't be found, so what was executed so far stands for it: set LIGNIN_NOTEBOOK to its path, or give path="
        code = Code(kind="notebook", key="<notebook>", hash=notebook.hash, source=stored_source(notebook.to_percent()))
        return Origin(code=code, notebook=notebook, hint=hint)
    notebook, place = read_notebook(path), place_of(path, folder=folder)
    code = Code(
        kind="notebook",
        key=place.key,
        hash=notebook.hash,
        source=stored_source(notebook.to_percent()),
        reference=place.reference,
        version=place.version,
    )
    return Origin(code=code, path=path, notebook=notebook)


def _script_origin(path: Path | None, folder: Path, source_code: str | None) -> Origin:
    if path is None:
        return _prompt_origin(source_code)
    text = source_code if source_code is not None else read_source(path)
    place = place_of(path, folder=folder)
    code = Code(
        kind="script",
        key=place.key,
        hash=hash_source(text),
        source=stored_source(text),
        reference=place.reference,
        version=place.version if source_code is None else None,
    )
    return Origin(code=code, path=path)


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
    return Origin(
        code=Code(
            kind=kind or code.kind,
            key=key or code.key,
            hash=code.hash,
            source=code.source,
            # A key that a user gives names a family in the whole instance.
            reference=None if key else code.reference,
            version=code.version,
            description=description and redact_text(description),
        ),
        path=origin.path,
        notebook=origin.notebook,
        hint=origin.hint,
        info=origin.info,
    )


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
