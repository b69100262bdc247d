"""Where an instance is, and what it is called: the configuration files, and how they are found.

An instance is a folder that holds `.lignin/instance.toml`. It is looked for upwards from the
working directory, then in the environment variable `LIGNIN_INSTANCE`, then in the user's default
(`lignin connect` sets it). `LIGNIN_HOME` moves the user's own settings, by default
`~/.config/lignin`.
"""

import json
import os
import pwd
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from lignin.base.errors import LigninError, NoInstance, UsageError
from lignin.base.texts import problem_of_name, problem_of_text

__all__ = ["InstanceConfig", "find_home", "find_instance", "host_name", "seconds_of", "set_default", "spool_folder", "user_home", "user_settings"]

FOLDER = ".lignin"
FILE = "instance.toml"
_LONGEST = 1024
_UID = re.compile(r"[0-9A-Za-z]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceConfig:
    """What `.lignin/instance.toml` says.

    Attributes:
        folder: the folder that holds `.lignin`, absolute.
        uid: twelve base62 characters.
        name: what people call the instance.
        db: a database URL; `sqlite` ones are written relative to the folder where they can be.
        storage: root of the default storage location, a path or URL.
    """

    folder: Path
    uid: str
    name: str
    db: str
    storage: str

    @property
    def home(self) -> Path:
        """The instance's own folder, `.lignin`."""
        return self.folder / FOLDER

    @property
    def spool(self) -> Path:
        """Where adapters put their events until they are ingested."""
        return self.home / "spool"

    @property
    def spools(self) -> tuple[Path, Path]:
        """Where events may wait that are for this instance: in its own spool, and in the user's."""
        return self.spool, user_home() / "spool"

    @property
    def db_url(self) -> str:
        """The database URL with an absolute path."""
        prefix = "sqlite:///"
        if self.db.startswith(prefix) and not self.db.startswith(prefix + "/"):
            return prefix + str(self.folder / self.db.removeprefix(prefix))
        return self.db

    @property
    def db_in_folder(self) -> bool:
        """Whether the database is a file below the folder, so that who sees one sees the other."""
        return self.db_url.startswith(f"sqlite:///{self.folder}{os.sep}")

    @property
    def storage_root(self) -> str:
        """The default storage root, absolute where it is local."""
        return self.storage if "://" in self.storage else str(self.folder / self.storage)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the configuration of the instance in `folder`.

        Raises:
            LigninError: the file is missing, is no TOML, or lacks a field.
        """
        path = folder / FOLDER / FILE
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            fields = {name: _text_of(values, name) for name in ("uid", "name", "db", "storage")}
            if not _UID.fullmatch(fields["uid"]):
                raise ValueError(f"{fields['uid'][:40]!r} is no uid of an instance")  # noqa: TRY301 - one message for all
        except KeyError as e:
            raise LigninError(f"can't read {path}: it has no {e}. Mend it, or make the instance anew with: lignin init") from e
        except (OSError, ValueError, RecursionError) as e:
            raise LigninError(f"can't read {path}: {e or type(e).__name__}. Mend it, or make the instance anew with: lignin init") from e
        # By its own name, whatever link led there: engines tell files by theirs.
        return cls(folder=folder.resolve(), **fields)

    def write(self) -> None:
        """Write the configuration, readable by its owner only (a database URL may hold a password).

        Raises:
            OSError: the folder can't be written.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        ignore = self.home / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        fields = {"uid": self.uid, "name": self.name, "db": self.db, "storage": self.storage}
        text = "".join(f"{name} = {_toml_text(value)}\n" for name, value in fields.items())
        path = self.home / FILE
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)


def _text_of(values: Mapping[str, Any], name: str) -> str:
    value = values[name]
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"{name} is a text, not {value!r}")
    return value


def _toml_text(value: str) -> str:
    """A TOML basic string: a JSON string that names no half of a surrogate pair, and no bare DEL."""
    whole = value.encode(errors="backslashreplace").decode()
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")


