"""Puts released Nextflow runtimes into a folder, from the Maven registry: what the tests run.

    python adapters/nextflow/get_nextflow.py FOLDER [VERSION ...]

`FOLDER/<version>/nextflow` is a launcher of its own, `FOLDER/nextflow` that of the first version. What is
there already stays. Needs Java 17 or newer and Maven; users have their own `nextflow` and need none of this.
"""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["VERSIONS", "get"]

# Each version with the versions of the parts that were released with it or, where the registry has none, next to it.
VERSIONS = {
    "25.04.4": {"nf-lang": "25.04.0", "nf-commons": "25.04.4", "nf-httpfs": "25.04.4"},
    "25.04.0": {"nf-lang": "25.04.0", "nf-commons": "25.04.4", "nf-httpfs": "25.04.4"},
    "25.05.0-edge": {"nf-lang": "25.04.0", "nf-commons": "25.04.4", "nf-httpfs": "25.04.4"},
    # Before the observers that the plug-in needs.
    "24.10.4": {"nf-commons": "24.10.0", "nf-httpfs": "24.10.0"},
}
# Not on the registry and needed for nothing here; an old Groovy that would hide the right one; a double of a bridge.
_EXCLUDED = ("io.seqera", "org.codehaus.groovy", "commons-logging")
_OPENED = (
    "java.lang", "java.io", "java.nio", "java.nio.file.spi", "java.net", "java.util", "java.util.concurrent.locks", "java.util.concurrent.atomic",
    "java.util.regex", "sun.nio.ch", "sun.nio.fs", "sun.net.www.protocol.http", "sun.net.www.protocol.https", "sun.net.www.protocol.ftp",
    "sun.net.www.protocol.file", "jdk.internal.misc", "jdk.internal.vm",
)  # fmt: skip
_LAUNCHER = """#!/usr/bin/env bash
# Written by get_nextflow.py: the released Nextflow of this folder, without network and without colours.
here=$(cd "$(dirname "$(readlink -f "${{BASH_SOURCE[0]}}")")" && pwd)
export NXF_HOME=${{NXF_HOME:-$HOME/.nextflow}} NXF_OFFLINE=${{NXF_OFFLINE:-true}} NXF_ANSI_LOG=${{NXF_ANSI_LOG:-false}}
exec java {opens} ${{NXF_OPTS:--XX:TieredStopAtLevel=1 -XX:+UseSerialGC}} -cp "$here/lib/*" nextflow.cli.Launcher "$@"
"""


def get(folder: Path, versions: tuple[str, ...] = tuple(VERSIONS)) -> Path:
    """The launcher of the first version; all of them are in `folder` after it, fetched where they are not."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        absent = [version for version in versions if not (folder / version / "nextflow").exists()]
        if absent:
            _fetch(folder, absent)
        for version in absent:
            _check(folder / version / "lib")
            _write_launcher(folder / version / "nextflow")
        first = folder / "nextflow"
        first.unlink(missing_ok=True)
        first.symlink_to(Path(versions[0]) / "nextflow")
    return first


def _fetch(folder: Path, versions: list[str]) -> None:
    """One run of Maven for all: it takes longer to start than to copy."""
    for version in versions:
        (folder / version).mkdir(exist_ok=True)
        (folder / version / "pom.xml").write_text(_runtime(version))
    modules = "".join(f"<module>{version}</module>" for version in versions)
    (folder / "pom.xml").write_text(_project("runtimes", f"<modules>{modules}</modules>"))
    command = ["mvn", "-B", "-ntp", "-q", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies", "-DoutputDirectory=${project.basedir}/lib"]
    if shutil.which("mvn") is None:
        raise SystemExit("Maven fetches Nextflow, and there is no mvn on PATH.")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Maven could not fetch Nextflow {', '.join(versions)}:\n{done.stdout}{done.stderr}")


def _runtime(version: str) -> str:
    exclusions = "".join(f"<exclusion><groupId>{group}</groupId><artifactId>*</artifactId></exclusion>" for group in _EXCLUDED)
    dependencies = "".join(
        f"<dependency><groupId>io.nextflow</groupId><artifactId>{name}</artifactId><version>{wanted}</version>"
        f"<exclusions>{exclusions}</exclusions></dependency>"
        for name, wanted in {"nextflow": version, **VERSIONS[version]}.items()
    )
    return _project(f"runtime-{version}", f"<dependencies>{dependencies}</dependencies>")


def _project(name: str, inner: str) -> str:
    return (
        "<project><modelVersion>4.0.0</modelVersion>"
        f"<groupId>lignin.tests</groupId><artifactId>{name}</artifactId><version>1</version><packaging>pom</packaging>{inner}</project>\n"
    )


def _check(lib: Path) -> None:
    """Two Groovys on one class path break Nextflow in ways that say nothing of it."""
    found = sorted(path.name for path in lib.glob("groovy*.jar"))
    if not any(name.startswith("groovy-4.") for name in found) or any("-2." in name or "-3." in name for name in found):
        raise SystemExit(f"Groovy 4 alone must be in {lib}, found {found}")


def _write_launcher(path: Path) -> None:
    """Last of all, and at once: a launcher that is there is one that works."""
    opens = " ".join(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED)
    draft = path.with_suffix(".new")
    draft.write_text(_LAUNCHER.format(opens=opens))
    draft.chmod(0o755)
    draft.replace(path)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    print(get(Path(sys.argv[1]), tuple(sys.argv[2:]) or tuple(VERSIONS)))
