"""The built plug-in that comes with Lignin, and the user's own plug-in folder."""

import os
import shutil
from pathlib import Path

from lignin.base.errors import LigninError, NotFound
from nextflow_lignin.spools import nextflow_home

__all__ = ["PLUGIN", "bundled", "install", "pinned", "user_folder"]

PLUGIN = "nf-lignin"
_BUNDLE = Path(__file__).parent / "plugin"


def bundled() -> Path:
    """The folder `nf-lignin-<version>` that came with this package.

    Raises:
        NotFound: it was not built.
    """
    found = sorted(path for path in _BUNDLE.glob(f"{PLUGIN}-*") if (path / "classes" / "META-INF" / "MANIFEST.MF").is_file())
    if not found:
        raise NotFound(f"the plug-in {PLUGIN} is not in {_BUNDLE}: this Lignin was installed without it. Install a released wheel, or build it in adapters/nextflow/nf-lignin")
    return found[-1]


def pinned(folder: Path) -> str:
    """What Nextflow calls the plug-in in a folder: `nf-lignin@0.1.0`."""
    return f"{PLUGIN}@{folder.name.removeprefix(f'{PLUGIN}-')}"


def user_folder() -> Path:
    """Where this user's Nextflow keeps its plug-ins."""
    return Path(os.environ.get("NXF_PLUGINS_DIR") or nextflow_home() / "plugins").absolute()


def install(target: Path) -> Path:
    """Put the plug-in into a plug-in folder, where it lies unused until it is asked for; returns where.

    Raises:
        NotFound: it was not built.
        LigninError: the folder can't be written.
    """
    source = bundled()
    place = target / source.name
    if _is_same(source, place):
        return place
    draft = target / f".{source.name}.{os.getpid()}"
    try:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, draft)
        if place.exists():
            # A build of the same version that differs: only a developer has one.
            shutil.rmtree(place)
        try:
            draft.rename(place)
        except OSError:
            # Another process was faster.
            shutil.rmtree(draft)
            if not _is_same(source, place):
                raise
    except OSError as e:
        raise LigninError(f"can't put the plug-in into {target}: {e.strerror or e}. Name a folder that you can write in NXF_PLUGINS_DIR") from e
    return place


def _is_same(source: Path, place: Path) -> bool:
    files = [path.relative_to(source) for path in sorted(source.rglob("*")) if path.is_file()]
    return all((place / name).is_file() and (place / name).read_bytes() == (source / name).read_bytes() for name in files)