def find_instance(start: Path | None = None) -> InstanceConfig:
    """The configuration of the instance that `start` (the working directory) belongs to.

    Raises:
        NoInstance: there is none upwards, in `LIGNIN_INSTANCE`, or as the user's default.
        LigninError: there is one, and its configuration can't be read.
    """
    return InstanceConfig.read(find_home(start))


def find_home(start: Path | None = None) -> Path:
    """The folder of that instance, without reading what it says of itself.

    Raises:
        NoInstance: as `find_instance`.
        LigninError: the user's own settings can't be read.
    """
    place = (start or Path.cwd()).absolute()
    for folder in (place, *place.parents):
        if (folder / FOLDER / FILE).is_file():
            return folder
    named = os.environ.get("LIGNIN_INSTANCE") or user_settings().get("default")
    if named:
        folder = _expanded(str(named))
        if (folder / FOLDER / FILE).is_file():
            return folder
        raise NoInstance(f"there is no instance in {folder}, though LIGNIN_INSTANCE or your default names it. Make one there with: lignin init")
    raise NoInstance(f"no instance in {place} or above it. Make one with: lignin init")


def _expanded(name: str) -> Path:
    """A folder by its absolute path; `~` of somebody who is not known here stays as it is."""
    with suppress(RuntimeError):
        return Path(name).expanduser().absolute()
    return Path(name).absolute()


def user_home() -> Path:
    """The folder of the user's own settings; works without `HOME`."""
    if named := os.environ.get("LIGNIN_HOME"):
        return _expanded(named)
    home = os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path(home) / ".config") / "lignin"


def user_settings() -> Mapping[str, Any]:
    """The user's own settings: `default` (a folder), `handle`, `name`. Empty where there are none.

    Raises:
        LigninError: the file is there and is no JSON object, or holds what can't be.
    """
    path = user_home() / "settings.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except (OSError, ValueError, RecursionError) as e:
        raise LigninError(f"can't read {path}: {e}. Mend or delete it.") from e
    if not isinstance(values, dict):
        raise LigninError(f"can't read {path}: it holds no JSON object. Mend or delete it.")
    for name in ("default", "handle", "name"):
        value = values.get(name)
        if value is not None and (not isinstance(value, str) or (problem_of_name(value) if name == "handle" else problem_of_text(value)) or len(value) > _LONGEST):
            raise LigninError(f"can't use {path}: its {name} can't be {str(value)[:60]!r}. Mend or delete it.")
    return values


def set_default(folder: Path | None) -> None:
    """Make `folder` the user's default instance; `None` unsets it."""
    values = {**user_settings(), "default": str(folder)}
    if folder is None:
        del values["default"]
    path = user_home() / "settings.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(values, indent=1), encoding="utf-8")
    draft.replace(path)


def host_name() -> str:
    """The name of this machine in locations: `LIGNIN_HOST` where a cluster's nodes share their disks, else the node's name."""
    return os.environ.get("LIGNIN_HOST") or os.uname().nodename


def spool_folder(start: Path | None = None) -> Path:
    """Where events of a pipeline that runs in `start` are spooled.

    The instance's own spool, or the user's (`lignin ingest --all` reads both) where no instance
    can be found, so that nothing is lost before `lignin init`.
    """
    if named := os.environ.get("LIGNIN_SPOOL"):
        return _expanded(named)
    try:
        return find_instance(start).spool
    except LigninError:
        return user_home() / "spool"


def seconds_of(name: str, *, default: float, may_be_zero: bool = False) -> float:
    """A number of seconds that the environment sets.

    Args:
        name: the variable.
        default: where it is not set, or empty.
        may_be_zero: whether not to wait at all is a choice.

    Raises:
        UsageError: it is no such number.
    """
    told = os.environ.get(name)
    if not told:
        return default
    try:
        seconds = float(told)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf") or (seconds == 0 and not may_be_zero):
        raise UsageError(f"{name} is a number of seconds{'' if may_be_zero else ' above 0'}, not {told!r}")
    return seconds
