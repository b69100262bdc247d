"""Builds the plug-in and puts it where the Python package looks for it.

    python adapters/nextflow/build_plugin.py

Runs `mvn package` (unit tests included; `--skip-tests` leaves them out) and copies the plug-in's folder to
`nextflow_lignin/plugin/nf-lignin-<version>/`, which git ignores and the wheel carries. Needs Java 17 or newer and Maven.
`--if-needed` does nothing where the plug-in is there and newer than its sources.
"""

import fcntl
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["HERE", "PLUGIN", "build", "current"]

HERE = Path(__file__).resolve().parent
PLUGIN = HERE / "nextflow_lignin" / "plugin"


def current() -> Path | None:
    """The folder of the plug-in, if it was built after the last change of its sources."""
    sources = [HERE / "nf-lignin" / "pom.xml", *(path for path in (HERE / "nf-lignin" / "src").rglob("*") if path.is_file())]
    built = next(iter(PLUGIN.glob("nf-lignin-*")), None)
    return built if built and built.stat().st_mtime > max(path.stat().st_mtime for path in sources) else None


def build(*options: str) -> Path:
    """The folder of the plug-in, in the Python package, made anew."""
    project = HERE / "nf-lignin"
    with (project / "pom.xml").open() as lock:
        # Two builds at once would write into each other's `target`.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if shutil.which("mvn") is None:
            raise SystemExit("Maven builds the plug-in, and there is no mvn on PATH.")
        done = subprocess.run(["mvn", "-B", "-ntp", "-q", *options, "package"], cwd=project, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"Maven could not build nf-lignin:\n{done.stdout}{done.stderr}")
        version = re.search(r"<artifactId>nf-lignin</artifactId>\s*<version>([^<]+)", lock.read())
        assert version is not None
        return _install(project / "target" / f"nf-lignin-{version[1]}")


def _install(built: Path) -> Path:
    """Whoever reads the folder meanwhile finds the old one or the new one, whole."""
    PLUGIN.mkdir(parents=True, exist_ok=True)
    for old in PLUGIN.iterdir():
        if old.name != built.name:
            shutil.rmtree(old)
    with tempfile.TemporaryDirectory(dir=PLUGIN.parent) as draft:
        shutil.copytree(built, Path(draft) / "new")
        place = PLUGIN / built.name
        if place.exists():
            place.rename(Path(draft) / "old")
        (Path(draft) / "new").rename(place)
    return place


if __name__ == "__main__":
    done = current() if "--if-needed" in sys.argv[1:] else None
    print(done or build(*(["-DskipTests"] if "--skip-tests" in sys.argv[1:] else [])))
